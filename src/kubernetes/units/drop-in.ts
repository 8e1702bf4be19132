import { countingOccurrences, type Flag, parseFlags, saysTheSame, type WantedFlags } from '../flags/flags.ts';
import { type Binary, unknownInUnit, unknownWanted } from '../flags/unknown-flags.ts';
import { type Awaited, renderDropIn } from './drop-in-text.ts';
import { editCommand } from './edit-command.ts';
import { binaryIndex, readBase, type UnitRequest } from './unit-command.ts';

export interface DropInRequest extends UnitRequest {
  readonly flags: WantedFlags;
  /** The one that ExecStart starts, where it is known which flags it knows; else no flag is called unknown. */
  readonly binary?: Binary;
  readonly dropUnknownFlags?: boolean;
  /** A file that sets these flags, by the variables that it has their values in, and the unit that writes it. */
  readonly awaited?: Awaited & { readonly variables: Readonly<Record<string, string>> };
}

export interface DropIn {
  readonly path: string;
  /** The text our file has to have; null when it is not needed and has to go. */
  readonly content: string | null;
  /** The command line without our file, and with it. */
  readonly base: readonly string[];
  readonly effective: readonly string[];
  /** The `$VAR`s written out because a flag inside them had to change. */
  readonly flattened: readonly string[];
  /** Flags of the operator's unit left out because the binary does not know them. */
  readonly dropped: readonly string[];
}

/** Compiles the inventory's flags into the drop-in that adds them to the operator's unit; throws a ProvisionError where it cannot. */
export function compileDropIn(request: DropInRequest): DropIn {
  const { command, file, words, environment } = readBase(request);
  const base = words.map((word) => word.value);
  const { binary, awaited } = request;
  const fromFile = Object.entries(awaited?.variables ?? {}).map(([flag, name]) => [flag, placeFor(name)] as const);
  const wanted = [...Object.entries(request.flags), ...fromFile];
  const unknownNames = wanted.map(([name]) => name).filter((name) => binary && !binary.known.has(name));
  if (binary && unknownNames.length > 0) throw unknownWanted(unknownNames, binary);

  const first = binaryIndex(base);
  const own = parseFlags(base, binary?.known).filter((flag) => flag.start > first);
  const unknown = own.filter(({ name }) => binary && !binary.known.has(name));
  if (binary && unknown.length > 0 && !request.dropUnknownFlags) {
    const sourceOf = ({ start }: Flag): string => environment.get(words[start]?.variable ?? '')?.file ?? file;
    throw unknownInUnit(
      unknown.map((flag) => ({ name: flag.name, source: sourceOf(flag) })),
      binary,
    );
  }

  const edits = wanted
    .map(([name, value]) => ({ name, value, replaces: countingOccurrences(own, name, value) }))
    .filter(({ replaces, value }) => !saysTheSame(replaces, value));
  if (edits.length === 0 && unknown.length === 0)
    return { path: request.path, content: null, base, effective: base, flattened: [], dropped: [] };

  const { lines, argv, flattened } = editCommand(command, words, own, edits, unknown);
  return {
    path: request.path,
    content: renderDropIn(lines.map(withVariables), awaited),
    base,
    effective: argv.map(withVariables),
    flattened,
    dropped: unknown.map((flag) => flag.name),
  };
}

/** Nothing that systemd expands, until the flag has found its place. */
const placeFor = (variable: string): string => `@@${variable}@@`;
const withVariables = (word: string): string => word.replaceAll(/@@(\w+)@@/g, (_, name: string) => `\${${name}}`);
