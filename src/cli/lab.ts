import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { positive } from './numbers.ts';

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
    .description('make two control-plane hosts and some nodes without a pod network')
    .option('--nodes <n>', 'how many nodes', positive, 2)
    .option('--bare', 'hosts only, no Kubernetes', false)
    .action(async ({ nodes, bare }) => {
      const { labUp } = await import('../lab/up.ts');
      const made = await labUp({ folder: labFolder(), cacheFolder: labCacheFolder(), nodes, bare, say });
      say(`The lab is up: ${made.inventoryPath}`);
    });

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
    .option('--as-node', 'make it a node again: runtime, kubelet, kube-proxy', false)
    .option('--accept-new-key', "record its new host key in the lab's known_hosts", false)
    .action(async (name: string, { asNode, acceptNewKey }) =>
      (await openOwnLab()).wipe(name, { asNode, acceptNewKey }),
    );
}

/** Runs a program on this terminal. */
const attach = (program: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
