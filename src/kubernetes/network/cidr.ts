import ipaddr from 'ipaddr.js';
import { ProvisionError } from '../../errors.ts';

/** An IPv4 range; `start` is its network address as a number. */
export interface Cidr {
  readonly text: string;
  readonly start: number;
  readonly prefixLength: number;
}

/** The address as a number; undefined when it is not four decimal parts. */
export const parseAddress = (text: string): number | undefined =>
  ipaddr.IPv4.isValidFourPartDecimal(text)
    ? ipaddr.IPv4.parse(text)
        .toByteArray()
        .reduce((sum, byte) => sum * 256 + byte, 0)
    : undefined;

export const formatAddress = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

export const sizeOf = (cidr: Cidr): number => 2 ** (32 - cidr.prefixLength);

/** Throws CIDR_INVALID; the address has to be the range's own first one, so 10.5.0.1/16 is refused. */
export function parseCidr(text: string): Cidr {
  const [, address, length] = /^([0-9.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const start = parseAddress(address ?? '');
  const prefixLength = Number(length);
  if (start === undefined || !(prefixLength <= 32))
    throw invalid(text, 'Write it as address/length, for instance 10.5.0.0/16');
  const network = start - (start % 2 ** (32 - prefixLength));
  if (network !== start) throw invalid(text, `Write ${formatAddress(network)}/${prefixLength}`);
  return { text, start, prefixLength };
}

const invalid = (text: string, fix: string): ProvisionError =>
  new ProvisionError({ code: 'CIDR_INVALID', kind: 'config', what: `"${text}" is not an IPv4 range`, fix });

/** Like parseCidr, but undefined for what it refuses. */
export function tryParseCidr(text: string): Cidr | undefined {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof ProvisionError) return undefined;
    throw error;
  }
}

/** The range an interface's address such as 10.5.1.1/24 lies in. */
export function networkOf(text: string): Cidr | undefined {
  const [address, length = '32'] = text.split('/');
  const start = parseAddress(address ?? '');
  const prefixLength = Number(length);
  if (start === undefined || !(prefixLength >= 0 && prefixLength <= 32)) return undefined;
  return tryParseCidr(`${formatAddress(start - (start % 2 ** (32 - prefixLength)))}/${prefixLength}`);
}

/** False for what is not an address. */
export function containsAddress(cidr: Cidr, address: string): boolean {
  const value = parseAddress(address);
  return value !== undefined && value >= cidr.start && value < cidr.start + sizeOf(cidr);
}

export const containsCidr = (outer: Cidr, inner: Cidr): boolean =>
  inner.prefixLength >= outer.prefixLength && inner.start >= outer.start && inner.start < outer.start + sizeOf(outer);

export const overlaps = (one: Cidr, other: Cidr): boolean => containsCidr(one, other) || containsCidr(other, one);

/** Addresses pods can have: without the network's own, the broadcast address and the bridge's. */
export const usableAddresses = (cidr: Cidr): number => Math.max(0, sizeOf(cidr) - 3);

export const nodeRangeCount = (cidr: Cidr, nodeMaskSize: number): number =>
  nodeMaskSize < cidr.prefixLength ? 0 : 2 ** (nodeMaskSize - cidr.prefixLength);

/** The first address a machine can have: the bridge's in a node's range. */
export const firstAddress = (cidr: Cidr): string => formatAddress(cidr.start + 1);
