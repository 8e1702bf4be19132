import { expect, test } from 'vitest';
import { decodeAddress, findGaps, parseLog } from '../../lab/traffic-log.ts';

const own = '10.5.0.9';
const asKernel = '0900050A:C350';

test('addresses as /proc/net/tcp has them, mapped into IPv6 as well', () => {
  expect(decodeAddress(asKernel)).toBe(own);
  expect(decodeAddress(`0000000000000000FFFF0000${asKernel}`)).toBe(own);
  expect(decodeAddress('failed')).toBe('failed');
});

test('an answer to another address than the own is foreign, a half-written line is none yet', () => {
  const log = `10 10 started ${own}\n10 10.1 ${asKernel}\n11 11.1 15044E0A:C350\n12 17 failed\n17.2 1`;
  expect(parseLog(log).map(({ outcome, saw }) => [outcome, saw])).toEqual([
    ['started', 'started'],
    ['good', own],
    ['foreign', '10.78.4.21'],
    ['failed', 'failed'],
  ]);
});

const good = (at: number) => `${at} ${at + 0.1} ${asKernel}\n`;
const gapsOf = (log: string, serverStarts: readonly number[] = [], since = 0) =>
  findGaps(parseLog(`0 0 started ${own}\n${log}`), serverStarts, since).map(({ from, seconds, bothRanSeconds }) =>
    [from, seconds, bothRanSeconds].map((number) => Number(number.toFixed(1))),
  );

test('a lost request, a restarted pod and a long silence are gaps; some silence is none', () => {
  expect(gapsOf(good(1) + good(3))).toEqual([]);
  expect(gapsOf(`${good(1)}1.3 6.3 failed\n${good(6.5)}`)).toEqual([[1.1, 5.5, 5.5]]);
  expect(gapsOf(good(1) + good(9))).toEqual([[1.1, 8, 8]]);
  expect(gapsOf(`${good(1)}2 2 started ${own}\n${good(2)}`)).toEqual([[1.1, 1, 0.1]]);
});

test('both pods run from the later start of the two; what had ended before is left out', () => {
  const log = `${good(1)}1.3 6.3 failed\n6.5 6.5 started ${own}\n${good(7)}${good(8)}`;
  expect(gapsOf(log, [5])).toEqual([[1.1, 6, 0.6]]);
  expect(gapsOf(log, [6.8])).toEqual([[1.1, 6, 0.3]]);
  expect(gapsOf(log, [], 7.5)).toEqual([]);
  expect(gapsOf(log, [], 7)).toEqual([[-5.9, 6, 0.6]]);
});
