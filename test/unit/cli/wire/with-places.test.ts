import { expect, test } from 'vitest';
import { withPlaces } from '../../../../src/cli/wire/with-places.ts';
import { parseInventory } from '../../../../src/config/inventory.ts';
import { parseOneOffs } from '../../../../src/config/one-off.ts';
import { ProvisionError } from '../../../../src/errors.ts';
import type { RunEvent } from '../../../../src/events.ts';
import { unknownWanted } from '../../../../src/kubernetes/flags/unknown-flags.ts';
import { formatLocation } from '../../../../src/location.ts';
import { inventoryText } from '../../config/shown.ts';

const text = inventoryText({ vars: '    kubelet: { flags: { netwrk: 1 } }' });

/** The place told of an error on a host. */
function placeOf(error: ProvisionError, ...set: readonly string[]): string | undefined {
  const inventory = parseInventory('inventory.yaml', text, { homeFolder: '/', oneOffs: parseOneOffs(set) });
  const told: RunEvent[] = [];
  withPlaces(inventory, (event) => told.push(event))({ type: 'failure', host: 'node1', error });
  const [event] = told;
  return event?.type === 'failure' && event.error.where ? formatLocation(event.error.where) : undefined;
}

test('an error about a setting has the place where that is written, in the inventory or in a --set', () => {
  const unknown = unknownWanted(['netwrk'], {
    name: 'kubelet',
    version: '1.30.0',
    known: new Map(),
  });
  expect(placeOf(unknown)).toBe('inventory.yaml:5:25');
  expect(placeOf(unknown, 'roll.drain=true', 'kubelet.flags.netwrk=2')).toBe('--set:2:15');
  const other = new ProvisionError({ code: 'TASK_FAILED', kind: 'operation', what: 'x', where: '/etc/x' });
  expect(placeOf(other)).toBe('/etc/x');
});
