import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { eventually, kubectl } from './read-hosts.ts';
import type { Run } from './run-up.ts';

/** Pods that are bound to a node: they come back with its kubelet, or wait for it when they are deleted. */
export async function startPods(lab: Lab, node: string, names: readonly string[]): Promise<void> {
  const items = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      containers: [{ name, image: 'lab.invalid/verify:1', imagePullPolicy: 'Never', command: ['sleep', '100000'] }],
    },
  }));
  await kubectl(lab, 'delete', 'pods', '--force', '--grace-period=0', '--ignore-not-found', ...names);
  const { code, stderr } = await lab.kubectl(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  );
  expect(code, stderr).toBe(0);
  await eventually(`${names.join(', ')} run`, 60, async () =>
    (await Promise.all(names.map((name) => containerOf(lab, name)))).every((id) => id !== ''),
  );
}

/** The running container of a pod; empty where none runs. */
export const containerOf = (lab: Lab, pod: string): Promise<string> =>
  kubectl(
    lab,
    ...['get', 'pod', pod, '--ignore-not-found'],
    ...['-o', 'jsonpath={range .status.containerStatuses[?(@.state.running)]}{.containerID}{end}'],
  );

/** Deletes a pod whose kubelet is gone: it stays until somebody knows that it runs no more. */
export const deleteInVain = (lab: Lab, pod: string): Promise<string> =>
  kubectl(lab, 'delete', 'pod', pod, '--wait=false');

/** A run has seen that the pod runs before the Node took new ones. */
export function expectPodsFirst(run: Run): void {
  const finished = run.events.flatMap((event) => (event.type === 'task-finished' ? [event.task] : []));
  const [back, uncordoned] = ['What is bound to the Node runs again', 'The Node takes pods as before'].map((task) =>
    finished.indexOf(task),
  );
  expect(back).toBeGreaterThanOrEqual(0);
  expect(uncordoned).toBeGreaterThan(back ?? 0);
}
