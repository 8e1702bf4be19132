import type { Command } from 'commander';
import { addAsking, addConcurrency, addNewHostKeys, addShowing, exitCodes } from '../command-line/options.ts';
import type { ResetOptions } from './reset.ts';

const examples = `
Examples:
  ./provision reset inventory.yaml --node node2 --plan    what would be done
  ./provision reset inventory.yaml --node node2 --drain   the plan, a question, and then its pods leave and it is reset
  ./provision reset inventory.yaml --node node2 --yes
`;

export function addResetCommand(program: Command): void {
  const command = program
    .command('reset')
    .description('remove from a node what provision has put there: files, units and routes as before the first run')
    .argument('<inventory>', 'the inventory file')
    .requiredOption('--node <name>', 'required: which one, a host of the inventory')
    .option('--drain', 'let its pods leave first, through the Eviction API, as the inventory says of roll', false)
    .option('--force', 'also where pods run there or somebody changed files since; copies of those stay', false)
    .addHelpText('after', `${examples}${exitCodes}`)
    .action(async (inventory: string, options: ResetOptions) => {
      const { reset } = await import('./reset.ts');
      process.exitCode = await reset(inventory, options);
    });
  addAsking(command, 'the first change');
  addConcurrency(command);
  addNewHostKeys(command);
  addShowing(command);
}
