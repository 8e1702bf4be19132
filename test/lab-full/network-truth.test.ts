import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, invocationOf, on, onEach, podCidrs } from '../lab/read-hosts.ts';
import { type Plan, runPlan } from '../lab/run-plan.ts';
import { type Run, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';

/** Routes of all tables, rules of both back ends and links, without what changes by itself. */
const networkScript = `ip -4 route show table all | sed 's/ linkdown//' | sort
ip -o link | sed 's/^[0-9]*: //; s/ mtu.*//' | grep -v '^veth' | sed 's/@.*//; s/:.*//' | sort
for iptables in iptables-nft iptables-legacy; do $iptables-save 2>/dev/null | grep -v '^[#:]' | sed 's/\\[[0-9:]*\\]//'; done
cat /run/flannel/subnet.env 2>/dev/null; exit 0`;

/** A flannel of somebody else, as the kernel shows it: a process of that name with its configuration. */
const startFlannel = `mkdir -p /etc/foreign
echo '{ "Network": "10.244.0.0/16", "Backend": { "Type": "vxlan" } }' >/etc/foreign/net-conf.json
printf '#!/bin/sh\\n/bin/sleep 100000\\n' >/etc/foreign/flanneld; chmod 755 /etc/foreign/flanneld
systemd-run -q --unit=flanneld /etc/foreign/flanneld --net-config-path=/etc/foreign/net-conf.json`;
const stopFlannel = 'systemctl stop flanneld; rm -r /etc/foreign';

/** What is left of a flannel that went by another range. */
const leftovers = `mkdir -p /run/flannel
printf 'FLANNEL_NETWORK=10.244.0.0/16\\nFLANNEL_SUBNET=10.244.9.1/24\\nFLANNEL_MTU=1450\\nFLANNEL_IPMASQ=true\\n' >/run/flannel/subnet.env
ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472; ip addr add 10.244.9.0/32 dev flannel.1; ip link set flannel.1 up
ip route add 10.244.7.0/24 via 10.244.7.0 dev flannel.1 onlink`;

/** Leases of containers that never were, one of them too young to say so, however long a busy machine takes to look. */
const deadLeases = (base: string) => `cd /var/lib/cni/networks/cbr0
for last in 201 202 203; do printf '${'d'.repeat(61)}%s\\r\\neth0' $last >${base}.$last; done
: >/var/lib/cni/flannel/${'d'.repeat(61)}201
touch -d '5 minutes ago' ${base}.201 ${base}.202 /var/lib/cni/flannel/${'d'.repeat(61)}201
touch -d '1 hour' ${base}.203`;

type Told = Pick<Run, 'failures' | 'codes'>;
const readFailures = (seen: Plan | Run): Told['failures'] =>
  seen.events.filter((event) => event.type === 'failure') as Told['failures'];

describeOwnLab(
  'network truth',
  1,
  (lab) => {
    const [containerd, docker] = ['node1', 'node2'] as const;
    const seeNetwork = () => onEach(lab(), namesOf(lab()), networkScript);
    let first: Run;

    /** What `plan` and `up` tell of it, which is the same, and that neither touched the network. */
    async function refused(inventory: string): Promise<Told['failures']> {
      const before = await seeNetwork();
      const plan = await runPlan(inventory);
      const up = await runUp(inventory);
      expect(up.changed).toEqual([]);
      expect(readFailures(up).map(({ error }) => error)).toEqual(readFailures(plan).map(({ error }) => error));
      expect(await seeNetwork()).toEqual(before);
      return readFailures(up);
    }

    const find = (failures: Told['failures'], code: string, host: string) =>
      failures.map(({ error }) => error).find((error) => error.code === code && error.what.includes(host));

    beforeAll(async () => {
      await on(lab(), containerd, leftovers);
      first = await runUp(lab().inventoryPath);
      expect(first.code, told(first)).toBe(0);
    });

    test('what a stopped flannel left is named, replaced and removed', async () => {
      const changes = first.events.flatMap((event) =>
        event.type === 'task-finished' && event.host === containerd ? event.changes : [],
      );
      const actionOf = (subject: string) => changes.find((change) => change.subject === subject)?.action;
      expect(actionOf('flannel.1')).toMatch(/^remove/);
      expect(actionOf('/run/flannel/subnet.env')).toContain('FLANNEL_NETWORK=10.5.0.0/16');
      const network = await on(lab(), containerd, networkScript);
      expect(network).not.toContain('flannel.1');
      expect(network).not.toContain('10.244.');
      expect(network).toContain('FLANNEL_NETWORK=10.5.0.0/16');
    });

    test('another backend, a foreign flannel, a taken port, a wrong interface, docker0 in the range: all at once', async () => {
      const inventory = writeInventory(lab(), 'truth', ({ all }) => {
        Object.assign(all.vars['network'] ?? {}, { backend: 'vxlan' });
        Object.assign(all.children.nodes.hosts[containerd] ?? {}, { network: { interface: 'eth7' } });
      });
      // no default route: it plays no part in finding an interface
      await on(lab(), containerd, 'ip link add vx9 type vxlan id 1 dev eth0 dstport 8472; ip route del default');
      await on(lab(), docker, `${startFlannel}; ip addr add 10.5.200.1/24 dev docker0`);
      try {
        const failures = await refused(inventory);
        const backend = find(failures, 'AGENT_CHANGES', 'The inventory says static-routes (vxlan');
        expect(backend?.what).toContain('cp1, node1, node2 have static-routes (host-gw)');
        expect(backend?.fix).toContain('backend: host-gw');
        expect(backend?.fix).toMatch(/\.\/provision undo \d{8}-\d{6}-\w{4}\b/);
        const foreign = find(failures, 'AGENT_CHANGES', `${docker}: flanneld`);
        expect(foreign?.what).toContain('flanneld.service');
        expect(foreign?.fix).toContain('systemctl disable --now flanneld.service');
        const range = find(failures, 'RANGES_DISAGREE', docker);
        expect(range?.what).toContain('10.244.0.0/16 (Network in /etc/foreign/net-conf.json)');
        const port = find(failures, 'VXLAN_PORT_TAKEN', containerd);
        expect(port?.what).toContain('vx9 has UDP port 8472 and VNI 1');
        expect(port?.fix).toContain('network.vxlan.port');
        const link = find(failures, 'INTERFACE_NOT_FOUND', containerd);
        expect(link?.why).toContain(`eth0 ${lab().host(containerd).address}`);
        expect(link?.fix).toContain('network.interface');
        expect(find(failures, 'DOCKER_INSIDE_RANGE', docker)?.fix).toContain('bip');
        expect(failures).toHaveLength(6);
      } finally {
        await on(
          lab(),
          containerd,
          `ip link del vx9; ip route add default via ${lab().host(containerd).address.replace(/\d+$/, '1')}`,
        );
        await on(lab(), docker, `${stopFlannel}; ip addr del 10.5.200.1/24 dev docker0`);
      }
    });

    test('a bridge with pods on it, and a kernel without br_netfilter', async () => {
      await on(
        lab(),
        containerd,
        `ip link add test0 type veth peer name test1; ip link add cni0 type bridge 2>/dev/null; ip link set test0 master cni0
ip addr flush dev cni0; ip addr add 10.5.77.1/24 dev cni0`,
      );
      await on(
        lab(),
        docker,
        'mount -t tmpfs none /lib/modules; [ ! -d /sys/module/br_netfilter ] || mount -t tmpfs none /sys/module',
      );
      try {
        const failures = await refused(lab().inventoryPath);
        expect(failures.map(({ host, error }) => `${host} ${error.code}`).sort()).toEqual([
          `${containerd} BRIDGE_IN_USE`,
          `${docker} MODULE_MISSING`,
        ]);
        const bridge = find(failures, 'BRIDGE_IN_USE', 'cni0 has 10.5.77.1/24');
        expect(bridge?.what).toContain('1 pod');
        expect(bridge?.fix).toContain('kubectl drain');
        expect(find(failures, 'MODULE_MISSING', 'br_netfilter')?.fix).toContain('Restart the host');
      } finally {
        await on(lab(), containerd, 'ip link del test0');
        await on(lab(), docker, 'umount /lib/modules; umount /sys/module 2>/dev/null; exit 0');
      }
    });

    test('another agent', async () => {
      const program = join(lab().folder, 'artifacts/no-flanneld');
      writeFileSync(program, 'no flanneld');
      const sha256 = createHash('sha256').update('no flanneld').digest('hex');
      const inventory = writeInventory(lab(), 'other-agent', ({ all: { vars } }) => {
        Object.assign(vars['network'] ?? {}, { agent: 'flannel' });
        Object.assign(vars['artifacts'] ?? {}, { flanneld: { path: program, sha256, version: '0.28.7' } });
      });
      const failures = await refused(inventory);
      expect(failures.map(({ error }) => error.code)).toEqual(['AGENT_CHANGES']);
      expect(failures[0]?.error.what).toContain('cp1, node1, node2 have static-routes (host-gw)');
      expect(failures[0]?.error.fix).toContain('agent: static-routes, backend: host-gw');
    });

    test('a kube-proxy that goes by another range; where it is managed, up sets the range and nothing else', async () => {
      const file = '/opt/k8s/conf/kube-proxy.yaml';
      const see = `cat ${file}; ls /etc/systemd/system/kube-proxy.service.d 2>/dev/null; exit 0`;
      const [before, network] = [await on(lab(), containerd, see), await seeNetwork()];
      const start = await invocationOf(lab(), containerd, 'kube-proxy');
      await on(lab(), containerd, `sed -i 's|^clusterCIDR:.*|clusterCIDR: 10.244.0.0/16|' ${file}`);
      const plan = await runPlan(lab().inventoryPath);
      const error = find(readFailures(plan), 'RANGES_DISAGREE', 'kube-proxy.service goes by 10.244.0.0/16');
      expect(error?.fix).toContain('kube_proxy.manage: true');

      const managed = writeInventory(lab(), 'managed', ({ all }) => {
        all.vars['kube_proxy'] = { manage: true };
      });
      const run = await runUp(managed, '--tags', 'nodes');
      expect(run.code, told(run)).toBe(0);
      expect(new Set(run.changed.map((one) => one.split(':')[0]))).toEqual(new Set([containerd]));
      expect(await on(lab(), containerd, see)).toBe(before);
      expect(await invocationOf(lab(), containerd, 'kube-proxy')).not.toBe(start);
      // kube-proxy writes its own rules in another order when it starts
      const withoutServices = (seen: Record<string, string>) =>
        Object.fromEntries(
          Object.entries(seen).map(([host, text]) => [host, text.split('\n').filter((line) => !/KUBE-/.test(line))]),
        );
      expect(withoutServices(await seeNetwork())).toEqual(withoutServices(network));
    });

    describe('leftovers of other networks on a cluster that runs', () => {
      test('are named, and nothing else is touched when they go', async () => {
        const ranges = await podCidrs(lab());
        const baseOf = (node: string) => (ranges[node] ?? '').replace(/\.0\/24$/, '');
        const nodes = nodeNames(lab());
        await eventually('no pod is on the bridge', 60, async () => {
          const links = await onEach(lab(), [containerd], 'ls /sys/class/net/cni0/brif 2>/dev/null; exit 0');
          return Object.values(links).join('') === '' || JSON.stringify(links);
        });
        await on(lab(), containerd, 'ip link del cni0 2>/dev/null; exit 0');
        const before = await seeNetwork();
        const leases = () => onEach(lab(), nodes, 'ls /var/lib/cni/networks/cbr0 /var/lib/cni/flannel');
        const leasesBefore = await leases();

        await on(
          lab(),
          containerd,
          `${leftovers.replace(/.*subnet\.env\n/, '')}; ip link add cni0 type bridge; ip addr add 10.5.77.1/24 dev cni0`,
        );
        await onEach(lab(), nodes, 'echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables');
        for (const node of nodes) await on(lab(), node, deadLeases(baseOf(node)));

        const plan = await runPlan(lab().inventoryPath);
        const changesOn = (node: string) =>
          plan.all
            .filter(({ hosts, status }) => status === 'change' && hosts.includes(node))
            .flatMap(({ changes }) => changes);
        const leaseChanges = (node: string) => [
          expect.stringContaining(
            `free 2 addresses held for sandboxes that are gone: ${baseOf(node)}.201, ${baseOf(node)}.202`,
          ),
          expect.stringContaining('1 sandbox that is gone: dddddddddddd'),
        ];
        const filtering = '0 → 1';
        expect(changesOn(containerd).map(({ action }) => action)).toEqual([
          expect.stringContaining('it has 10.5.77.1/24'),
          expect.stringContaining('remove, with the routes over it'),
          ...leaseChanges(containerd),
          filtering,
        ]);
        expect(changesOn(docker).map(({ action }) => action)).toEqual([...leaseChanges(docker), filtering]);

        const run = await runUp(lab().inventoryPath);
        expect(run.code, told(run)).toBe(0);
        // the proof puts pods on the bridges, and the plugin makes those anew
        const withoutBridge = (seen: Record<string, string>) =>
          Object.fromEntries(
            Object.entries(seen).map(([host, text]) => [
              host,
              text.split('\n').filter((line) => !/\bcni0\b/.test(line)),
            ]),
          );
        expect(withoutBridge(await seeNetwork())).toEqual(withoutBridge(before));
        const young = nodes.map((node) => [node, `${baseOf(node)}.203`] as const);
        const leasesAfter = await leases();
        for (const [node, address] of young) {
          expect(leasesAfter[node]?.split('\n')).toContain(address);
          expect(leasesAfter[node]).not.toMatch(/\.20[12]$|d201$/m);
          for (const line of leasesBefore[node]?.split('\n').filter((one) => one.endsWith('lock')) ?? [])
            expect(leasesAfter[node]).toContain(line);
        }
        expect(await on(lab(), docker, 'cat /proc/sys/net/bridge/bridge-nf-call-iptables')).toBe('1');
        const again = await runPlan(lab().inventoryPath);
        expect(again.code, again.stdout).toBe(0);
      });
    });
  },
  { controlPlanes: 1, dockershimNodes: 1 },
);
