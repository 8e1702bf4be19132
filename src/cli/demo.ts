import { labUp } from '../lab/up.ts';
import { labCacheFolder, labFolder } from './lab.ts';
import { up } from './up/up.ts';

const lookAround = (inventory: string): string => `
Look around:
  ./provision lab status                        the hosts, and whether their Nodes are Ready
  ./provision lab ssh node1                     a shell on a node; try: ip route show proto 157
  ./provision lab ssh cp1 -- /opt/k8s/bin/kubectl --kubeconfig /dev/stdin get nodes -o wide < .provision/lab/admin.kubeconfig
  ./provision up ${inventory}   again: nothing to change, two commands per host
Remove it:
  ./provision lab down
`;

/** The command `demo`: hosts and a cluster from nothing, then the pod network. */
export async function demo(nodes: number): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const lab = await labUp({ folder: labFolder(), cacheFolder: labCacheFolder(), nodes, say });
  say('');
  const code = await up(lab.inventoryPath, {
    concurrency: 50,
    verify: true,
    acceptNewHostKeys: false,
    recreatePods: false,
    output: 'text',
    verbose: false,
  });
  if (code === 0) say(lookAround(lab.inventoryPath));
  return code;
}
