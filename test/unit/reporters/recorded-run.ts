import { ProvisionError } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/events.ts';

const artifact = '/srv/artifacts/cni-plugins.tgz';

export const begun: RunEvent[] = [
  { type: 'run-started', run: '20260101T000000', command: 'up', hosts: ['master1', 'node1', 'node2'] },
  { type: 'host-connected', host: 'master1' },
  { type: 'host-connected', host: 'node1' },
  { type: 'host-connected', host: 'node2' },
];

export const silentStage: RunEvent[] = [
  { type: 'stage-started', stage: 'podCIDRs are handed out', hosts: ['master1'] },
  {
    type: 'task-finished',
    stage: 'podCIDRs are handed out',
    host: 'master1',
    task: 'Flags are set',
    status: 'ok',
    changes: [],
  },
  { type: 'stage-finished', stage: 'podCIDRs are handed out', status: 'ok' },
];

const plugins = { stage: 'CNI plugins', task: 'CNI plugins are unpacked' };

export const changingStageBegun: RunEvent[] = [
  { type: 'stage-started', stage: 'CNI plugins', hosts: ['node1', 'node2'] },
  { type: 'batch-started', stage: 'CNI plugins', batch: 1, hosts: ['node1', 'node2'] },
  ...[0.1, 0.3, 0.6, 0.7, 1].map(
    (part): RunEvent => ({
      type: 'upload-progress',
      host: 'node1',
      artifact,
      sentBytes: part * 20_600_000,
      totalBytes: 20_600_000,
    }),
  ),
  { type: 'task-started', ...plugins, host: 'node1' },
  { type: 'task-started', ...plugins, host: 'node2' },
  {
    type: 'task-finished',
    ...plugins,
    host: 'node1',
    status: 'changed',
    changes: [{ subject: '/opt/cni/bin/bridge', action: 'add' }],
    detail: '13 files',
  },
];

export const changingStageEnded: RunEvent[] = [
  {
    type: 'task-finished',
    ...plugins,
    host: 'node2',
    status: 'changed',
    changes: [
      {
        subject: '/etc/cni/net.d/10-flannel.conflist',
        action: 'write',
        before: '{\n  "name": "cbr0",\n  "cniVersion": "0.3.0",\n  "plugins": []\n}\n',
        after: '{\n  "name": "cbr0",\n  "cniVersion": "0.3.1",\n  "plugins": []\n}\n',
      },
    ],
  },
  { type: 'stage-finished', stage: 'CNI plugins', status: 'changed' },
];

const ready = { stage: 'Nodes are Ready', task: 'Node is Ready' };

export const proofStage: RunEvent[] = [
  { type: 'stage-started', stage: ready.stage, hosts: ['node1', 'node2'] },
  { type: 'progress', ...ready, detail: '1 of 2 Nodes Ready' },
  { type: 'progress', ...ready, detail: '1 of 2 Nodes Ready' },
  { type: 'warning', message: 'no image is named: the datapath is not proven' },
  ...['node1', 'node2'].map(
    (host): RunEvent => ({
      type: 'task-finished',
      ...ready,
      host,
      status: 'ok',
      changes: [{ subject: `Node ${host}`, action: 'turns Ready' }],
      detail: '2 of 2 Nodes Ready',
    }),
  ),
  { type: 'stage-finished', stage: ready.stage, status: 'changed' },
];

export const failure: RunEvent = {
  type: 'failure',
  host: 'node2',
  stage: 'CNI plugins',
  error: new ProvisionError({
    code: 'TASK_FAILED',
    kind: 'operation',
    what: "node2: 'CNI plugins are unpacked' failed",
    why: 'tar: write error: No space left on device\ntar: Exiting with failure status',
    fix: 'Make room and run again.',
  }),
};

export const ended = (status: 'ok' | 'changed' | 'failed'): RunEvent => ({
  type: 'run-finished',
  status,
  seconds: 1.94,
  hosts: ['master1', 'node1', 'node2'].map((host) => ({
    host,
    changed: status === 'ok' || host === 'master1' ? 0 : 1,
    ok: 10,
    failed: status === 'failed' && host === 'node2' ? 1 : 0,
    seconds: 1.94,
    commands: status === 'ok' || host === 'master1' ? 2 : 3,
    uploads: host === 'node1' && status !== 'ok' ? 1 : 0,
  })),
});

export const silentRun = [...begun, ...silentStage, ended('ok')];
export const changingRun = [
  ...begun,
  ...silentStage,
  ...changingStageBegun,
  ...changingStageEnded,
  ...proofStage,
  ended('changed'),
];
export const failingRun: RunEvent[] = [
  ...begun,
  ...changingStageBegun,
  failure,
  { type: 'stage-finished', stage: 'CNI plugins', status: 'failed' },
  ended('failed'),
];
