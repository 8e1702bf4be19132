import { type Execution, execute } from './execute.ts';
import { isOn } from './host.ts';
import type { LabHost } from './lab-host.ts';
import { runOnHost } from './ssh.ts';
import { waitUntil } from './wait-until.ts';

export type Kubectl = (args: readonly string[], input?: string) => Promise<Execution>;

export const openKubectl =
  (program: string, kubeconfig: string): Kubectl =>
  (args, input = '') =>
    execute(program, ['--kubeconfig', kubeconfig, '--request-timeout=10s', ...args], { input });

/** Waits for the API server. */
export async function waitForApi(kubectl: Kubectl): Promise<void> {
  let last = '';
  const isReady = async (): Promise<boolean> => {
    const { code, stdout, stderr } = await kubectl(['get', '--raw', '/readyz']);
    last = stdout + stderr;
    return code === 0;
  };
  await waitUntil('The API server is ready', 120, isReady, async () => last);
}

export interface NodeState {
  readonly name: string;
  readonly isReady: boolean;
  readonly message: string;
}

const readyCondition =
  '{range .items[*]}{.metadata.name}{"\\t"}{.status.conditions[?(@.type=="Ready")].status}{"\\t"}{.status.conditions[?(@.type=="Ready")].message}{"\\n"}{end}';

/** The Nodes as the API has them; undefined when it does not answer. */
export async function readNodes(kubectl: Kubectl): Promise<NodeState[] | undefined> {
  const { code, stdout } = await kubectl(['get', 'nodes', '-o', `jsonpath=${readyCondition}`]);
  if (code !== 0) return undefined;
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name = '', status = '', message = ''] = line.split('\t');
      return { name, isReady: status === 'True', message };
    });
}

/** While a kubelet starts its message is a list in brackets. */
const hasSettled = ({ message }: NodeState): boolean => message !== '' && !message.startsWith('[');

/** Waits until each of these has a Node whose kubelet has said how it is, be it that the network is missing. */
export const waitForNodes = (kubectl: Kubectl, names: readonly string[]): Promise<NodeState[]> =>
  waitUntil(
    `Nodes ${names.join(', ')} are registered`,
    120,
    async () => {
      const nodes = await readNodes(kubectl);
      const all = names.map((name) => nodes?.find((node) => node.name === name && hasSettled(node)));
      return all.every((node) => node !== undefined) ? nodes : undefined;
    },
    async () => (await kubectl(['get', 'nodes', '-o', 'wide'])).stdout,
  );

/** Waits until every controller-manager answers and one of them leads. */
export async function waitForControllerManagers(kubectl: Kubectl, hosts: readonly LabHost[]): Promise<void> {
  for (const host of hosts) {
    if (!(await isOn(host))) continue;
    const health = 'curl -sk https://127.0.0.1:10257/healthz';
    await waitUntil(
      `The controller-manager of ${host.name} is well`,
      60,
      async () => (await runOnHost(host, health)).stdout === 'ok',
    );
  }
  const holder = [
    '-n',
    'kube-system',
    'get',
    'lease',
    'kube-controller-manager',
    '-o',
    'jsonpath={.spec.holderIdentity}',
  ];
  await waitUntil('A controller-manager leads', 60, async () => (await kubectl(holder)).stdout !== '');
}
