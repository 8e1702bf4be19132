import { type Command, Option } from 'commander';
import { findCommand } from '../command-line/find-command.ts';
import { addConcurrency, addNewHostKeys, addShowing } from '../command-line/options.ts';

const undoExamples = `
It asks no question, so look first:
  ./provision undo --plan                what would be taken back, of the newest run that still stands
  ./provision undo                       takes it back
  ./provision undo 20261123-15 --plan    the same of another run; the beginning of its name is enough
  ./provision undo --limit '!node2'      without a host that is gone for good
`;

const undoExitCodes = `
Exit code: 0 done, or nothing to do; 130 stopped; 2 to 5 for errors. With --plan that of \`plan\`:
2 something to do, 1 and 3 to 5 for errors.`;

/** What is said of runs, and done with those that were: `undo`, `resume`, `history`. */
export function addHistoryCommands(program: Command): void {
  const undoCommand = program
    .command('undo')
    .description('take a run back: files, units, routes and rules as they were, services on them')
    .argument('[run]', 'a run, or how its name begins; else the newest that changed something and still stands')
    .option('--plan', 'show what would be taken back, and change nothing on any host', false)
    .option('--force', 'overwrite files that somebody changed since; copies stay on the host', false)
    .option('--limit <hosts>', 'only these hosts; the others can be done later')
    .option('--inventory <file>', 'where the inventory is now, if it was moved')
    .addHelpText('after', `${undoExamples}${undoExitCodes}`)
    .action(async (id: string | undefined, { plan, ...options }) => {
      if (plan) process.exitCode = await (await import('./plan-undo.ts')).planUndo(id, options);
      else process.exitCode = await (await import('./undo.ts')).undo(id, options);
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
