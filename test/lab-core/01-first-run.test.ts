import { beforeAll, expect, test } from 'vitest';
import { fixedApiVersions } from '../../src/kubernetes/cluster/api-versions.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { artifactsOf } from '../lab/inventories.ts';
import {
  eventually,
  invocationOf,
  kubectl,
  nodeObjects,
  on,
  onEach,
  podCidrs,
  readyCondition,
  routesOf,
  stateOf,
} from '../lab/read-hosts.ts';
import { type Plan, runPlan } from '../lab/run-plan.ts';
import { type Run, runCommand, runUp } from '../lab/run-up.ts';
import { beginAgain, isWithoutNetwork, namesOf, nodeNames, told } from '../lab/settle.ts';

describeLab('a first run from nothing', (lab) => {
  let before: string[] = [];
  let plans: Plan[] = [];
  let states: unknown[] = [];
  let run: Run;

  beforeAll(async () => {
    if ((await lab.exec('node1', 'test -e /var/lib/provision')).code === 0) await beginAgain(lab);
    before = (await nodeObjects(lab)).map((node) => {
      const condition = readyCondition(node);
      return `${node.metadata.name} ${condition?.status} ${isWithoutNetwork(condition?.message ?? '')}`;
    });
    const untouched = await stateOf(lab, namesOf(lab));
    plans = [await runPlan(lab.inventoryPath), await runPlan(lab.inventoryPath)];
    states = [untouched, await stateOf(lab, namesOf(lab))];
    run = await runUp(lab.inventoryPath);
  });

  test('meets an API that serves every version that is used without asking', async () => {
    const served = (await kubectl(lab, 'api-versions')).split('\n');
    expect(served).toEqual(expect.arrayContaining([...fixedApiVersions]));
  });

  test('is planned without a trace on any host', () => {
    const [before, after] = states;
    expect(after).toEqual(before);
    for (const plan of plans) expect(plan.code, plan.stdout + plan.stderr).toBe(2);
    expect(plans[1]?.all).toEqual(plans[0]?.all);
  });

  test('changes what was planned, nothing else and nothing less', () => {
    const plan = plans[0];
    const later = plan?.tasks('unknown') ?? [];
    expect(later).toContain('node1: Routes and rules are there');
    // which addresses a link may have is known with the podCIDR, and then all have them
    const asTheyShould = nodeNames(lab).map((node) => `${node}: No link has addresses of another network`);
    expect(later).toEqual(expect.arrayContaining(asTheyShould));
    const due = later.filter((task) => !asTheyShould.includes(task));
    expect([...(plan?.tasks('change') ?? []), ...due].sort()).toEqual([...run.changed].sort());
    const batches = run.events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []));
    expect(plan?.batches).toEqual(batches);
  });

  test('is planned with its uploads, its waits and what cannot be taken back', () => {
    const told = plans[0]?.all ?? [];
    const uploads = told.flatMap(({ hosts, uploads }) => (uploads ?? []).map(({ bytes }) => [...hosts, bytes > 1e6]));
    const everyNode = [
      ['node1', true],
      ['node2', true],
    ];
    expect(uploads).toEqual(artifactsOf(lab).flatMap(() => everyNode));
    expect(plans[0]?.tasks('wait').filter((one) => one.startsWith('node1: '))).toEqual([
      'node1: Nodes are Ready',
      'node1: The datapath works',
    ]);
    const lasting = told.filter(({ irreversible }) => irreversible !== undefined).map(({ task }) => task);
    expect(lasting).toEqual(['A leader has given every Node its podCIDR']);
  });

  test('begins with nodes that are NotReady for want of a network', () => {
    expect(before.sort()).toEqual(['node1 False true', 'node2 False true']);
  });

  test('ends with 0 and says what it changed', () => {
    expect(run.code, told(run)).toBe(0);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', status: 'changed' });
  });

  test('turns every node Ready', async () => {
    expect((await nodeObjects(lab)).map((node) => readyCondition(node)?.status)).toEqual(['True', 'True']);
  });

  test('gives every Node a podCIDR inside the range, none twice', async () => {
    const cidrs = Object.values(await podCidrs(lab));
    expect(cidrs).toHaveLength(2);
    for (const cidr of cidrs) expect(cidr).toMatch(/^10\.5\.\d+\.0\/24$/);
    expect(new Set(cidrs).size).toBe(2);
  });

  test('makes the flags effective in both controller-managers', async () => {
    const lines = await onEach(
      lab,
      ['cp1', 'cp2'],
      "tr '\\0' '\\n' <\"/proc/$(pidof kube-controller-manager)/cmdline\"",
    );
    for (const flags of Object.values(lines).map((text) => text.split('\n'))) {
      expect(flags).toContain('--allocate-node-cidrs=true');
      expect(flags).toContain('--cluster-cidr=10.5.0.0/16');
      expect(flags.some((flag) => /^--node-cidr-mask-size(-ipv4)?=24$/.test(flag))).toBe(true);
      expect(flags).toContain('--leader-elect');
    }
  });

  test('leaves the plugins executable and the configuration in place', async () => {
    for (const node of nodeNames(lab)) {
      await on(
        lab,
        node,
        'cd /opt/cni/bin; for name in bridge flannel host-local loopback portmap; do test -x $name || exit 1; done',
      );
      const conflist = JSON.parse(await on(lab, node, 'cat /etc/cni/net.d/10-flannel.conflist'));
      expect(conflist.plugins.map(({ type }: { type: string }) => type)).toEqual(['flannel', 'portmap']);
    }
  });

  test('writes subnet.env as each Node and the cluster have it', async () => {
    const cidrs = await podCidrs(lab);
    for (const node of nodeNames(lab)) {
      const lines = (await on(lab, node, 'cat /run/flannel/subnet.env')).split('\n');
      expect(lines).toContain('FLANNEL_NETWORK=10.5.0.0/16');
      expect(lines).toContain(`FLANNEL_SUBNET=${cidrs[node]?.replace(/\.0\/24$/, '.1/24')}`);
      expect(lines).toContain('FLANNEL_MTU=1500');
    }
  });

  test('routes the pods of every other node, on control-plane hosts too', async () => {
    const cidrs = await podCidrs(lab);
    const addresses = Object.fromEntries(lab.hosts.map(({ name, address }) => [name, address]));
    for (const host of namesOf(lab)) {
      const peers = nodeNames(lab).filter((name) => name !== host);
      expect(await routesOf(lab, host), host).toEqual(
        peers.map((peer) => `${cidrs[peer]} via ${addresses[peer]}`).sort(),
      );
    }
  });

  test('proves that pods reach each other', () => {
    const proofs = run.events.filter(
      (event) => event.type === 'task-finished' && event.status === 'ok' && /^2 pairs/.test(event.detail ?? ''),
    );
    expect(proofs.map((event) => 'host' in event && event.host).sort()).toEqual(nodeNames(lab));
  });

  test('removes the pods of the proof', async () => {
    await eventually('no pod is left', 30, async () => (await kubectl(lab, 'get', 'pods', '-A', '-o', 'name')) === '');
  });

  test('counts commands and uploads of each host', () => {
    for (const node of nodeNames(lab))
      expect(run.summary(node)).toMatchObject({ uploads: artifactsOf(lab).length, failed: 0 });
    for (const host of ['cp1', 'cp2']) expect(run.summary(host)).toMatchObject({ uploads: 0, failed: 0 });
    for (const host of namesOf(lab)) expect(run.summary(host).commands).toBeGreaterThan(2);
  });
});

describeLab('a second run', (lab) => {
  const starts = async () => ({
    ...(await Promise.all(
      nodeNames(lab).map(async (node) => [
        await invocationOf(lab, node, 'kubelet'),
        await invocationOf(lab, node, 'containerd'),
      ]),
    )),
    managers: await Promise.all(['cp1', 'cp2'].map((host) => invocationOf(lab, host, 'kube-controller-manager'))),
    agents: await Promise.all(namesOf(lab).map((host) => invocationOf(lab, host, 'provision-static-routes.timer'))),
  });

  test('changes nothing, restarts nothing, sends nothing, and costs two commands per host', async () => {
    const before = await starts();
    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual([]);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', status: 'ok' });
    for (const host of namesOf(lab)) {
      expect(run.summary(host), host).toMatchObject({ changed: 0, failed: 0, commands: 2, uploads: 0 });
    }
    expect(await starts()).toEqual(before);
  });

  test('says so in its last line', async () => {
    const { code, stdout, stderr } = await runCommand(['up', lab.inventoryPath]);
    expect(code, stderr).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^ok: nothing to change on 4 hosts \(2 commands each, \d+\.\d s\)$/,
    );
  });
});
