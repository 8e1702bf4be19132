import { expect, test } from 'vitest';
import type { HostPlan } from '../../../src/engine/planner.ts';
import { checkBudget, missedCanary, rollingBatches } from '../../../src/engine/rolling.ts';
import type { RunState } from '../../../src/engine/run-state.ts';
import type { Rolling, Stage } from '../../../src/engine/stage.ts';
import type { NodeState } from '../../../src/kubernetes/cluster/cluster.ts';
import { readyNode } from '../../node-state.ts';

const names = ['cp1', 'cp2', 'n1', 'n2', 'n3', 'n4', 'n5'];

const plan = (name: string, changes = true): HostPlan =>
  ({
    host: { name, nodeName: name, facts: { hostname: name } },
    entries: [],
    planned: [{ changes: changes ? [{ subject: name, action: 'change' }] : [] }],
  }) as unknown as HostPlan;

const state = (nodes: Readonly<Record<string, Partial<NodeState>>>, leader = 'cp1'): RunState =>
  ({
    snapshot: { nodes: names.map((name) => ({ ...readyNode(name), ...nodes[name] })), leader: { hostname: leader } },
  }) as unknown as RunState;

const rolling = (more: Partial<Rolling> = {}): Rolling => ({
  batches: [1, '25%'],
  canary: [],
  order: [],
  controlPlane: ['cp1', 'cp2'],
  maxUnavailable: undefined,
  keepFailed: false,
  allOrNone: false,
  ...more,
});

const batches = (
  more: Partial<Rolling> = {},
  nodes: Readonly<Record<string, Partial<NodeState>>> = {},
  unchanged: readonly string[] = [],
) =>
  rollingBatches(
    rolling(more),
    names.map((name) => plan(name, !unchanged.includes(name))),
    state(nodes),
  ).map((batch) => batch.map(({ host }) => host.name).join(' '));

test('a canary, then parts; control-plane hosts one at a time at the end, the leader last', () => {
  expect(batches()).toEqual(['n1', 'n2 n3', 'n4 n5', 'cp2', 'cp1']);
});

test.each([
  [[1], ['n1', 'n2', 'n3', 'n4', 'n5']],
  [[3], ['n1 n2 n3', 'n4 n5']],
  [['25%'], ['n1 n2', 'n3 n4', 'n5']],
  [['1%'], ['n1', 'n2', 'n3', 'n4', 'n5']],
  [
    [1, '25%', '100%'],
    ['n1', 'n2 n3', 'n4 n5'],
  ],
] as const)('sizes exactly as asked: %j', (sizes, expected) => {
  expect(batches({ batches: sizes, controlPlane: [] }, {}, ['cp1', 'cp2']).slice(1)).toEqual(expected);
});

test('hosts without changes come first, together; nodes that are down already after them, before the canary', () => {
  expect(batches({ canary: ['n5'] }, { n3: { ready: false }, n4: { ready: false } }, ['n2', 'cp1'])).toEqual([
    'cp1 n2',
    'n3 n4',
    'n5',
    'n1',
    'cp2',
  ]);
});

test('the canary is the first batch, whatever its size, in place of the first of `batches`', () => {
  expect(batches({ canary: ['n2'], batches: [1, 4] }, {}, ['cp1', 'cp2']).slice(1)).toEqual(['n2', 'n1 n3 n4 n5']);
  expect(batches({ canary: ['n2', 'n4'], batches: [3] }, {}, ['cp1', 'cp2']).slice(1)).toEqual(['n2 n4', 'n1 n3 n5']);
});

test('what an earlier run began, then the order of the inventory, then zone by zone', () => {
  const zone = (label: string, name: string) => ({ labels: { [label]: name } });
  const nodes = {
    n1: zone('topology.kubernetes.io/zone', 'b'),
    n2: zone('failure-domain.beta.kubernetes.io/zone', 'a'),
    n3: zone('topology.kubernetes.io/zone', 'b'),
    n5: { ...zone('topology.kubernetes.io/zone', 'c'), cordon: { run: 'r', wasCordoned: false, isKept: false } },
    n4: zone('topology.kubernetes.io/zone', 'a'),
  };
  expect(batches({ batches: [1], order: ['n3'] }, nodes, ['cp1', 'cp2']).slice(1)).toEqual([
    'n5',
    'n3',
    'n2',
    'n4',
    'n1',
  ]);
});

test('control-plane hosts that are down already go first as well, one at a time', () => {
  expect(batches({}, { cp1: { ready: false }, cp2: { ready: false }, n3: { ready: false } }, ['n1', 'n2'])).toEqual([
    'n1 n2',
    'n3',
    'cp2',
    'cp1',
    'n4',
    'n5',
  ]);
});

test('a percentage is of all that are to be changed, whatever goes first', () => {
  expect(batches({ canary: ['n1'] }, {}, ['cp1', 'cp2']).slice(1)).toEqual(['n1', 'n2 n3', 'n4 n5']);
});

test('a stage that goes host by host takes no Node down, so the budget of Nodes does not count there', () => {
  const stage = (serial: Stage['serial']) => ({ rolling: rolling(), serial }) as unknown as Stage;
  const down = state({ n3: { ready: false } });
  expect(() => checkBudget(stage(undefined), [[plan('cp1')]], down)).toThrow('2 of 7 Nodes');
  expect(() => checkBudget(stage([1]), [[plan('cp1')]], down)).not.toThrow();
});

test('a node that an earlier run changed and that is not Ready yet counts only once it had its time', () => {
  const stage = { rolling: rolling(), serial: undefined } as unknown as Stage;
  const down = state({ n1: { ready: false } });
  const begun = (isUnproven: boolean): HostPlan => {
    const { host, ...rest } = plan('n1', false);
    return { ...rest, host: { ...host, facts: { ...host.facts, isUnproven } } };
  };
  expect(() => checkBudget(stage, [[begun(true)], [plan('n2')]], down)).not.toThrow();
  expect(() => checkBudget(stage, [[plan('n2')]], down), 'when its batch begins').toThrow('2 of 7 Nodes');
  expect(() => checkBudget(stage, [[begun(false)], [plan('n2')]], down)).toThrow('2 of 7 Nodes');
});

test('a canary that takes no part is told of, and one that does is not', () => {
  const missed = (canary: readonly string[], changing: readonly (readonly string[])[]) =>
    missedCanary(
      { hosts: names, rolling: rolling({ canary }) } as unknown as Stage,
      ['n1', 'n2', 'n3'].map((name) => plan(name)),
      changing,
    );
  expect(missed(['n1'], [['n2'], ['n3']])).toBe('there is no canary: n1 has nothing to change. The first batch is n2');
  expect(missed(['n4', 'n5'], [['n2']])).toBe(
    'there is no canary: n4, n5 have no part in this run. The first batch is n2',
  );
  expect(missed(['n1', 'n2'], [['n2'], ['n3']])).toBeUndefined();
  expect(missed(['n1'], [])).toBeUndefined();
  expect(missed([], [['n2']])).toBeUndefined();
});
