import { Command, CommanderError, Option } from 'commander';
import { addLabCommands } from './lab.ts';
import { positive } from './numbers.ts';
import { exitCodeOf, printError } from './output.ts';

const words = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const program = new Command('provision')
  .description('Gives a binary-installed Kubernetes its pod network over SSH, keeps it, and brings it back.')
  .version('0.1.0')
  .helpCommand(false)
  .showHelpAfterError('(provision --help lists commands and options)')
  .exitOverride();

program
  .command('up')
  .description('bring the hosts of an inventory to what it says: NotReady nodes turn Ready')
  .argument('<inventory>', 'the inventory file')
  .option('--limit <hosts>', 'only these hosts: names, groups and globs by commas, ! before what is left out')
  .option('--tags <tags>', 'only tasks with one of these tags', words)
  .option('--concurrency <n>', 'how many hosts at once', positive, 50)
  .option('--verify', 'prove the datapath even if nothing changed', false)
  .option('--accept-new-host-keys', 'trust and record the key of a host seen for the first time', false)
  .addOption(
    new Option('--output <format>', 'text, or json: an event a line').choices(['text', 'json']).default('text'),
  )
  .option('--verbose', 'show every task and what it changes', false)
  .action(async (inventory: string, options) => {
    const { up } = await import('./up.ts');
    process.exitCode = await up(inventory, options);
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

// who reads may leave (`provision … | head`); a run under way goes on to its end all the same
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}
