import { type Command, Option } from 'commander';
import { findCommand } from '../command-line/find-command.ts';
import { addConcurrency, addNewHostKeys, addShowing } from '../command-line/options.ts';

/** What is said of runs, and done with those that were: `undo`, `resume`, `history`. */
export function addHistoryCommands(program: Command): void {
  const undoCommand = program
    .command('undo')
    .description('take a run back: files, units, routes and rules as they were, services on them')
    .argument('[run]', 'a run, or how its name begins; else the newest that changed something and still stands')
    .option('--force', 'overwrite files that somebody changed since; copies stay on the host', false)
    .option('--limit <hosts>', 'only these hosts; the others can be done later')
    .option('--inventory <file>', 'where the inventory is now, if it was moved')
    .action(async (id: string | undefined, options) => {
      const { undo } = await import('./undo.ts');
      process.exitCode = await undo(id, options);
    });
  for (const add of [addConcurrency, addNewHostKeys, addShowing]) add(undoCommand);

  const resumeCommand = program
    .command('resume')
    .description('go on with the last run of this folder that was interrupted or failed half-way, with its options')
    .option('--yes', 'do not ask before a roll whose inventory has changed is gone on with', false)
    .action(async (options) => {
      const { resume } = await import('./resume.ts');
      process.exitCode = await resume(options);
    });
  addShowing(resumeCommand);

  const runLines = () => new Option('--output <format>', 'text or json').choices(['text', 'json']).default('text');

  const history = program
    .command('history')
    .description('the runs of this folder that changed something')
    .helpCommand(false)
    .addOption(runLines())
    .action(async ({ output }) => (await import('./history.ts')).history(output));

  history
    .command('show')
    .description('what one run did, host by host')
    .argument('<run>', 'a run, or how its name begins')
    .addOption(runLines())
    .action(async (id: string, _, command: Command) => {
      const { historyShow } = await import('./history.ts');
      historyShow(id, command.optsWithGlobals()['output'], (name) => findCommand(program, name.split(' '))?.options);
    });
}
