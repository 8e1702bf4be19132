import type { Command } from 'commander';
import {
  addAsking,
  addBatches,
  addConcurrency,
  addNewHostKeys,
  addShowing,
  addVerify,
  exitCodes,
  words,
} from '../command-line/options.ts';
import type { BatchedOptions } from '../run/batched-run.ts';
import { type RollSettings, typedSettings } from './roll-settings.ts';

const examples = `
Examples:
  ./provision roll inventory.yaml --plan              what would be done, batch by batch
  ./provision roll inventory.yaml                     the plan, a question, and then the roll
  ./provision roll inventory.yaml --drain --batches 1,3,25% --set kubelet.flags.max-pods=200
`;

export function addRollCommand(program: Command): void {
  const command = program
    .command('roll')
    .description(
      'bring changed settings of kubelets, kube-proxies and controller-managers to a live cluster, in batches',
    )
    .argument('<inventory>', 'the inventory file')
    .option('--limit <hosts>', 'only these hosts: names, groups and globs by commas, ! before what is left out')
    .option('--tags <tags>', 'only tasks with one of these tags', words)
    .option('--drain', 'drain nodes before they are changed')
    .option('--no-drain', 'do not, whatever the inventory says')
    .option('--patch-nodes', 'labels and taints given by flags also go to registered Nodes, through the API')
    .addHelpText('after', `${examples}${exitCodes}`)
    .action(async (inventory: string, given: Omit<BatchedOptions, 'recreatePods' | 'typed'> & RollSettings) => {
      const { drain, batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, patchNodes, ...options } =
        given;
      const settings = { drain, batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, patchNodes };
      const typed = typedSettings(settings);
      const { roll } = await import('./roll.ts');
      process.exitCode = await roll(inventory, { ...options, typed, recreatePods: false });
    });
  addAsking(command, 'the first node is changed');
  addBatches(command);
  addConcurrency(command);
  addVerify(command);
  addNewHostKeys(command);
  addShowing(command);
}
