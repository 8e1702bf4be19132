import type { Command } from 'commander';
import { positive } from './numbers.ts';
import { outputFormat, words } from './options.ts';
import type { RollOptions } from './roll.ts';
import { type RollSettings, typedSettings } from './roll-settings.ts';

const examples = `
Examples:
  ./provision roll inventory.yaml --plan              what would be done, batch by batch
  ./provision roll inventory.yaml                     the plan, a question, and then the roll
  ./provision roll inventory.yaml --drain --batches 1,3,25% --set kubelet.flags.max-pods=200

Exit code: 0 done, or nothing to do; 1 the question was not answered with y; 130 stopped;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function addRollCommand(program: Command): void {
  program
    .command('roll')
    .description(
      'bring changed settings of kubelets, kube-proxies and controller-managers to a live cluster, in batches',
    )
    .argument('<inventory>', 'the inventory file')
    .option('--plan', 'show what would be done, and change nothing', false)
    .option('--yes', 'do not ask before the first node is changed', false)
    .option('--limit <hosts>', 'only these hosts: names, groups and globs by commas, ! before what is left out')
    .option('--tags <tags>', 'only tasks with one of these tags', words)
    .option('--set <key=value>', 'a setting for this run alone, before the inventory; may be given again', collect)
    .option('--drain', 'drain nodes before they are changed')
    .option('--no-drain', 'do not, whatever the inventory says')
    .option('--batches <sizes>', 'nodes at a time: numbers or percentages by commas, the last one repeating', words)
    .option('--canary <hosts>', 'the first batch: names, groups and globs by commas', words)
    .option('--max-unavailable <n>', 'how many Nodes of the cluster may be down, or how many percent of them')
    .option('--soak <seconds>', 'how long a batch has to stay well before the next one begins')
    .option('--delete-bare-pods', 'draining may end pods that nobody makes again')
    .option('--delete-empty-dir', 'draining may end pods with an emptyDir, whose files go')
    .option('--patch-nodes', 'labels and taints given by flags also go to registered Nodes, through the API')
    .option('--keep-failed', 'leave a node that failed as it is, cordoned, for a look at it', false)
    .option('--concurrency <n>', 'how many hosts at once', positive, 50)
    .option('--verify', 'prove the datapath even if nothing changed', false)
    .option('--accept-new-host-keys', 'trust and record the key of a host seen for the first time', false)
    .addOption(outputFormat())
    .option('--verbose', 'show every task and what it changes', false)
    .option('--debug', 'tell on standard error what each command on a host carried and how it ended', false)
    .addHelpText('after', examples)
    .action(async (inventory: string, given: Omit<RollOptions, 'recreatePods' | 'typed'> & RollSettings) => {
      const { drain, batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, patchNodes, ...options } =
        given;
      const settings = { drain, batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, patchNodes };
      const typed = typedSettings(settings);
      const { roll } = await import('./roll.ts');
      process.exitCode = await roll(inventory, { ...options, typed, recreatePods: false });
    });
}
