import { type Flag, type FlagValue, renderFlag } from '../flags/flags.ts';
import { type Command, type ExpandedWord, quoteWord } from './command-line.ts';

export interface FlagEdit {
  readonly name: string;
  readonly value: FlagValue;
  /** The occurrences that have to give way; none means the flag is added at the end. */
  readonly replaces: readonly Flag[];
}

export interface EditedCommand {
  /** The words for ExecStart, those of one flag on one line. */
  readonly lines: readonly string[];
  /** The same as the process gets it. */
  readonly argv: readonly string[];
  readonly flattened: readonly string[];
}

interface Piece {
  readonly raw: string;
  readonly values: readonly string[];
}

/** Changes flags where they stand; what is not touched keeps its spelling, `$VAR`s included, unless a change falls inside one. */
export function editCommand(
  command: Command,
  words: readonly ExpandedWord[],
  flags: readonly Flag[],
  edits: readonly FlagEdit[],
  removals: readonly Flag[],
): EditedCommand {
  const quoting = { expandsVariables: !command.prefix.includes(':') };
  const replacement = new Map<number, readonly string[]>();
  for (const flag of [...removals, ...edits.flatMap((edit) => edit.replaces)]) {
    replacement.set(flag.start, []);
    if (flag.length === 2) replacement.set(flag.start + 1, []);
  }
  for (const { name, value, replaces } of edits) {
    const last = replaces.at(-1);
    if (last) replacement.set(last.start, renderFlag(name, value));
  }

  const touched = new Set([...replacement.keys()].map((index) => words[index]?.from));
  const flattened = new Set<string>();
  const pieces: Piece[] = [];
  for (const [from, word] of command.words.entries()) {
    const expanded = [...words.entries()].filter(([, candidate]) => candidate.from === from);
    if (!touched.has(from)) {
      pieces.push({ raw: protectLineStart(word.raw), values: expanded.map(([, { value }]) => value) });
      continue;
    }
    for (const [index, { value, variable }] of expanded) {
      if (variable !== undefined) flattened.add(variable);
      for (const text of replacement.get(index) ?? [value])
        pieces.push({ raw: quoteWord(text, quoting), values: [text] });
    }
  }
  const added = edits.filter((edit) => edit.replaces.length === 0).flatMap((edit) => renderFlag(edit.name, edit.value));
  pieces.push(...added.map((text) => ({ raw: quoteWord(text, quoting), values: [text] })));
  const argv = pieces.flatMap((piece) => piece.values);
  const withValue = new Set(flags.filter((flag) => flag.length === 2).map((flag) => `${words[flag.start]?.value}`));
  return { lines: joinPairs(pieces, withValue), argv, flattened: [...flattened] };
}

/** A line of a unit file that starts with one of these would be a comment. */
const protectLineStart = (raw: string): string => (/^[#;]/.test(raw) ? `"${raw}"` : raw);

function joinPairs(pieces: readonly Piece[], withValue: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  let isOpen = false;
  for (const { raw } of pieces) {
    if (isOpen) lines.push(`${lines.pop()} ${raw}`);
    else lines.push(raw);
    isOpen = !isOpen && withValue.has(raw);
  }
  return lines;
}
