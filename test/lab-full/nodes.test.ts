import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, eventually, invocationOf, kubectl, nodeObjects, on, podCidrs, routesOf } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, settle, told } from '../lab/settle.ts';

/** The routes a host should have to the pods of these Nodes, by their InternalIP. */
async function wantedRoutes(lab: Lab, host: string): Promise<string[]> {
  return (await nodeObjects(lab))
    .filter(({ metadata }) => metadata.name !== host)
    .map(({ spec, status }) => {
      const address = status.addresses.find(({ type }) => type === 'InternalIP')?.address;
      return `${spec.podCIDR} via ${address}`;
    })
    .sort();
}

async function expectRoutes(lab: Lab, hosts = namesOf(lab)): Promise<void> {
  for (const host of hosts) expect(await routesOf(lab, host), host).toEqual(await wantedRoutes(lab, host));
}

/** Gives a Node another podCIDR: the object goes, a stand-in takes the range, the kubelet registers again. */
async function moveRange(lab: Lab, node: string): Promise<void> {
  const taken = (await podCidrs(lab))[node] ?? '';
  // the kubelet takes a moment to end the pods of a proof, and a bridge with pods on it is not ours to remove
  await eventually(`${node} has no pod`, 60, async () => {
    const links = await on(lab, node, 'ip -o link show master cni0 2>/dev/null | wc -l');
    return links.trim() === '0';
  });
  await on(lab, node, 'systemctl stop kubelet');
  await kubectl(lab, 'delete', 'node', node);
  const standIn = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'stand-in' },
    spec: { podCIDR: taken, podCIDRs: [taken] },
  };
  await lab.kubectl(['create', '-f', '-'], JSON.stringify(standIn));
  await on(lab, node, 'systemctl start kubelet');
  await eventually(`${node} has another podCIDR`, 60, async () => {
    const now = (await podCidrs(lab))[node];
    return now !== undefined && now !== taken;
  });
  await kubectl(lab, 'delete', 'node', 'stand-in');
}

describeOwnLab('Nodes that go, come and move', 2, (open) => {
  let lab: Lab;

  beforeAll(async () => {
    lab = open();
    await settle(lab);
  });

  test('a Node deleted and registered anew with another podCIDR: all routes follow', async () => {
    const before = await podCidrs(lab);
    await moveRange(lab, 'node2');
    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);
    expect(run.events.some((event) => 'detail' in event && /^2 pairs of nodes/.test(event.detail ?? ''))).toBe(true);
    expect((await podCidrs(lab))['node2']).not.toBe(before['node2']);
    await expectRoutes(lab);
    const subnet = (await podCidrs(lab))['node2']?.replace(/\.0\/24$/, '.1/24');
    expect(await on(lab, 'node2', 'cat /run/flannel/subnet.env')).toContain(`FLANNEL_SUBNET=${subnet}`);
    await allReady(lab, ['node1', 'node2']);
  });

  test('a bridge of an earlier range: refused while pods are on it, removed without them', async () => {
    const bridge = 'ip -4 -o addr show dev cni0 2>/dev/null | grep -o "10[.0-9]*/24"; exit 0';
    const [, subnet = ''] = /FLANNEL_SUBNET=(.*)/.exec(await on(lab, 'node2', 'cat /run/flannel/subnet.env')) ?? [];
    await on(
      lab,
      'node2',
      `ip link add test0 type veth peer name test1; ip link add cni0 type bridge 2>/dev/null; ip link set test0 master cni0
ip addr flush dev cni0; ip addr add 10.5.77.1/24 dev cni0`,
    );
    try {
      const run = await runUp(lab.inventoryPath);
      expect(
        run.failures.map(({ host, error }) => [host, error.code]),
        told(run),
      ).toEqual([['node2', 'BRIDGE_IN_USE']]);
      expect(run.failures[0]?.error.what).toContain(`cni0 has 10.5.77.1/24`);
    } finally {
      await on(lab, 'node2', 'ip link del test0');
    }
    await settle(lab);
    expect(['', subnet]).toContain(await on(lab, 'node2', bridge));
  });

  test('an address that changes: all routes follow', async () => {
    const old = lab.host('node2').address;
    const moved = old.replace(/\d+$/, '122');
    const flag = (address: string) =>
      `sed -i 's/ *--node-ip=[0-9.]*//; s/--v=2/--v=2 --node-ip=${address}/' /opt/k8s/conf/kubelet.env; systemctl restart kubelet`;
    const hasAddress = (address: string) =>
      eventually(`node2 has ${address}`, 60, async () => {
        const node = (await nodeObjects(lab)).find(({ metadata }) => metadata.name === 'node2');
        return JSON.stringify(node?.status.addresses).includes(`"${address}"`);
      });
    await on(lab, 'node2', `ip address add ${moved}/24 dev eth0; ${flag(moved)}`);
    await hasAddress(moved);
    try {
      const run = await runUp(lab.inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(await routesOf(lab, 'node1')).toEqual([`${(await podCidrs(lab))['node2']} via ${moved}`]);
      await expectRoutes(lab);
    } finally {
      await on(lab, 'node2', `${flag(old)}; ip address del ${moved}/24 dev eth0`);
      await hasAddress(old);
      await settle(lab);
    }
  });

  test('a third node, run with --limit: it turns Ready, every peer knows its routes, no kubelet of others restarts', async () => {
    const others = nodeNames(lab);
    const starts = () => Promise.all(others.map((node) => invocationOf(lab, node, 'kubelet')));
    const before = await starts();
    const added = await lab.addNode();
    await eventually(`${added} is registered`, 120, async () => added in (await podCidrs(lab)));
    const run = await runUp(lab.inventoryPath, '--limit', added);
    expect(run.code, told(run)).toBe(0);
    await allReady(lab, [added]);
    await expectRoutes(lab);
    expect(await starts()).toEqual(before);
    const second = await runUp(lab.inventoryPath);
    expect(second.code, told(second)).toBe(0);
    expect(second.changed).toEqual([]);
  });
});
