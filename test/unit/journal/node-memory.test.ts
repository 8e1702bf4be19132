import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openNodeMemory } from '../../../src/journal/node-memory.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('Nodes that are gone stay known, and each is known as it was seen last', () => {
  const folder = join(temporaryFolder(), 'nodes');
  const memory = () => openNodeMemory<{ name: string; range: number }>(folder, '/a/inventory.yaml');
  expect(memory().recall()).toEqual(new Map());
  memory().keep([
    { name: 'a', range: 1 },
    { name: 'b', range: 2 },
  ]);
  memory().keep([{ name: 'a', range: 3 }]);
  expect([...memory().recall().values()]).toEqual([
    { name: 'a', range: 3 },
    { name: 'b', range: 2 },
  ]);
  expect(openNodeMemory(folder, '/b/inventory.yaml').recall()).toEqual(new Map());
  const [file = '', ...more] = readdirSync(folder);
  expect(more).toEqual([]);
  expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  writeFileSync(join(folder, file), '{"nodes"');
  expect(memory().recall()).toEqual(new Map());
});
