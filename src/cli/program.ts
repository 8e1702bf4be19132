import { Command, Option } from 'commander';
import { pointToHelp } from './command-line/find-command.ts';
import { addHelpCommand } from './command-line/help-command.ts';
import { positive } from './command-line/numbers.ts';
import { addHistoryCommands } from './history/history-command.ts';
import { addImageCommand } from './image/image-command.ts';
import { addLabCommands } from './lab.ts';
import { addMigrateCommand } from './migrate/migrate-command.ts';
import { addNetworkCommands } from './network/network-command.ts';
import { addRebuildCommand } from './rebuild/rebuild-command.ts';
import { addResetCommand } from './reset/reset-command.ts';
import { addRollCommand } from './roll/roll-command.ts';
import { addSecretCommands } from './secret.ts';
import { addUpCommands } from './up/up-command.ts';
import { version } from './version.ts';

/** The command line with all its commands, in the order of its help; throws CommanderError where it would end the process. */
export function createProgram(): Command {
  const program = new Command('provision')
    .description('Gives a binary-installed Kubernetes its pod network over SSH, keeps it, and brings it back.')
    .version(version)
    .helpCommand(false)
    .exitOverride();

  addUpCommands(program);
  addRollCommand(program);
  addMigrateCommand(program);
  addRebuildCommand(program);
  addResetCommand(program);
  addNetworkCommands(program.command('network'));
  addHistoryCommands(program);

  program
    .command('unlock')
    .description(
      'show which run holds the cluster, remove the lock of one that is dead, and lift the cordons runs left',
    )
    .argument('<inventory>', 'the inventory file')
    .option('--force', 'remove the lock of a run that goes on; it stops before its next change', false)
    .addOption(new Option('--output <format>', 'text, or json: one object').choices(['text', 'json']).default('text'))
    .action(async (inventory: string, options) => {
      const { unlock } = await import('./unlock.ts');
      process.exitCode = await unlock(inventory, options);
    });

  addImageCommand(program);

  program
    .command('demo')
    .description('make a small cluster of real hosts on this machine and give it a pod network')
    .option('--nodes <n>', 'how many nodes', positive, 2)
    .action(async (options) => {
      const { demo } = await import('./demo.ts');
      process.exitCode = await demo(options.nodes);
    });

  addLabCommands(program.command('lab'));
  addSecretCommands(program.command('secret'));
  addHelpCommand(program);
  pointToHelp(program);
  return program;
}
