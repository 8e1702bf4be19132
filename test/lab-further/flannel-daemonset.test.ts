import { beforeAll, expect, test } from 'vitest';
import { flannelPods, podsOf, provenOfTwo } from '../lab/daemonset-pods.ts';
import { filesScript, networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on, onEach, podCidrs, steadyOnEach } from '../lab/read-hosts.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';

const snapshot = [filesScript, networkScript, unitsScript, 'exit 0'].join('\n');

/** As a manifest of flannel before 0.19 has it, with the image that the nodes have. */
const olderFlannel = `
apiVersion: v1
kind: ConfigMap
metadata: { name: kube-flannel-cfg, namespace: kube-system }
data:
  net-conf.json: '{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }'
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-flannel-ds, namespace: kube-system }
spec:
  selector: { matchLabels: { app: flannel } }
  template:
    metadata: { labels: { app: flannel } }
    spec:
      hostNetwork: true
      tolerations: [{ operator: Exists }]
      serviceAccountName: flannel
      containers:
        - name: kube-flannel
          image: ghcr.io/flannel-io/flannel:v0.28.7
          command: [/opt/bin/flanneld]
          args: [--ip-masq, --kube-subnet-mgr]
          env: [{ name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }]
          securityContext: { capabilities: { add: [NET_ADMIN, NET_RAW] } }
          volumeMounts: [{ name: run, mountPath: /run/flannel }, { name: cfg, mountPath: /etc/kube-flannel }]
      volumes:
        - { name: run, hostPath: { path: /run/flannel } }
        - { name: cfg, configMap: { name: kube-flannel-cfg } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: flannel, namespace: kube-system }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: flannel }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: flannel, namespace: kube-system }]
`;

describeOwnLab(
  'flannel in pods',
  1,
  (lab) => {
    let before: Record<string, string> = {};
    let first: Run;

    beforeAll(async () => {
      before = await steadyOnEach(lab(), namesOf(lab()), snapshot);
    });

    test('comes up on containerd and on Docker, and pods reach each other', async () => {
      first = await runUp(lab().inventoryPath);
      expect(first.code, told(first)).toBe(0);
      expect(provenOfTwo(first)).toBe(2);
      const cidrs = await podCidrs(lab());
      for (const node of nodeNames(lab())) {
        expect(await on(lab(), node, 'cat /run/flannel/subnet.env')).toContain(
          `FLANNEL_SUBNET=${cidrs[node]?.replace(/\.0\/24$/, '.1/24')}`,
        );
        expect(await on(lab(), node, 'ip -d link show flannel.1')).toContain('dstport 8472');
      }
      expect(Object.keys(await flannelPods(lab())).toSorted()).toEqual(nodeNames(lab()));
    });

    test('is left alone by a second run', async () => {
      const running = await flannelPods(lab());
      const run = await runUp(lab().inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      for (const node of nodeNames(lab())) expect(run.summary(node)).toMatchObject({ commands: 2, uploads: 0 });
      expect(await flannelPods(lab())).toEqual(running);
    });

    test('has its pods made anew for another net-conf.json, and as before when that is taken back', async () => {
      const running = await flannelPods(lab());
      const inventory = writeInventory(lab(), 'direct', ({ all }) => {
        Object.assign(all.vars['network'] ?? {}, { vxlan: { direct_routing: true } });
      });
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      const anew = await flannelPods(lab());
      for (const node of nodeNames(lab())) {
        expect(anew[node]).not.toBe(running[node]);
        expect(await on(lab(), node, 'ip route')).not.toContain('dev flannel.1 onlink');
      }
      const back = await runUndo(idOf(run));
      expect(back.code, told(back)).toBe(0);
    });

    test('goes with all it left, and nothing else does, when the run is taken back', async () => {
      const run = await runUndo(idOf(first), '--force');
      expect(run.code, told(run)).toBe(0);
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
      const { stdout } = await lab().kubectl(['get', 'daemonsets', '-A', '-o', 'name']);
      expect(stdout).toBe('');
    });

    test('takes over from an older one in kube-system, and never runs beside it', async () => {
      const again = await runUp(lab().inventoryPath);
      expect(again.code, told(again)).toBe(0);
      await lab().kubectl(['-n', 'kube-flannel', 'delete', 'daemonset', 'provision-flannel']);
      await lab().kubectl(['apply', '-f', '-'], olderFlannel);
      await lab().kubectl(['-n', 'kube-system', 'rollout', 'status', 'daemonset/kube-flannel-ds', '--timeout=120s']);
      const run = await runUp(lab().inventoryPath);
      expect(run.code, told(run)).toBe(0);
      expect(await podsOf(lab(), 'kube-flannel-ds', 'kube-system')).toEqual({});
      expect(Object.keys(await flannelPods(lab())).toSorted()).toEqual(nodeNames(lab()));
      for (const node of nodeNames(lab())) expect(await on(lab(), node, 'pgrep -xc flanneld')).toBe('1');
    });
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', dockershimNodes: 1, controlPlanes: 1 },
);
