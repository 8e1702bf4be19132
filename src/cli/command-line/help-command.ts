import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { findCommand, fullName, withCommandsBelow } from './find-command.ts';

/** Seen from the bundle. */
const docsFolder = join(import.meta.dirname, '../docs');

export function addHelpCommand(program: Command): void {
  program
    .command('help')
    .description('explain a command, or an operation that playbooks may use')
    .argument('[topic...]', 'a command or an operation')
    .action(async (words: readonly string[]) => {
      const command = findCommand(program, words);
      if (command) return command.outputHelp();
      const topic = words.join(' ');
      const { explainOperation, operationSummaries } = await import('./help.ts');
      const page = explainOperation(topic);
      if (page !== undefined) return void process.stdout.write(page);
      const { unknownTopic } = await import('./unknown-topic.ts');
      const [, ...commands] = withCommandsBelow(program);
      throw unknownTopic(topic, {
        commands: new Map(commands.map((one) => [fullName(one), one.description()])),
        operations: operationSummaries(),
        pages: await readdir(docsFolder).catch(() => []),
      });
    });
}
