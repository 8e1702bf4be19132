import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyImage } from '../../src/lab/parts.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { diskOf, invocationOf, kubectl, on } from '../lab/read-hosts.ts';
import { runRoll, undoRoll } from '../lab/run-roll.ts';
import type { Run } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

/** A pod that nobody makes again, with files of its own. */
const barePod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'alone', namespace: 'default' },
  spec: {
    nodeName: 'node1',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'alone',
        image: verifyImage,
        imagePullPolicy: 'Never',
        command: ['sleep', '100000'],
        volumeMounts: [{ name: 'files', mountPath: '/files' }],
      },
    ],
    volumes: [{ name: 'files', emptyDir: {} }],
  },
};

describeLab('a roll of what takes more than a restart', (lab) => {
  const node1 = ['--limit', 'node1', '--soak', '0'];
  const policy = { 'cpu-manager-policy': 'static', 'kube-reserved': 'cpu=100m' };
  const registered = { 'node-labels': 'tests/kind=x', 'register-with-taints': 'tests/kind=x:NoSchedule' };
  const lose = ['--drain', '--delete-bare-pods', '--delete-empty-dir'];
  let inventory = '';
  let rolled: Run;

  const seen = async () => ({
    kubelet: await invocationOf(lab, 'node1', 'kubelet'),
    files: await diskOf(lab, 'node1'),
    node: await kubectl(lab, 'get', 'node', 'node1', '-o', 'jsonpath={.metadata.labels}{.spec.unschedulable}'),
    taints: await taints(),
  });
  const stateFile = () => on(lab, 'node1', 'grep -o \'"policyName":"[a-z]*"\' /var/lib/kubelet/cpu_manager_state');
  /** Without those that Kubernetes gives a Node for a moment. */
  const taints = async () => {
    const { spec } = JSON.parse(await kubectl(lab, 'get', 'node', 'node1', '-o', 'json'));
    return (spec.taints ?? []).filter(({ key }: { key: string }) => !key.startsWith('node.kubernetes.io/'));
  };
  const isThere = async () => (await kubectl(lab, 'get', 'pod', 'alone', '--ignore-not-found', '-o', 'name')) !== '';

  beforeAll(async () => {
    await settle(lab);
    inventory = writeInventory(lab, 'managers', ({ all }) => {
      all.vars['kubelet'] = { flags: { ...policy, ...registered } };
    });
    await lab.kubectl(['create', '-f', '-'], JSON.stringify(barePod));
    await kubectl(lab, 'wait', '--for=condition=Ready', 'pod/alone', '--timeout=60s');
  });
  afterAll(async () => {
    await kubectl(lab, 'delete', 'pod', 'alone', '--ignore-not-found', '--wait=false');
    await settle(lab);
  });

  test('is refused with every reason, and without leave for what is lost, before anything is touched', async () => {
    const before = await seen();
    const rebuild = writeInventory(lab, 'rebuild', ({ all }) => {
      const flags = { 'max-pods': 254, 'root-dir': '/data', 'hostname-override': 'other' };
      all.vars['kubelet'] = { flags: { ...flags, ...policy, 'container-runtime-endpoint': 'unix:///run/other.sock' } };
    });
    for (const [file, options, codes] of [
      [
        rebuild,
        [],
        [
          'MAX_PODS_ABOVE_RANGE',
          'ROOT_DIR_CHANGED',
          'NODE_NAME_CHANGED',
          'RUNTIME_ENDPOINT_CHANGED',
          'POLICY_NEEDS_DRAIN',
        ],
      ],
      [inventory, ['--drain'], ['DRAIN_REFUSED']],
      [inventory, lose, ['LABELS_WITHOUT_EFFECT', 'TAINTS_WITHOUT_EFFECT']],
    ] as const) {
      const run = await runRoll(file, ...node1, ...options);
      expect(run.codes, told(run)).toEqual(codes);
      expect(run.changed).toEqual([]);
    }
    expect(await seen()).toEqual(before);
    expect(await isThere()).toBe(true);
  });

  test('drains the node, lets the manager begin anew, and gives the registered Node labels and taints', async () => {
    rolled = await runRoll(inventory, ...node1, ...lose, '--patch-nodes');
    expect(rolled.code, told(rolled)).toBe(0);
    expect(await isThere()).toBe(false);
    expect(await stateFile()).toBe('"policyName":"static"');
    const node = JSON.parse(await kubectl(lab, 'get', 'node', 'node1', '-o', 'json'));
    expect(node.metadata.labels).toMatchObject({ 'tests/kind': 'x' });
    expect(await taints()).toEqual([{ key: 'tests/kind', value: 'x', effect: 'NoSchedule' }]);
    expect(node.spec.unschedulable).toBeUndefined();
  });

  test('is taken back, with the state of the manager, labels and taints', async () => {
    const run = await undoRoll(lab, rolled);
    expect(run.code, told(run)).toBe(0);
    expect(await stateFile()).toBe('"policyName":"none"');
    const node = JSON.parse(await kubectl(lab, 'get', 'node', 'node1', '-o', 'json'));
    expect(node.metadata.labels).not.toHaveProperty('tests/kind');
    expect(await taints()).toEqual([]);
  });
});
