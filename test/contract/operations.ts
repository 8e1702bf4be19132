import { z } from 'zod';
import type { RunRequest } from '../../src/engine/run-state.ts';
import type { Scope, Stage, StageTask } from '../../src/engine/stage.ts';
import type { RunEvent } from '../../src/events.ts';
import type { ClusterApi, ClusterSnapshot, NodeState } from '../../src/kubernetes/cluster/cluster.ts';
import { defineClusterOperation } from '../../src/operations/cluster-operation.ts';
import type { HostFacts } from '../../src/operations/facts/facts.ts';
import { type Artifact, defineOperation, type HostOperation } from '../../src/operations/operation.ts';
import { sh } from '../../src/shell.ts';
import type { Setting } from './setting.ts';

const noteSchema = z.strictObject({ path: z.string(), text: z.string() });

/** A file's text. */
export const note = defineOperation<typeof noteSchema, string>({
  name: 'note',
  schema: noteSchema,
  probe: ({ path }) => sh`[ ! -e ${path} ] || cat ${path}`,
  parse: (output) => output,
  diff: (actual, { path, text }) => (actual === text ? [] : [{ subject: path, action: 'write' }]),
  apply: ({ path, text }) => sh`printf %s ${text} | put ${path} 0644 root root`,
  undo: { irreversible: 'a test' },
});

const failing = (name: string, scripts: { probe: string; apply: string }) =>
  defineOperation<z.ZodAny, string>({
    name,
    schema: z.any(),
    probe: () => sh`sh -c ${scripts.probe}`,
    parse: (output) => output,
    diff: () => [{ subject: name, action: 'try' }],
    apply: () => sh`sh -c ${scripts.apply}`,
    undo: { irreversible: 'a test' },
  });

export const breaks = failing('breaks', { probe: ':', apply: 'echo no way >&2; exit 1' });
export const cannotBeSeen = failing('cannot be seen', { probe: 'echo blind >&2; exit 1', apply: ':' });
export const staysDifferent = failing('stays different', { probe: ':', apply: ':' });

const artifactSchema = z.strictObject({ path: z.string(), sha256: z.string() });

/** An artifact that has to be in the cache. */
export const cached = defineOperation<typeof artifactSchema, string>({
  name: 'cached',
  schema: artifactSchema,
  probe: ({ sha256 }) => sh`ls /var/lib/provision/cache/${sha256} 2>/dev/null || true`,
  parse: (output) => output,
  diff: (actual, { path }) => (actual === '' ? [{ subject: path, action: 'send' }] : []),
  apply: ({ sha256 }) => sh`test -f /var/lib/provision/cache/${sha256}`,
  undo: { irreversible: 'a test' },
  artifacts: (desired): readonly Artifact[] => [desired],
});

/** Waits for nothing; tells the hosts it was called for. */
export const gather = (seen: (hosts: readonly string[]) => void, hasWork = true) =>
  defineClusterOperation({
    scope: 'cluster',
    name: 'gather',
    schema: z.any(),
    diff: () => (hasWork ? [{ subject: 'cluster', action: 'gather' }] : []),
    async apply(_deps, view) {
      seen(view.hosts.map((host) => host.name));
      return 'gathered';
    },
  });

/** A task wanted as the function says, on every host. */
export function task(operation: unknown, desired: (scope: Scope) => unknown = () => ({})): StageTask {
  const { name } = operation as HostOperation;
  return {
    name,
    operation: operation as HostOperation,
    resolve: (scope) => [{ status: 'known', task: name, desired: desired(scope) }],
  };
}

export const stage = (
  name: string,
  hosts: readonly string[],
  tasks: readonly StageTask[],
  more: Partial<Stage> = {},
): Stage => ({
  name,
  hosts,
  serial: undefined,
  order: undefined,
  protectReady: false,
  rolling: undefined,
  beyondLimit: false,
  tasks,
  ...more,
});

const unused = () => Promise.reject(new Error('not in this test'));

/** A cluster whose data a test may change. */
export function fakeCluster(nodes: readonly NodeState[] = []) {
  const state: { snapshot: ClusterSnapshot; reads: number } = {
    snapshot: { nodes, leader: undefined },
    reads: 0,
  };
  const api: ClusterApi = {
    async snapshot() {
      state.reads += 1;
      return state.snapshot;
    },
    createPod: unused,
    pods: unused,
    deletePod: unused,
    deleteNode: unused,
    bootstrapTokens: { create: unused, removeOurs: unused },
    certificateRequests: { list: unused, approve: unused },
    podsOn: unused,
    podsIn: unused,
    patchNode: unused,
    lastWarning: unused,
    evict: unused,
    rights: unused,
    objects: { create: unused, patch: unused, remove: unused },
    lock: { read: unused, create: unused, replace: unused, remove: unused },
    watchUntil: unused,
  };
  return { state, api };
}

/** A request for a run on these hosts; `events` collects what it tells. */
export function request(settings: readonly Setting[], stages: readonly Stage[], more: Partial<RunRequest> = {}) {
  const events: RunEvent[] = [];
  const { api } = fakeCluster();
  const full: RunRequest = {
    id: 'run-1',
    command: 'up',
    holder: 'test',
    hosts: settings.map(({ host, connect }) => ({
      name: host.name,
      address: '127.0.0.1',
      outsideLimit: false,
      connect: () => connect(),
    })),
    stages,
    facts: { units: [] },
    hide: () => {},
    agentUnit: 'agent.service',
    concurrency: 10,
    verify: false,
    journal: { record: () => {} },
    openCluster: async () => api,
    check(hosts) {
      for (const host of hosts) host.nodeName = host.name;
    },
    scope: (host, snapshot) => ({ host: host.name, facts: host.facts satisfies HostFacts, snapshot }),
    emit: (event) => events.push(event),
    ...more,
  };
  return { request: full, events };
}
