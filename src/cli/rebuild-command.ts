import { type Command, InvalidArgumentError } from 'commander';
import { positive } from './numbers.ts';
import { outputFormat } from './options.ts';
import type { RebuildOptions } from './rebuild.ts';

const examples = `
Examples:
  ./provision rebuild inventory.yaml --node node2 --plan    what would be done
  ./provision rebuild inventory.yaml --node node2           the host key, the plan, a question, and then the rebuild
  ./provision rebuild inventory.yaml --node node2 --host-key SHA256:tGVbE4ru5CS0xVqcQ8RPjLyq9ULRURPgOB3x4bD0Yz4 --yes

Exit code: 0 done, or nothing to do; 1 the question was not answered with y; 130 stopped;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;

/** As ssh-keygen -l shows it. */
function parseFingerprint(text: string): string {
  const bare = text.trim().replace(/=+$/, '');
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(bare)) return bare;
  throw new InvalidArgumentError('Give it as ssh-keygen -lf shows it: SHA256: and 43 characters.');
}

export function addRebuildCommand(program: Command): void {
  program
    .command('rebuild')
    .description(
      'bring a node back whose machine is gone or blank: the same name, the same podCIDR, on a fresh system; of a control-plane host the controller-manager',
    )
    .argument('<inventory>', 'the inventory file, with the address that the machine has now')
    .requiredOption('--node <name>', 'which one: a host of the inventory')
    .option('--plan', 'show what would be done, and change nothing on any host', false)
    .option('--yes', 'do not ask before the first change', false)
    .option(
      '--host-key <fingerprint>',
      'the host key it has now, as ssh-keygen -lf shows it: SHA256:…',
      parseFingerprint,
    )
    .option('--accept-new-host-key', 'trust whatever host key it shows, and record it', false)
    .option('--old-machine-is-off', 'the machine it was before does not run any more, and will not come back', false)
    .option('--concurrency <n>', 'how many hosts at once', positive, 50)
    .option('--verify', 'prove the datapath even if nothing changed', false)
    .addOption(outputFormat())
    .option('--verbose', 'show every task and what it changes', false)
    .option('--debug', 'tell on standard error what each command on a host carried and how it ended', false)
    .addHelpText('after', examples)
    .action(async (inventory: string, given: Omit<RebuildOptions, 'recreatePods' | 'acceptNewHostKeys'>) => {
      const { rebuild } = await import('./rebuild.ts');
      process.exitCode = await rebuild(inventory, { ...given, recreatePods: false, acceptNewHostKeys: false });
    });
}
