import { describe, expect, it } from 'vitest';
import { vethOf } from '../../../src/lab/network.ts';
import { addressOf, describeSlot, firstFreeSlot } from '../../../src/lab/slot.ts';

describe('firstFreeSlot', () => {
  it('passes over bridges of other labs and networks of others', () => {
    expect(firstFreeSlot(['lo', 'prov0', 'prov10'], ['127.0.0.1', '10.78.1.1'])).toBe(2);
  });

  it('finds none when all are taken', () => {
    const devices = Array.from({ length: 256 }, (_, number) => `prov${number}`);
    expect(firstFreeSlot(devices, [])).toBeUndefined();
  });
});

describe('names of a slot', () => {
  it('gives each host its address', () => {
    const slot = describeSlot(7);
    expect(['cp1', 'cp2', 'node1', 'node12'].map((name) => addressOf(slot, name))).toEqual([
      '10.78.7.11',
      '10.78.7.12',
      '10.78.7.21',
      '10.78.7.32',
    ]);
  });

  it('keeps device names within what the kernel takes', () => {
    expect(vethOf(describeSlot(255), 'node200').length).toBeLessThanOrEqual(15);
  });
});
