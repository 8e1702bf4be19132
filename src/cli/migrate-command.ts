import type { Command } from 'commander';
import type { MigrateOptions } from './migrate.ts';
import { positive } from './numbers.ts';
import { outputFormat, words } from './options.ts';
import { type RollSettings, typedSettings } from './roll-settings.ts';

const examples = `
Examples:
  ./provision migrate inventory.yaml --plan                from where to where, in what order, and which pods are on docker0
  ./provision migrate inventory.yaml                       the plan, a question, and then the migration
  ./provision migrate inventory.yaml --delete-bare-pods --purge

Exit code: 0 done, or nothing to do; 1 the question was not answered with y; 130 stopped;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring pods from docker0, and flannel with etcd, to the pod network of the inventory, node by node')
    .argument('<inventory>', 'the inventory file, with the new range and `network.agent: static-routes`')
    .option('--plan', 'show what would be done, and change nothing', false)
    .option('--yes', 'do not ask before the first change', false)
    .option('--purge', 'in the end also delete the keys of flannel in etcd', false)
    .option('--delete-bare-pods', 'pods that nobody makes again may be lost')
    .option('--delete-empty-dir', 'pods with an emptyDir may go, and its files with them')
    .option('--batches <sizes>', 'nodes at a time: numbers or percentages by commas, the last one repeating', words)
    .option('--canary <hosts>', 'the first batch: names, groups and globs by commas', words)
    .option('--max-unavailable <n>', 'how many Nodes of the cluster may be down, or how many percent of them')
    .option('--soak <seconds>', 'how long a batch has to stay well before the next one begins')
    .option('--set <key=value>', 'a setting for this run alone, before the inventory; may be given again', collect)
    .option('--keep-failed', 'leave a node that failed as it is, cordoned, for a look at it', false)
    .option('--concurrency <n>', 'how many hosts at once', positive, 50)
    .option('--verify', 'prove the datapath even if nothing changed', false)
    .option('--accept-new-host-keys', 'trust and record the key of a host seen for the first time', false)
    .addOption(outputFormat())
    .option('--verbose', 'show every task and what it changes', false)
    .option('--debug', 'tell on standard error what each command on a host carried and how it ended', false)
    .addHelpText('after', examples)
    .action(async (inventory: string, given: Omit<MigrateOptions, 'recreatePods' | 'typed'> & RollSettings) => {
      const { batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, ...options } = given;
      const typed = typedSettings({ batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir });
      const { migrate } = await import('./migrate.ts');
      process.exitCode = await migrate(inventory, { ...options, typed, recreatePods: false });
    });
}
