import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** An IPv4 range in canonical form: 10.5.0.0/16. */
export const cidrSchema = z.string().superRefine((text, context) => {
  const message = cidrMistake(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

function cidrMistake(text: string): string | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text);
  if (!match?.[1] || Number(match[2]) > 32 || !ipaddr.IPv4.isValidFourPartDecimal(match[1]))
    return 'Not an IPv4 range: expected an address and a mask length, like 10.5.0.0/16';
  const canonical = `${ipaddr.IPv4.networkAddressFromCIDR(text)}/${match[2]}`;
  return canonical === text ? undefined : `Not the start of a range: write "${canonical}"`;
}
