import type { Command } from 'commander';
import { addConcurrency, addNewHostKeys, addShowing, addVerify, words } from '../command-line/options.ts';

/** `up`, and `plan` with the same options. */
export function addUpCommands(program: Command): void {
  const upCommand = program
    .command('up')
    .description('bring the hosts of an inventory to what it says: NotReady nodes turn Ready')
    .argument('<inventory>', 'the inventory file')
    .option('--limit <hosts>', 'only these hosts: names, groups and globs by commas, ! before what is left out')
    .option('--tags <tags>', 'only tasks with one of these tags', words)
    .option('--recreate-pods', 'evict pods left outside the pod network whose owner makes them anew', false)
    .action(async (inventory: string, options) => {
      const { up } = await import('./up.ts');
      process.exitCode = await up(inventory, options);
    });
  for (const add of [addConcurrency, addVerify, addNewHostKeys, addShowing]) add(upCommand);

  const planCommand = program
    .command('plan')
    .description('show what `up` would do, host by host, and change nothing')
    .argument('<inventory>', 'the inventory file')
    .addHelpText('after', '\nExit code: 0 nothing to do, 2 something to do, 1 and 3 to 5 for errors (docs/plan.md).')
    .action(async (inventory: string, options) => {
      const { plan } = await import('./plan.ts');
      process.exitCode = await plan(inventory, options);
    });
  for (const option of upCommand.options) planCommand.addOption(option);
}
