import { expect, test } from 'vitest';
import { labCacheFolder } from '../../src/cli/lab.ts';
import { overlayAddressOf } from '../../src/kubernetes/network/vxlan.ts';
import { placeFlanneld } from '../../src/lab/artifacts.ts';
import { buildFlanneld } from '../../src/lab/flanneld-build.ts';
import { currentKubernetes } from '../../src/lab/kubernetes-version.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { askPodFrom } from '../lab/ask-a-pod.ts';
import { filesScript, networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on, onEach } from '../lab/read-hosts.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { askServices } from '../lab/service-answers.ts';
import { allNotReady, namesOf, noPodIsLeft, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';

const proofOf = (run: Run): string | undefined =>
  run.events.flatMap((event) =>
    event.type === 'task-finished' && event.task === 'The datapath works' ? [event.detail ?? ''] : [],
  )[0];

/**
 * Every agent with every backend, and both releases of flannel; what can do without one link for all gets none. The nodes
 * are of containerd and of Docker, or with today's Kubernetes of containerd 1.7 and 2.
 */
const cases = [
  { agent: 'static-routes', backend: 'host-gw' },
  { agent: 'static-routes', backend: 'vxlan', isRouted: true },
  { agent: 'flannel', backend: 'vxlan', flannel: '0.20.2', isRouted: true },
  { agent: 'flannel', backend: 'host-gw', flannel: '0.28.7' },
  { agent: 'static-routes', backend: 'vxlan', kubernetes: currentKubernetes },
  { agent: 'flannel', backend: 'vxlan', flannel: '0.28.7', kubernetes: currentKubernetes },
] as const;

/** Files, units, routes and links of all hosts, and packet rules but for those of Services, which kube-proxy tidies up when it likes. */
async function snapshot(lab: Lab): Promise<Record<string, string>> {
  const script = [filesScript, networkScript, unitsScript, 'exit 0'].join('\n');
  const seen = Object.entries(await onEach(lab, namesOf(lab), script));
  return Object.fromEntries(
    seen.map(([host, text]) => [host, text.replace(/^.*KUBE-(SVC|SEP|SERVICES|EXT).*\n/gm, '')]),
  );
}

for (const network of cases) {
  const { agent, backend } = network;
  const isRouted = 'isRouted' in network;
  const isOldFlannel = 'flannel' in network && network.flannel === '0.20.2';
  const isToday = 'kubernetes' in network;
  describeOwnLab(
    `${agent} over ${backend}${isToday ? `, Kubernetes ${network.kubernetes}` : ''}`,
    isToday ? 2 : 1,
    (lab) => {
      let first = '';

      let before: Record<string, string> = {};

      test('up from nothing: pods of both runtimes reach each other', async () => {
        if (isToday) {
          await allNotReady(lab(), ['node1', 'node2']);
          before = await snapshot(lab());
        }
        const run = await runUp(lab().inventoryPath);
        first = idOf(run);
        expect(run.code, told(run)).toBe(0);
        expect(proofOf(run)).toContain('2 pairs of nodes');
      });

      test('a second run is silent: two commands per host, nothing changed, nothing sent', async () => {
        const run = await runUp(lab().inventoryPath);
        expect(run.code, told(run)).toBe(0);
        expect(run.changed).toEqual([]);
        for (const host of namesOf(lab()))
          expect(run.summary(host), host).toMatchObject({ commands: 2, uploads: 0, changed: 0, failed: 0 });
      });

      test('a Pod reaches a Service through kube-proxy, its endpoint on the other node, with its own address', async () => {
        const answers = await askServices(lab(), ['node1', 'node2']);
        for (const { from, to, answer, wanted } of answers) expect(answer, `${from} → ${to}`).toBe(wanted);
      });

      if (isRouted)
        test('after a power cut and a reboot nothing is missing, though no host has another on its link', async () => {
          const { address } = lab().host('node2');
          expect(await on(lab(), 'node1', `ping -c 1 -W 3 ${address}`)).toContain('ttl=63');
          await Promise.all([
            lab().reboot('node1'),
            lab()
              .cut('node2')
              .then(() => lab().start('node2')),
          ]);
          const run = await runUp(lab().inventoryPath, '--verify');
          expect(run.code, told(run)).toBe(0);
          expect(proofOf(run)).toContain('2 pairs of nodes');
          expect(await on(lab(), 'node1', `ping -c 1 -W 3 ${address}`)).toContain('ttl=63');
        });

      if (agent === 'static-routes' && isRouted) {
        test('a host without a kubelet reaches pods through VXLAN, and so do nodes, with strict reverse paths', async () => {
          await onEach(
            lab(),
            namesOf(lab()),
            'for f in all eth0; do echo 1 >/proc/sys/net/ipv4/conf/$f/rp_filter; done',
          );
          const subnet = /FLANNEL_SUBNET=(.*)\.1\/24/.exec(
            await on(lab(), 'node1', 'cat /run/flannel/subnet.env'),
          )?.[1];
          expect(await askPodFrom(lab(), ['cp1', 'node1'], 'node2')).toEqual({
            cp1: overlayAddressOf(lab().host('cp1').address),
            node1: `${subnet}.0`,
          });
        });

        test('undo leaves no device and no route of it', async () => {
          const run = await runUndo(first);
          expect(run.code, told(run)).toBe(0);
          const left = 'ip -o link show type vxlan; ip -4 route show proto 157; ip -4 neigh show nud permanent';
          for (const [host, seen] of Object.entries(await onEach(lab(), namesOf(lab()), left)))
            expect(seen, host).toBe('');
        });
      }

      if (isToday && agent === 'flannel')
        test("the kubelet's credential would not do: the node authorizer keeps the list of Nodes from it", async () => {
          const flanneld = `NODE_NAME=node1 timeout 60 /usr/local/lib/provision/flanneld -kube-subnet-mgr \\
            -kubeconfig-file=/opt/k8s/conf/kubelet.kubeconfig -net-config-path=/etc/provision/flannel/net-conf.json \\
            -subnet-file=/tmp/subnet.env -healthz-port=0 2>&1 | grep -m 1 forbidden`;
          expect(await on(lab(), 'node1', flanneld)).toMatch(
            /User \\?"system:node:node1\\?" cannot list resource \\?"nodes\\?"/,
          );
        });

      if (isToday)
        test('undo leaves the hosts as they were, and Nodes without a network', async () => {
          await noPodIsLeft(lab());
          const run = await runUndo(first);
          expect(run.code, told(run)).toBe(0);
          expect(await snapshot(lab())).toEqual(before);
          await allNotReady(lab(), ['node1', 'node2']);
        });

      if (isOldFlannel)
        test('flanneld 0.28.7 takes its place on every node', async () => {
          const program = await buildFlanneld(labCacheFolder(), '0.28.7', say);
          const flanneld = await placeFlanneld(lab().folder, program, '0.28.7');
          const newer = writeInventory(lab(), 'newer-flannel', ({ all }) => {
            Object.assign(all.vars['artifacts'] ?? {}, { flanneld });
          });
          const run = await runUp(newer);
          expect(run.code, told(run)).toBe(0);
          expect(proofOf(run)).toContain('2 pairs of nodes');
          const running = 'exec /proc/$(systemctl show -p MainPID --value provision-flannel)/exe -version 2>&1';
          expect(await onEach(lab(), ['node1', 'node2'], running)).toEqual({ node1: 'v0.28.7', node2: 'v0.28.7' });
          expect((await runUp(newer)).changed).toEqual([]);
        });
    },
    { controlPlanes: 1, dockershimNodes: isToday ? 0 : 1, ...network },
  );
}
