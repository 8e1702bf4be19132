import { expect, test } from 'vitest';
import type { HostPlan } from '../../../src/engine/planner.ts';
import { mustWait } from '../../../src/engine/run-stage.ts';
import type { RunRequest, RunState } from '../../../src/engine/run-state.ts';
import type { Stage } from '../../../src/engine/stage.ts';
import type { RunEvent } from '../../../src/events.ts';
import { readyNode } from '../../node-state.ts';

/** What is told when node1 is Ready and to be changed, and the others of its stage have failed. */
function toldWith(request: Pick<RunRequest, 'leavingOut'>, failed: readonly string[]): readonly RunEvent[] {
  const told: RunEvent[] = [];
  const stage = { protectReady: true, hosts: ['node1', ...failed] } as unknown as Stage;
  const plan = {
    host: { name: 'node1', nodeName: 'node1' },
    entries: [],
    planned: [{ changes: [{ subject: 'x', action: 'change' }] }],
  } as unknown as HostPlan;
  const state = {
    failed: new Map(failed.map((name) => [name, {}])),
    snapshot: { nodes: [readyNode('node1')] },
    request: { ...request, emit: (event: RunEvent) => told.push(event) },
  } as unknown as RunState;
  expect(mustWait(stage, [plan], state)).toBe(failed.length > 0);
  return told;
}

const left = 'node1: left as it is, for node2, node3 failed and a Ready node is changed only while all others are well';

test('a Ready node that waits for failed ones is told with a way to leave those out, where there is one', () => {
  const leavingOut = (hosts: readonly string[]) => `--limit '!${hosts.join(',!')}'`;
  expect(toldWith({ leavingOut }, ['node2', 'node3'])).toEqual([
    { type: 'warning', message: `${left}; --limit '!node2,!node3' leaves the failed ones out` },
  ]);
  expect(toldWith({}, ['node2', 'node3'])).toEqual([{ type: 'warning', message: left }]);
});

test('where nobody failed nothing is told', () => {
  expect(toldWith({}, [])).toEqual([]);
});
