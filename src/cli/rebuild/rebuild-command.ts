import { type Command, InvalidArgumentError } from 'commander';
import { addAsking, addConcurrency, addShowing, addVerify, exitCodes } from '../command-line/options.ts';
import type { RebuildOptions } from './rebuild.ts';

const examples = `
Examples:
  ./provision rebuild inventory.yaml --node node2 --plan    what would be done
  ./provision rebuild inventory.yaml --node node2           the host key, the plan, a question, and then the rebuild
  ./provision rebuild inventory.yaml --node node2 --host-key SHA256:tGVbE4ru5CS0xVqcQ8RPjLyq9ULRURPgOB3x4bD0Yz4 --yes
`;

/** As ssh-keygen -l shows it. */
function parseFingerprint(text: string): string {
  const bare = text.trim().replace(/=+$/, '');
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(bare)) return bare;
  throw new InvalidArgumentError('Give it as ssh-keygen -lf shows it: SHA256: and 43 characters.');
}

export function addRebuildCommand(program: Command): void {
  const command = program
    .command('rebuild')
    .description(
      'bring a node back whose machine is gone or blank: the same name, the same podCIDR, on a fresh system; of a control-plane host the controller-manager',
    )
    .argument('<inventory>', 'the inventory file, with the address that the machine has now')
    .requiredOption('--node <name>', 'required: which one, a host of the inventory')
    .option(
      '--host-key <fingerprint>',
      'the host key it has now, as ssh-keygen -lf shows it: SHA256:…',
      parseFingerprint,
    )
    .option('--accept-new-host-key', 'trust whatever host key it shows, and record it', false)
    .option('--old-machine-is-off', 'the machine it was before does not run any more, and will not come back', false)
    .addHelpText('after', `${examples}${exitCodes}`)
    .action(async (inventory: string, given: Omit<RebuildOptions, 'recreatePods' | 'acceptNewHostKeys'>) => {
      const { rebuild } = await import('./rebuild.ts');
      process.exitCode = await rebuild(inventory, { ...given, recreatePods: false, acceptNewHostKeys: false });
    });
  addAsking(command, 'the first change');
  addConcurrency(command);
  addVerify(command);
  addShowing(command);
}
