import type { Lab } from '../../src/lab/lab.ts';
import type { Run } from './run-up.ts';

/** Names of the pods in a namespace by node, those of a DaemonSet. */
export async function podsOf(lab: Lab, daemonSet: string, namespace: string): Promise<Record<string, string>> {
  const { stdout } = await lab.kubectl(['-n', namespace, 'get', 'pods', '-o', 'json']);
  const { items } = JSON.parse(stdout) as {
    items: { metadata: { name: string; ownerReferences: { name: string }[] }; spec: { nodeName: string } }[];
  };
  return Object.fromEntries(
    items
      .filter(({ metadata }) => metadata.ownerReferences[0]?.name === daemonSet)
      .map(({ metadata, spec }) => [spec.nodeName, metadata.name]),
  );
}

/** Those of our DaemonSet. */
export const flannelPods = (lab: Lab) => podsOf(lab, 'provision-flannel', 'kube-flannel');

/** How many proofs of a run were of both pairs of two nodes. */
export const provenOfTwo = (run: Run): number =>
  run.events.filter(
    (event) => event.type === 'task-finished' && /^2 pairs/.test('detail' in event ? (event.detail ?? '') : ''),
  ).length;
