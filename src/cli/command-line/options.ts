import { type Command, Option } from 'commander';
import { positive } from './numbers.ts';

/** Parses names separated by commas. */
export const words = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Of every command that goes to hosts: how many of them at once. */
export const addConcurrency = (command: Command): Command =>
  command.option('--concurrency <n>', 'how many hosts at once', positive, 50);

export const addVerify = (command: Command): Command =>
  command.option('--verify', 'prove the datapath even if nothing changed', false);

export const addNewHostKeys = (command: Command): Command =>
  command.option('--accept-new-host-keys', 'trust and record the key of a host seen for the first time', false);

/** Of commands that show their plan and ask; `asks` says before what. */
export const addAsking = (command: Command, asks: string): Command =>
  command
    .option('--plan', 'show what would be done, and change nothing on any host', false)
    .option('--yes', `do not ask before ${asks}`, false);

/** Of commands that go from node to node in batches. */
export const addBatches = (command: Command): Command =>
  command
    .option('--set <key=value>', 'a setting for this run alone, before the inventory; may be given again', collect)
    .option('--batches <sizes>', 'nodes at a time: numbers or percentages by commas, the last one repeating', words)
    .option('--canary <hosts>', 'the first batch: names, groups and globs by commas', words)
    .option('--max-unavailable <n>', 'how many Nodes of the cluster may be down, or how many percent of them')
    .option('--soak <seconds>', 'how long a batch has to stay well before the next one begins')
    .option('--delete-bare-pods', 'draining may end pods that nobody makes again')
    .option('--delete-empty-dir', 'draining may end pods with an emptyDir, whose files go')
    .option('--keep-failed', 'leave a node that failed as it is, cordoned, for a look at it', false);

/** How a run is shown. */
export const addShowing = (command: Command): Command =>
  command
    .addOption(
      new Option('--output <format>', 'text, or json: an event a line').choices(['text', 'json']).default('text'),
    )
    .option('--verbose', 'show every task and what it changes', false)
    .option('--debug', 'tell on standard error what each command on a host carried and how it ended', false);

/** For the help of commands that show their plan and ask. */
export const exitCodes = `
Exit code: 0 done, or nothing to do; 1 the question was not answered with y; 130 stopped;
2 to 5 for errors. With --plan that of \`plan\`: 2 something to do, 1 and 3 to 5 for errors.`;
