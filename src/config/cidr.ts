import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Whether a text has the form of an IPv4 address and is none; it would be taken for a name. */
export const isAddressMistaken = (text: string): boolean =>
  /^\d+(\.\d+){3}$/.test(text) && !ipaddr.IPv4.isValidFourPartDecimal(text);

/** An IPv4 range in canonical form: 10.5.0.0/16. */
export const cidrSchema = z
  .string()
  .superRefine((text, context) => {
    const mistake = cidrMistake(text);
    if (mistake !== undefined) context.addIssue({ code: 'custom', ...mistake });
  })
  .meta({ examples: ['10.5.0.0/16'] });

function cidrMistake(text: string): { message: string; params?: { fix: string } } | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text);
  if (!match?.[1] || Number(match[2]) > 32 || !ipaddr.IPv4.isValidFourPartDecimal(match[1]))
    return { message: 'Not an IPv4 range: expected an address and a mask length' };
  const canonical = `${ipaddr.IPv4.networkAddressFromCIDR(text)}/${match[2]}`;
  return canonical === text
    ? undefined
    : { message: 'Not the start of a range', params: { fix: `Write ${canonical}.` } };
}
