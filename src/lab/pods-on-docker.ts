import type { Kubectl } from './cluster.ts';
import { verifyImage } from './parts.ts';
import { waitUntil } from './wait-until.ts';

/** Two pods on each of these nodes, on docker0 as they were before there was a pod network; only a Deployment's comes again. */
export async function startPodsOnDocker(kubectl: Kubectl, nodes: readonly string[]): Promise<string[]> {
  if (nodes.length === 0) return [];
  const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes.flatMap(podsOf) });
  let last = '';
  await waitUntil(
    'Pods are made on the nodes with Docker',
    60,
    async () => {
      // it takes the ServiceAccount of their namespace, which a new cluster makes after a moment
      const { code, stdout, stderr } = await kubectl(['apply', '-f', '-'], manifest);
      last = stdout + stderr;
      return code === 0;
    },
    async () => last,
  );
  return waitUntil(
    'Pods run on the nodes with Docker',
    120,
    async () => {
      const { stdout } = await kubectl(['get', 'pods', '-l', 'lab=docker', '-o', `jsonpath=${podLine}`]);
      last = stdout;
      const running = stdout.split('\n').filter((line) => /^Running\t.*\d$/.test(line));
      if (running.length < 2 * nodes.length) return undefined;
      return running.map((line) => line.split('\t')).map(([, name, node, ip]) => `Pod ${name} on ${node} has ${ip}`);
    },
    async () => last,
  );
}

const podLine =
  '{range .items[*]}{.status.phase}{"\\t"}{.metadata.name}{"\\t"}{.spec.nodeName}{"\\t"}{.status.podIP}{"\\n"}{end}';

function podsOf(node: string): object[] {
  const labels = { lab: 'docker', app: `deployed-${node}` };
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'sleeper', image: verifyImage, imagePullPolicy: 'Never', command: ['/bin/sh', '-c', 'sleep 1000000'] },
    ],
  };
  const bare = { name: `bare-${node}`, labels: { lab: 'docker' } };
  return [
    { apiVersion: 'v1', kind: 'Pod', metadata: { ...bare, namespace: 'default' }, spec },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: `deployed-${node}`, namespace: 'default' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}
