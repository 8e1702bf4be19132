import { expect, it } from 'vitest';
import { limitHosts, selectHosts } from '../../../src/config/select.ts';
import { loadContext } from './context.ts';
import { thrownBy } from './shown.ts';

const { inventory } = loadContext();
const names = (hosts: readonly { name: string }[]) => hosts.map(({ name }) => name).join(' ');

it.each([
  [['all'], 'master1 node1 node2'],
  [['nodes'], 'node1 node2'],
  [['nodes', '!node1'], 'node2'],
  [['!nodes'], 'master1'],
  [['node2', 'control_plane'], 'master1 node2'],
  [['node?'], 'node1 node2'],
])('%j means %s', (patterns, expected) => {
  expect(names(selectHosts(inventory, patterns))).toBe(expected);
});

it('takes a comma-separated limit', () => {
  expect(names(limitHosts(inventory, '*1,!control_plane'))).toBe('node1');
});

it('suggests a host for a misspelt limit', () => {
  expect(thrownBy(() => limitHosts(inventory, 'nod1'))).toContain(
    '✖ USAGE\n  --limit: there is no "nod1" (did you mean "node1"?)\n',
  );
});
