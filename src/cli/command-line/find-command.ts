import type { Command } from 'commander';

/** Its name as it is typed: `network change`. */
export const fullName = (command: Command): string =>
  command.parent === null ? '' : [fullName(command.parent), command.name()].filter((word) => word !== '').join(' ');

/** The command of these words; undefined where there is none. */
export const findCommand = (program: Command, words: readonly string[]): Command | undefined =>
  words.reduce<Command | undefined>((command, word) => command?.commands.find((one) => one.name() === word), program);

/** A command and all below it. */
export const withCommandsBelow = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withCommandsBelow),
];

/** What is typed wrong is answered with where the help of that very command is. */
export function pointToHelp(program: Command): void {
  for (const command of withCommandsBelow(program)) {
    const name = ['provision', fullName(command)].join(' ').trim();
    const what = command.commands.length > 0 ? 'commands and options' : 'arguments and options';
    command.showHelpAfterError(`(${name} --help lists ${what})`);
    if (command === program || command.commands.length === 0) continue;
    const first = command.commands.map((one) => one.name()).join(' | ');
    command.addHelpText('after', `\nMore of one of them: ${name} ${first} --help`);
  }
}
