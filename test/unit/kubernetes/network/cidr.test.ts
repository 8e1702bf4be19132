import { describe, expect, it } from 'vitest';
import {
  containsAddress,
  containsCidr,
  firstAddress,
  networkOf,
  nodeRangeCount,
  overlaps,
  parseCidr,
  usableAddresses,
} from '../../../../src/kubernetes/network/cidr.ts';

const pods = parseCidr('10.5.0.0/16');

it.each(['10.5.0.1/16', '10.5.0.0', '10.5/16', '10.5.0.0/33', '010.5.0.0/16', 'fd00::/64', '10.5.0.256/32', ''])(
  'refuses %j',
  (text) => expect(() => parseCidr(text)).toThrow(/CIDR_INVALID/),
);

it('says how to write a range that starts elsewhere', () =>
  expect(() => parseCidr('10.5.3.1/16')).toThrow(expect.objectContaining({ fix: 'Write 10.5.0.0/16' })));

describe('10.5.0.0/16', () => {
  it('contains its addresses and no others', () => {
    expect(containsAddress(pods, '10.5.255.255')).toBe(true);
    expect(containsAddress(pods, '10.6.0.0')).toBe(false);
    expect(containsAddress(pods, 'node-1')).toBe(false);
  });
  it('contains and overlaps ranges', () => {
    expect(containsCidr(pods, parseCidr('10.5.7.0/24'))).toBe(true);
    expect(containsCidr(pods, parseCidr('10.0.0.0/8'))).toBe(false);
    expect(overlaps(pods, parseCidr('10.0.0.0/8'))).toBe(true);
    expect(overlaps(pods, parseCidr('10.6.0.0/16'))).toBe(false);
    expect(overlaps(pods, parseCidr('0.0.0.0/0'))).toBe(true);
  });
  it('is counted', () => {
    expect(nodeRangeCount(pods, 24)).toBe(256);
    expect(usableAddresses(parseCidr('10.5.1.0/24'))).toBe(253);
    expect(firstAddress(parseCidr('10.5.1.0/24'))).toBe('10.5.1.1');
  });
});

it('finds the range of an address', () => {
  expect(networkOf('10.5.1.1/24')?.text).toBe('10.5.1.0/24');
  expect(networkOf('192.168.255.7')?.text).toBe('192.168.255.7/32');
  expect(networkOf('fe80::1/64')).toBeUndefined();
});
