import { expect, test } from 'vitest';
import { checkCluster, checkInventory } from '../../../../src/cli/check/check.ts';
import { parseInventory } from '../../../../src/config/inventory.ts';
import type { Host } from '../../../../src/engine/host.ts';
import { ProvisionErrors } from '../../../../src/errors.ts';
import { parseFacts } from '../../../../src/operations/facts/facts.ts';
import { readyNode } from '../../../node-state.ts';
import { inventoryText } from '../../config/shown.ts';

test('another range than the Nodes have is refused at the place where the inventory says it', () => {
  const text = inventoryText();
  const inventory = parseInventory('/i.yaml', text, { homeFolder: '/' });
  const hosts = [{ name: 'cp1', facts: parseFacts('') }] as unknown as readonly Host[];
  const check = (migrates: boolean): ProvisionErrors => {
    try {
      checkCluster(hosts, { nodes: [readyNode('a', '10.244.1.0/24')], leader: undefined }, inventory, { migrates });
    } catch (error) {
      if (error instanceof ProvisionErrors) return error;
      throw error;
    }
    throw new Error('not refused');
  };
  const line = text.split('\n').findIndex((one) => one.includes('pod_cidr')) + 1;
  for (const migrates of [false, true])
    expect(check(migrates).errors.map(({ code, where }) => [code, where])).toEqual([
      ['CLUSTER_RANGE_CHANGED', expect.objectContaining({ file: '/i.yaml', line })],
    ]);
});

test.each([
  ['where it is written', ', node_cidr_mask_size: 12', 'node_cidr_mask_size: '],
  ['at the pod range where it is not', '', 'pod_cidr: '],
])('a mask that does not fit is told %s', (_, mask, before) => {
  const text = inventoryText().replace('10.5.0.0/16', '10.5.0.0/25').replace('10.6.0.0/16', `10.6.0.0/16${mask}`);
  const [mistake] = checkInventory(parseInventory('/i.yaml', text, { homeFolder: '/' }));
  const lines = text.split('\n');
  const line = lines.findIndex((one) => one.includes('pod_cidr'));
  const column = (lines[line] ?? '').indexOf(before) + before.length + 1;
  expect(mistake).toMatchObject({ code: 'NODE_MASK_INVALID', where: { line: line + 1, column } });
});
