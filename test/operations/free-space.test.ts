import { expect, test } from 'vitest';
import { freeSpace } from '../../src/operations/files/free-space.ts';

const needs = [
  { path: '/var/lib/provision/cache/aa', bytes: 100_000_000 },
  { path: '/opt/k8s/bin/kubelet', bytes: 100_000_000 },
];
const upcoming = { files: new Map() };
const see = (output: string) => freeSpace.parse(output, { needs });

test('what is there already needs no room', () => {
  expect(freeSpace.diff(see('place 60000000 100000000 /\nplace 60000000 50000000 /\n'), { needs }, upcoming)).toEqual(
    [],
  );
});

test('what one file system has no room for in all is refused, with its name', () => {
  expect(freeSpace.diff(see('place 150000000 0 /\nplace 150000000 0 /opt/k 8s\n'), { needs }, upcoming)).toEqual([]);
  expect(() => freeSpace.diff(see('place 150000000 0 /\nplace 150000000 0 /\n'), { needs }, upcoming)).toThrow(
    expect.objectContaining({
      code: 'ROOM_MISSING',
      what: 'what the inventory brings needs some 200 MB on /, and 150 MB are free there',
    }),
  );
});
