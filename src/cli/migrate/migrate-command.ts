import type { Command } from 'commander';
import {
  addAsking,
  addBatches,
  addConcurrency,
  addNewHostKeys,
  addShowing,
  addVerify,
  exitCodes,
} from '../command-line/options.ts';
import { type RollSettings, typedSettings } from '../roll/roll-settings.ts';
import type { MigrateOptions } from './migrate.ts';

const examples = `
Examples:
  ./provision migrate inventory.yaml --plan                from where to where, in what order, and which pods are on docker0
  ./provision migrate inventory.yaml                       the plan, a question, and then the migration
  ./provision migrate inventory.yaml --delete-bare-pods --purge
`;

export function addMigrateCommand(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring pods from docker0, and flannel with etcd, to the pod network of the inventory, node by node')
    .argument('<inventory>', 'the inventory file, with the new range and `network.agent: static-routes`')
    .option('--purge', 'in the end also delete the keys of flannel in etcd', false)
    .addHelpText('after', `${examples}${exitCodes}`)
    .action(async (inventory: string, given: Omit<MigrateOptions, 'recreatePods' | 'typed'> & RollSettings) => {
      const { batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir, ...options } = given;
      const typed = typedSettings({ batches, canary, maxUnavailable, soak, deleteBarePods, deleteEmptyDir });
      const { migrate } = await import('./migrate.ts');
      process.exitCode = await migrate(inventory, { ...options, typed, recreatePods: false });
    });
  addAsking(command, 'the first change');
  addBatches(command);
  addConcurrency(command);
  addVerify(command);
  addNewHostKeys(command);
  addShowing(command);
}
