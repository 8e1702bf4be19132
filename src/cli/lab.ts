import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { currentKubernetes, dockershimKubernetes } from '../lab/kubernetes-version.ts';
import { positive } from './command-line/numbers.ts';

export const labFolder = (): string => join(process.cwd(), '.provision/lab');
export const labCacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'provision-lab');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The lab of this folder; its code is loaded when a command needs it. */
async function openOwnLab() {
  const { openLab } = await import('../lab/lab.ts');
  return openLab(labFolder());
}

/** Adds the commands below `lab`. */
export function addLabCommands(lab: Command): void {
  lab.description('real hosts and a real Kubernetes on this machine, to try things on').helpCommand(false);

  lab
    .command('up')
    .description('make control-plane hosts and some nodes without a pod network')
    .option('--nodes <n>', 'how many nodes', positive, 2)
    .addOption(
      new Option('--kubernetes <release>', `which one; current is ${currentKubernetes} and needs Go`).choices([
        dockershimKubernetes,
        'current',
      ]),
    )
    .option('--dockershim <n>', 'further nodes whose kubelet drives Docker, with pods on docker0', positive, 0)
    .option('--blank <n>', 'further hosts with nothing on them, for nodes that are to be made', positive, 0)
    .option('--software', 'what brings hosts back that are wiped, in the inventory', false)
    .option('--control-planes <n>', 'how many control-plane hosts; one of them has the API server', positive, 2)
    .addOption(
      new Option('--agent <agent>', 'what the inventory says of the network').choices([
        'static-routes',
        'flannel',
        'flannel-daemonset',
      ]),
    )
    .addOption(new Option('--backend <backend>', 'and of its backend').choices(['host-gw', 'vxlan']))
    .addOption(
      new Option('--flannel <version>', 'which flanneld to build; needs Go').choices(['0.17.0', '0.20.2', '0.28.7']),
    )
    .option('--routed', 'every host on a link of its own, with a router between them', false)
    .option('--bare', 'hosts only, no Kubernetes', false)
    .action(
      async ({
        nodes,
        kubernetes: release,
        dockershim: dockershimNodes,
        blank: blankNodes,
        software: hasSoftware,
        controlPlanes,
        bare,
        routed: isRouted,
        agent,
        backend,
        flannel,
      }) => {
        const { labUp } = await import('../lab/up.ts');
        const kubernetes = release === 'current' ? currentKubernetes : release;
        const options = {
          nodes,
          kubernetes,
          dockershimNodes,
          blankNodes,
          hasSoftware,
          controlPlanes,
          bare,
          isRouted,
          agent,
          backend,
          flannel,
        };
        const made = await labUp({ folder: labFolder(), cacheFolder: labCacheFolder(), ...options, say });
        say(`The lab is up: ${made.inventoryPath}`);
      },
    );

  lab
    .command('down')
    .description('remove the lab: no process, network or mount stays')
    .action(async () => {
      const { labDown } = await import('../lab/down.ts');
      say((await labDown(labFolder())) ? 'The lab is gone' : 'There is no lab here');
    });

  lab
    .command('status')
    .description('which hosts are on, and whether their Nodes are Ready')
    .action(async () => {
      const { labStatus } = await import('../lab/status.ts');
      for (const host of await labStatus(labFolder())) {
        const node = host.node && (host.node.isReady ? 'Ready' : `NotReady: ${host.node.message}`);
        say(`${host.name.padEnd(8)}${host.address.padEnd(15)}${host.isOn ? 'on ' : 'off'}  ${node ?? ''}`.trimEnd());
      }
    });

  lab
    .command('ssh')
    .description('a shell on a host, or a command there: lab ssh node1 -- ip route')
    .argument('<name>')
    .argument('[command...]')
    .action(async (name: string, command: string[]) => {
      process.exitCode = await attach('ssh', [...(await openOwnLab()).sshArguments(name), ...command]);
    });

  const actions = {
    stop: 'shut a host down in good order',
    start: 'turn a host on',
    cut: 'cut the power of a host',
    reboot: 'reboot a host and wait for it',
  } as const;
  for (const [action, description] of Object.entries(actions) as [keyof typeof actions, string][]) {
    lab
      .command(action)
      .description(description)
      .argument('<name>')
      .action(async (name: string) => (await openOwnLab())[action](name));
  }

  lab
    .command('wipe')
    .description('give a host a blank disk and a new host key')
    .argument('<name>')
    .option('--as-node', 'set it up as what it was: a node with runtime, kubelet, kube-proxy', false)
    .option('--new-address', 'at another address than before, which the inventory says then', false)
    .option('--accept-new-key', "record its new host key in the lab's known_hosts", false)
    .action(async (name: string, { asNode, newAddress, acceptNewKey }) =>
      (await openOwnLab()).wipe(name, { asNode, newAddress, acceptNewKey }),
    );
}

/** Runs a program on this terminal. */
const attach = (program: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
