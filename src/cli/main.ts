import { Command, CommanderError, Option } from 'commander';
import { addLabCommands } from './lab.ts';
import { addMigrateCommand } from './migrate-command.ts';
import { addNetworkCommands } from './network-command.ts';
import { positive } from './numbers.ts';
import { addConcurrency, addNewHostKeys, addShowing, addVerify, words } from './options.ts';
import { exitCodeOf, printError } from './output.ts';
import { outliveOutputs } from './outputs.ts';
import { addRebuildCommand } from './rebuild-command.ts';
import { addResetCommand } from './reset-command.ts';
import { addRollCommand } from './roll-command.ts';
import { addSecretCommands } from './secret.ts';
import { version } from './version.ts';

const program = new Command('provision')
  .description('Gives a binary-installed Kubernetes its pod network over SSH, keeps it, and brings it back.')
  .version(version)
  .helpCommand(false)
  .showHelpAfterError('(provision --help lists commands and options)')
  .exitOverride();

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

addRollCommand(program);
addMigrateCommand(program);
addRebuildCommand(program);
addResetCommand(program);
addNetworkCommands(program.command('network'));

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
    historyShow(id, command.optsWithGlobals()['output']);
  });

program
  .command('unlock')
  .description('show which run holds the cluster, remove the lock of one that is dead, and lift the cordons runs left')
  .argument('<inventory>', 'the inventory file')
  .option('--force', 'remove the lock of a run that goes on; it stops before its next change', false)
  .addOption(new Option('--output <format>', 'text, or json: one object').choices(['text', 'json']).default('text'))
  .action(async (inventory: string, options) => {
    const { unlock } = await import('./unlock.ts');
    process.exitCode = await unlock(inventory, options);
  });

program
  .command('image')
  .description('build the image that brings the CNI plugins to nodes, as a file; `up` does it by itself')
  .argument('<inventory>', 'the inventory file')
  .requiredOption('--output <file>', 'where it goes: docker-archive and OCI layout in one')
  .action(async (inventory: string, { output }: { output: string }) => {
    const { image } = await import('./image.ts');
    await image(inventory, output);
  });

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

program
  .command('help')
  .description('explain a command, or an operation that playbooks may use')
  .argument('[topic]', 'a command or an operation')
  .action(async (topic: string | undefined) => {
    const command = program.commands.find((one) => one.name() === topic);
    if (topic === undefined || command) return (command ?? program).outputHelp();
    const { explainOperation } = await import('./help.ts');
    process.stdout.write(explainOperation(topic));
  });

// a plan says with 2 that there is something to do
const [, , called = ''] = process.argv;
const isPlan =
  called === 'plan' ||
  (['roll', 'rebuild', 'reset', 'migrate', 'network'].includes(called) && process.argv.includes('--plan'));
const mistake = isPlan ? 1 : 2;

const lostOutput = outliveOutputs({ 'standard output': process.stdout, 'standard error': process.stderr });
process.once('exit', () => {
  const lost = lostOutput();
  if (!lost) return;
  printError(lost);
  if (!process.exitCode || process.exitCode === 2) process.exitCode = mistake;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode && mistake;
  else {
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}
