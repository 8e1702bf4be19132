import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ClusterLock } from '../../src/engine/lock.ts';
import { run } from '../../src/engine/run.ts';
import type { Rolling, StageTask } from '../../src/engine/stage.ts';
import { undoStages } from '../../src/engine/undo-stages.ts';
import { ProvisionError } from '../../src/errors.ts';
import type { RunEvent } from '../../src/events.ts';
import type { JournalEntry } from '../../src/journal/entry.ts';
import { changedHosts } from '../../src/journal/recorded-run.ts';
import type { NodeState } from '../../src/kubernetes/cluster/cluster.ts';
import { cordon } from '../../src/operations/cluster/cordon.ts';
import { uncordon } from '../../src/operations/cluster/uncordon.ts';
import { file } from '../../src/operations/files/file.ts';
import { findOperation } from '../../src/operations/registry.ts';
import { readyNode } from '../node-state.ts';
import { recorded } from '../unit/journal/runs.ts';
import { breaks, fakeCluster, gather, request, stage, task } from './operations.ts';
import { canMakeHosts } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

const folder = '/var/lib/scratch';
const hosts = (...names: string[]): Promise<Setting[]> => Promise.all(names.map((name) => setUp({ host: { name } })));

const rolling = (more: Partial<Rolling> = {}): Rolling => ({
  batches: [1],
  canary: [],
  order: [],
  controlPlane: [],
  maxUnavailable: undefined,
  keepFailed: false,
  allOrNone: false,
  ...more,
});

const content = (text: string): StageTask =>
  task(file, () => file.schema.parse({ path: `${folder}/setting`, content: text }));
const only = (inner: StageTask, host: string): StageTask => ({
  ...inner,
  resolve: (scope) => (scope['host'] === host ? inner.resolve(scope) : []),
});

/** A cluster whose Nodes can be patched; tells the patches. */
function cluster(nodes: readonly NodeState[]) {
  const { state, api } = fakeCluster(nodes);
  const patches: string[] = [];
  api.patchNode = async ({ name }, fields) => {
    const { metadata, spec } = fields as {
      metadata?: { annotations?: Record<string, string | null> };
      spec?: { unschedulable?: boolean | null };
    };
    const mark = metadata?.annotations?.['provision/cordon'];
    patches.push(
      `${name} ${mark === null ? 'unmark' : mark ? 'mark' : ''} ${spec ? String(spec.unschedulable) : ''}`
        .replace(/ +/g, ' ')
        .trim(),
    );
    const change = (node: NodeState): NodeState => ({
      ...node,
      ...(spec && { isCordoned: spec.unschedulable === true }),
      ...(mark === null && { cordon: undefined }),
      ...(mark && { cordon: { run: JSON.parse(mark).run, wasCordoned: JSON.parse(mark).was_cordoned, isKept: false } }),
    });
    state.snapshot = {
      ...state.snapshot,
      nodes: state.snapshot.nodes.map((node) => (node.name === name ? change(node) : node)),
    };
    return '2';
  };
  return { state, api, patches };
}

const codes = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'failure' ? [event.error.code] : []));
const batches = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts.join(' ')] : []));
const path = ({ host }: Setting): string => host.path(`${folder}/setting`);
const read = (setting: Setting): string | undefined =>
  existsSync(path(setting)) ? readFileSync(path(setting), 'utf8') : undefined;

describe.skipIf(!canMakeHosts)('a rolling stage', () => {
  test('goes batch by batch, cordons what it changes, and lifts that again', async () => {
    const settings = await hosts('a', 'b', 'c');
    const { api, state, patches } = cluster(['a', 'b', 'c'].map((name) => readyNode(name)));
    const tasks = [task(cordon), content('new'), task(uncordon)];
    const asked = request(settings, [stage('one', ['a', 'b', 'c'], tasks, { rolling: rolling({ batches: [1, 2] }) })], {
      openCluster: async () => api,
    });
    expect(await run(asked.request)).toBe('changed');
    expect(codes(asked.events)).toEqual([]);
    expect(batches(asked.events)).toEqual(['a', 'b c']);
    expect(settings.map(read)).toEqual(['new', 'new', 'new']);
    expect(patches.filter((one) => one.startsWith('a'))).toEqual(['a mark', 'a true', 'a unmark null']);
    expect(state.snapshot.nodes.map((node) => [node.isCordoned, node.cordon])).toEqual([
      [false, undefined],
      [false, undefined],
      [false, undefined],
    ]);
    const silent = request(settings, asked.request.stages, { openCluster: async () => api });
    expect(await run(silent.request)).toBe('ok');
    expect(silent.events.find((event) => event.type === 'run-finished')).toMatchObject({
      hosts: ['a', 'b', 'c'].map((host) => ({ host, commands: 2 })),
    });
  });

  test('puts a batch back whose host fails, lifts its cordon, and begins no other one', async () => {
    const settings = await hosts('a', 'b', 'c');
    const [, b] = settings;
    if (b) writeFileSync(path(b), 'old');
    const { api, state } = cluster(['a', 'b', 'c'].map((name) => readyNode(name)));
    const entries: JournalEntry[] = [];
    const tasks = [task(cordon), content('new'), only(task(breaks), 'b'), task(uncordon)];
    const asked = request(settings, [stage('one', ['a', 'b', 'c'], tasks, { rolling: rolling() })], {
      openCluster: async () => api,
      journal: { record: (entry) => void entries.push(entry) },
    });
    expect(await run(asked.request)).toBe('failed');
    expect(codes(asked.events)).toEqual(['TASK_FAILED', 'ROLL_STOPPED']);
    expect(settings.map(read)).toEqual(['new', 'old', undefined]);
    expect(state.snapshot.nodes.filter((node) => node.isCordoned || node.cordon)).toEqual([]);
    const told = asked.events.find((event) => event.type === 'failure' && event.error.code === 'ROLL_STOPPED');
    expect(told).toMatchObject({
      error: {
        what: "stopped at b in 'one'; no batch after it was begun",
        why: expect.stringContaining('b: as before'),
        fix: expect.stringContaining('provision resume. What came by --set it brings again'),
      },
    });
    expect(asked.events.find((event) => event.type === 'run-finished')).toMatchObject({
      // cordons count as well
      hosts: [{ host: 'a', changed: 3 }, { host: 'b', changed: 0, takenBack: 2 }, { host: 'c' }],
    });
    // what was put back needs no undo
    expect(changedHosts(recorded('run-1', entries))).toEqual(['a']);
  });

  test('puts a batch back where a task on the cluster fails; with keepFailed it stays, cordoned and marked', async () => {
    for (const keepFailed of [false, true]) {
      const settings = await hosts('a', 'b');
      const { api, state } = cluster(['a', 'b'].map((name) => readyNode(name)));
      const failing = gather(() => {
        throw new ProvisionError({ code: 'NODE_NOT_READY', kind: 'cluster', what: 'a' });
      });
      const stages = [
        stage('one', ['a', 'b'], [task(cordon), content('new'), task(failing), task(uncordon)], {
          rolling: rolling({ keepFailed }),
        }),
      ];
      const asked = request(settings, stages, { openCluster: async () => api });
      expect(await run(asked.request)).toBe('failed');
      expect(codes(asked.events)).toEqual(['NODE_NOT_READY', 'ROLL_STOPPED']);
      expect(settings.map(read)).toEqual([keepFailed ? 'new' : undefined, undefined]);
      expect(state.snapshot.nodes[0]?.isCordoned).toBe(keepFailed);
      expect(state.snapshot.nodes[0]?.cordon?.wasCordoned).toBe(keepFailed ? false : undefined);
    }
  });

  test.each([
    {
      allOrNone: true,
      what: "stopped in 'one', for all of a, b, c at once; no stage after it was begun",
      why: /^a, c: changed \S+\nb: changed \S+, \S+\na, b, c: as before, taken back$/,
      fix: 'Mend what the error above names, then go on: provision resume.',
    },
    {
      allOrNone: false,
      what: "stopped at a, b, c in 'one'; no batch after it was begun",
      why: /^(a: \S+: without old, with new\n)b: .*\n(b: .*\n)*(c: \S+: without old, with new\n)a, b, c: as before, taken back$/,
      fix: /then go on: provision resume\. What came by --set/,
    },
  ])(
    'with a size of its own takes that: all hosts at once, and all of them back where one fails; all or none: $allOrNone',
    async ({ allOrNone, what, why, fix }) => {
      const settings = await hosts('a', 'b', 'c');
      for (const one of settings) writeFileSync(path(one), 'old');
      const { api } = cluster(['a', 'b', 'c'].map((name) => readyNode(name)));
      const stages = [
        stage('one', ['a', 'b', 'c'], [content('new'), only(task(breaks), 'b')], {
          rolling: rolling({ allOrNone }),
          serial: ['100%'],
        }),
        stage('two', ['a', 'b', 'c'], [content('newer')]),
      ];
      const asked = request(settings, stages, { openCluster: async () => api });
      expect(await run(asked.request)).toBe('failed');
      expect(codes(asked.events)).toEqual(['TASK_FAILED', 'ROLL_STOPPED']);
      expect(settings.map(read)).toEqual(['old', 'old', 'old']);
      const stopped = asked.events.find((event) => event.type === 'failure' && event.error.code === 'ROLL_STOPPED');
      expect(stopped).toMatchObject({
        error: {
          what,
          why: expect.stringMatching(why),
          fix: typeof fix === 'string' ? fix : expect.stringMatching(fix),
        },
      });
      expect(asked.events.find((event) => event.type === 'run-finished')).toMatchObject({
        hosts: ['a', 'b', 'c'].map((host) => ({ host, changed: 0, takenBack: 1 })),
      });
    },
  );

  test('ends after the batch in hand when asked to', async () => {
    const settings = await hosts('a', 'b');
    const stopping = new AbortController();
    const stages = [
      stage('one', ['a', 'b'], [content('new'), task(gather(() => stopping.abort()))], { rolling: rolling() }),
    ];
    const { api } = cluster(['a', 'b'].map((name) => readyNode(name)));
    const asked = request(settings, stages, { openCluster: async () => api, stopping: stopping.signal });
    expect(await run(asked.request)).toBe('stopped');
    expect(codes(asked.events)).toEqual(['STOPPED']);
    expect(settings.map(read)).toEqual(['new', undefined]);
  });

  test('is refused before anything is touched where more Nodes would be down than may be', async () => {
    const settings = await hosts('a', 'b');
    const { api } = cluster([readyNode('a'), readyNode('b'), { ...readyNode('away'), ready: false, reason: 'gone' }]);
    const go = async (more: Partial<Rolling>) => {
      const asked = request(settings, [stage('one', ['a', 'b'], [content('new')], { rolling: rolling(more) })], {
        openCluster: async () => api,
      });
      await run(asked.request);
      return codes(asked.events);
    };
    expect(await go({})).toEqual(['BUDGET_EXCEEDED']);
    expect(await go({ batches: [2], maxUnavailable: 2 })).toEqual(['BUDGET_EXCEEDED']);
    expect(settings.map(read)).toEqual([undefined, undefined]);
    expect(await go({ maxUnavailable: 2 })).toEqual([]);
    expect(settings.map(read)).toEqual(['new', 'new']);
  });

  test('touches nothing while a host cannot be reached', async () => {
    const settings = await hosts('a', 'b');
    const { api } = cluster(['a', 'b'].map((name) => readyNode(name)));
    const asked = request(settings, [stage('one', ['a', 'b'], [content('new')], { rolling: rolling() })], {
      openCluster: async () => api,
    });
    const unreachable = new ProvisionError({ code: 'UNREACHABLE', kind: 'connection', what: 'b' });
    const targets = asked.request.hosts.map((target) =>
      target.name === 'b' ? { ...target, connect: () => Promise.reject(unreachable) } : target,
    );
    expect(await run({ ...asked.request, hosts: targets })).toBe('failed');
    expect(codes(asked.events)).toEqual(['UNREACHABLE']);
    expect(settings.map(read)).toEqual([undefined, undefined]);
  });

  test('a node that was left as it is stands in the journal with its cordon, and undo lifts that', async () => {
    const [a] = await hosts('a');
    if (!a) return;
    const { api, state } = cluster([readyNode('a')]);
    const entries: JournalEntry[] = [];
    const stages = [stage('one', ['a'], [content('new'), task(breaks)], { rolling: rolling({ keepFailed: true }) })];
    const asked = request([a], stages, {
      openCluster: async () => api,
      journal: { record: (entry) => void entries.push(entry) },
    });
    expect(await run(asked.request)).toBe('failed');
    expect(state.snapshot.nodes[0]?.cordon).toBeDefined();
    const undoing = request(
      [a],
      undoStages({
        run: recorded('run-1', entries),
        hosts: ['a'],
        isWhole: true,
        force: false,
        findOperation,
        gate: () => undefined,
      }),
      { id: 'run-2', undoes: 'run-1', openCluster: async () => api },
    );
    expect(await run(undoing.request)).toBe('changed');
    expect(read(a)).toBeUndefined();
    expect(state.snapshot.nodes[0]).toMatchObject({ isCordoned: false, cordon: undefined });
  });

  test('leaves hosts and Nodes as they are once the lock is lost', async () => {
    const [a] = await hosts('a');
    if (!a) return;
    const { api, patches } = cluster([readyNode('a')]);
    const lost = new ProvisionError({ code: 'LOCK_LOST', kind: 'operation', what: 'another run' });
    let isLost = false;
    const lock = {
      acquire: async () => {},
      confirm: async () => {
        if (isLost) throw lost;
      },
      release: async () => {},
    } as unknown as ClusterLock;
    const losing = gather(() => {
      isLost = true;
    });
    const tasks = [task(cordon), content('new'), task(losing), content('newer'), task(uncordon)];
    const asked = request([a], [stage('one', ['a'], tasks, { rolling: rolling() })], {
      openCluster: async () => api,
      lock,
    });
    expect(await run(asked.request)).toBe('failed');
    expect([...new Set(codes(asked.events))]).toEqual(['LOCK_LOST']);
    expect(patches).toEqual(['a mark', 'a true']);
    expect(read(a)).toBe('new');
  });

  test('of a batch that fails one host is brought back, whatever keeps the other from it', async () => {
    const settings = await hosts('a', 'b');
    const { api } = cluster(['a', 'b'].map((name) => readyNode(name)));
    const [a, b] = settings;
    // somebody changes a file of `a` before the batch fails
    const meddling = gather(() => {
      if (a) writeFileSync(path(a), 'by hand');
    });
    const tasks = [content('new'), task(meddling), only(task(breaks), 'b')];
    const asked = request(settings, [stage('one', ['a', 'b'], tasks, { rolling: rolling({ batches: [2] }) })], {
      openCluster: async () => api,
    });
    expect(await run(asked.request)).toBe('failed');
    expect(codes(asked.events)).toEqual(['TASK_FAILED', 'DRIFTED', 'ROLL_STOPPED']);
    expect(a && read(a)).toBe('by hand');
    expect(b && read(b)).toBeUndefined();
    const stopped = asked.events.find((event) => event.type === 'failure' && event.error.code === 'ROLL_STOPPED');
    expect(stopped).toMatchObject({ error: { why: expect.stringMatching(/^b: as before.*\na: could not be/m) } });
  });

  test('a Node that somebody took the cordon off meanwhile takes pods again afterwards', async () => {
    const [a] = await hosts('a');
    if (!a) return;
    const mark = { run: 'run-0', wasCordoned: true, isKept: true };
    const { api, state } = cluster([{ ...readyNode('a'), cordon: mark }]);
    const tasks = [task(cordon), content('new'), task(uncordon)];
    const asked = request([a], [stage('one', ['a'], tasks, { rolling: rolling() })], { openCluster: async () => api });
    expect(await run(asked.request)).toBe('changed');
    expect(state.snapshot.nodes[0]).toMatchObject({ isCordoned: false, cordon: undefined });
  });

  test('tells of cordons of Nodes that it does not come to', async () => {
    const [a] = await hosts('a');
    if (!a) return;
    const cordon = { run: 'run-0', wasCordoned: false, isKept: false };
    const { api, state } = cluster(['a', 'left-out'].map((name) => ({ ...readyNode(name), isCordoned: true, cordon })));
    const stages = [stage('one', ['a', 'left-out'], [task(uncordon)], { rolling: rolling() })];
    const asked = request([a], stages, { openCluster: async () => api });
    expect(await run(asked.request)).toBe('changed');
    const warnings = asked.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([expect.stringContaining('Node left-out is still cordoned by run run-0')]);
    expect(state.snapshot.nodes.map(({ isCordoned }) => isCordoned)).toEqual([false, true]);
  });

  test('a batch ends with the first host of it that fails, and names the run that may have changed it before', async () => {
    const settings = await hosts('a', 'b');
    const { api } = cluster(['a', 'b'].map((name) => readyNode(name)));
    const seen: string[] = [];
    const later = gather((names) => void seen.push(...names));
    const tasks = [content('new'), only(task(breaks), 'b'), task(later)];
    const asked = request(settings, [stage('one', ['a', 'b'], tasks, { rolling: rolling({ batches: [2] }) })], {
      openCluster: async () => api,
      resumes: 'run-0',
    });
    expect(await run(asked.request)).toBe('failed');
    expect(seen).toEqual([]);
    expect(settings.map(read)).toEqual([undefined, undefined]);
    const stopped = asked.events.find((event) => event.type === 'failure' && event.error.code === 'ROLL_STOPPED');
    expect(stopped).toMatchObject({ error: { fix: expect.stringContaining('provision undo run-0') } });
  });
});
