import type { Command } from 'commander';
import { positive } from '../command-line/numbers.ts';
import { addAsking, addNewHostKeys, addShowing, addVerify } from '../command-line/options.ts';
import type { NetworkChangeOptions } from './network-change.ts';

const examples = `
Examples:
  ./provision network change inventory.yaml --plan    what would be done, and what pods are to expect
  ./provision network change inventory.yaml           the plan, a question, and then the change

The inventory says the agent, the backend, the port and the VNI to come. All hosts change together, so there is no
--limit. What was cut off goes on with ./provision resume; ./provision undo brings back what was there before
(docs/network-change.md).
Exit code: 0 done, or nothing to change; 1 the question was not answered with y; 130 interrupted;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;

/** Adds the commands below `network`. */
export function addNetworkCommands(network: Command): void {
  network.description('change what carries packets between pods of a cluster that runs').helpCommand(false);

  const command = network
    .command('change')
    .description('give all hosts together another agent or backend of the pod network; pods keep their addresses')
    .argument('<inventory>', 'the inventory file, with the agent and the backend to come')
    .option('--concurrency <n>', 'how many hosts at once; the cut is longer where they are more', positive, 200)
    .addHelpText('after', examples)
    .action(async (inventory: string, given: Omit<NetworkChangeOptions, 'recreatePods'>) => {
      const { networkChange } = await import('./network-change.ts');
      process.exitCode = await networkChange(inventory, { ...given, recreatePods: false });
    });
  addAsking(command, 'the first host is changed');
  addVerify(command);
  addNewHostKeys(command);
  addShowing(command);
}
