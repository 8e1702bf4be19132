import type { Command } from 'commander';
import { positive } from './numbers.ts';
import { outputFormat } from './options.ts';
import type { ResetOptions } from './reset.ts';

const examples = `
Examples:
  ./provision reset inventory.yaml --node node2 --plan    what would be done
  ./provision reset inventory.yaml --node node2 --drain   the plan, a question, and then its pods leave and it is reset
  ./provision reset inventory.yaml --node node2 --yes

Exit code: 0 done, or nothing to do; 1 the question was not answered with y; 130 stopped;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;

export function addResetCommand(program: Command): void {
  program
    .command('reset')
    .description('remove from a node what provision has put there: files, units and routes as before the first run')
    .argument('<inventory>', 'the inventory file')
    .requiredOption('--node <name>', 'which one: a host of the inventory')
    .option('--drain', 'let its pods leave first, through the Eviction API, as the inventory says of roll', false)
    .option('--force', 'also where pods run there or somebody changed files since; copies of those stay', false)
    .option('--plan', 'show what would be done, and change nothing on any host', false)
    .option('--yes', 'do not ask before the first change', false)
    .option('--concurrency <n>', 'how many hosts at once', positive, 50)
    .option('--accept-new-host-keys', 'trust and record the key of a host seen for the first time', false)
    .addOption(outputFormat())
    .option('--verbose', 'show every task and what it changes', false)
    .option('--debug', 'tell on standard error what each command on a host carried and how it ended', false)
    .addHelpText('after', examples)
    .action(async (inventory: string, options: ResetOptions) => {
      const { reset } = await import('./reset.ts');
      process.exitCode = await reset(inventory, options);
    });
}
