import { ProvisionError } from '../errors.ts';
import { type Command, type ExpandedWord, expandWords, parseCommands, type Specifiers } from './command-line.ts';
import { renderDropIn } from './drop-in-text.ts';
import { editCommand } from './edit-command.ts';
import { environmentFiles, readEnvironment, type Variable } from './environment.ts';
import { countingOccurrences, type Flag, type KnownFlags, parseFlags, saysTheSame, type WantedFlags } from './flags.ts';
import { nearestFlag } from './known-flags.ts';
import { listAssignments, parseSystemctlCat, type UnitFile } from './unit-file.ts';

export interface DropInRequest {
  /** What `systemctl cat UNIT` printed. */
  readonly unitText: string;
  /** The texts of the unit's environment files by path. */
  readonly environmentTexts: ReadonlyMap<string, string>;
  /** The file we own. */
  readonly path: string;
  readonly flags: WantedFlags;
  /** What the binary's `--help` lists; without it no flag is called unknown. */
  readonly known?: KnownFlags;
  readonly dropUnknownFlags?: boolean;
  readonly specifiers?: Specifiers;
  /** The first line of the file that ExecStart names, to see that it is a script. */
  readonly firstLine?: string;
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

/** The command line of a unit as its own files make it, ours left out; throws for a unit that cannot be read so. */
export function readBase(request: Omit<DropInRequest, 'flags'>): {
  command: Command;
  file: string;
  words: readonly ExpandedWord[];
  environment: ReadonlyMap<string, Variable>;
} {
  const files = parseSystemctlCat(request.unitText);
  const base = files.filter((file) => file.path !== request.path);
  refuseLaterReset(base, request.path);
  for (const { path, isOptional } of environmentFiles(base))
    if (!isOptional && !/[*?[]/.test(path) && !request.environmentTexts.has(path)) throw environmentFileMissing(path);
  const starts = listAssignments(base, 'Service', 'ExecStart');
  const commands = starts.flatMap(({ value, file }) =>
    parseCommands(value, request.specifiers).map((command) => ({ command, file })),
  );
  const [only, second] = commands;
  if (only === undefined || second !== undefined) throw notOneCommand(base, commands.length);
  refuseScript(only.command, only.file, request.firstLine);
  const environment = readEnvironment(base, request.environmentTexts);
  const values = new Map([...environment].map(([name, { value }]) => [name, value]));
  return { ...only, words: expandWords(only.command, values), environment };
}

/** Compiles the inventory's flags into the drop-in that adds them to the operator's unit; throws a ProvisionError where it cannot. */
export function compileDropIn(request: DropInRequest): DropIn {
  const { command, file, words, environment } = readBase(request);
  const base = words.map((word) => word.value);
  const wanted = Object.entries(request.flags);
  refuseUnknownWanted(
    wanted.map(([name]) => name),
    request.known,
  );

  const binary = binaryIndex(base);
  const own = parseFlags(base, request.known).filter((flag) => flag.start > binary);
  const unknown = own.filter((flag) => request.known !== undefined && !request.known.has(flag.name));
  const [firstUnknown] = request.dropUnknownFlags ? [] : unknown;
  if (firstUnknown) throw unknownInUnit(firstUnknown, words[firstUnknown.start], file, environment, request.known);

  const edits = wanted
    .map(([name, value]) => ({ name, value, replaces: countingOccurrences(own, name, value) }))
    .filter(({ replaces, value }) => !saysTheSame(replaces, value));
  if (edits.length === 0 && unknown.length === 0)
    return { path: request.path, content: null, base, effective: base, flattened: [], dropped: [] };

  const { lines, argv, flattened } = editCommand(command, words, own, edits, unknown);
  return {
    path: request.path,
    content: renderDropIn(lines),
    base,
    effective: argv,
    flattened,
    dropped: unknown.map((flag) => flag.name),
  };
}

const wrappers = new Set(['chrt', 'env', 'ionice', 'nice', 'numactl', 'prlimit', 'setpriv', 'stdbuf', 'taskset']);

/** Where in an argv the binary stands that the flags belong to: after `taskset -c 0` and its like. */
export function binaryIndex(argv: readonly string[]): number {
  if (!wrappers.has(nameOf(argv[0] ?? ''))) return 0;
  const index = argv.findIndex((word, at) => at > 0 && word.startsWith('/') && !wrappers.has(nameOf(word)));
  return Math.max(0, index);
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function refuseLaterReset(base: readonly UnitFile[], ours: string): void {
  const later = base
    .slice(1)
    .find((file) => nameOf(file.path) > nameOf(ours) && file.directives.some((line) => line.key === 'ExecStart'));
  if (!later) return;
  throw new ProvisionError({
    code: 'DROP_IN_OVERRIDDEN',
    kind: 'operation',
    what: `${later.path} sets ExecStart and sorts after ${nameOf(ours)}, so ours would have no effect`,
    where: later.path,
    fix: `Rename ${nameOf(later.path)} so that it sorts before ${nameOf(ours)}, then systemctl daemon-reload`,
  });
}

const environmentFileMissing = (path: string): ProvisionError =>
  new ProvisionError({
    code: 'ENVIRONMENT_FILE_MISSING',
    kind: 'operation',
    what: `The unit needs the environment file ${path}, which is not there`,
    fix: `Restore ${path}, or write EnvironmentFile=-${path} in the unit if it may be missing`,
  });

const notOneCommand = (files: readonly UnitFile[], count: number): ProvisionError =>
  new ProvisionError({
    code: 'UNIT_NOT_ONE_COMMAND',
    kind: 'operation',
    what: `The unit has ${count === 0 ? 'no' : count} commands in ExecStart, and flags can only be added to one`,
    where: files.map((file) => file.path).join(', '),
    fix: 'Give the unit one ExecStart that starts the binary itself',
  });

function refuseScript(command: Command, file: string, firstLine = ''): void {
  const path = command.words[0]?.value ?? '';
  if (!/^(ba|da|a|z|k)?sh$|\.sh$/.test(nameOf(path)) && !firstLine.startsWith('#!')) return;
  throw new ProvisionError({
    code: 'UNIT_IS_SCRIPT',
    kind: 'operation',
    what: `ExecStart runs a script (${path}), whose command line cannot be changed from outside`,
    where: file,
    fix: 'Let ExecStart name the binary itself, with its flags or variables of an EnvironmentFile, and keep the script in ExecStartPre',
  });
}

const suggestion = (name: string, known: KnownFlags): string => {
  const nearest = nearestFlag(name, known);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
};

function refuseUnknownWanted(names: readonly string[], known: KnownFlags | undefined): void {
  const name = names.find((candidate) => known !== undefined && !known.has(candidate));
  if (name === undefined || known === undefined) return;
  throw new ProvisionError({
    code: 'FLAG_UNKNOWN',
    kind: 'config',
    what: `The binary on this host does not know --${name}${suggestion(name, known)}`,
    why: 'An unknown flag makes it exit at start',
    fix: `Correct or remove "${name}" in the inventory`,
  });
}

function unknownInUnit(
  flag: Flag,
  word: ExpandedWord | undefined,
  file: string,
  environment: ReadonlyMap<string, Variable>,
  known: KnownFlags | undefined,
): ProvisionError {
  const source = environment.get(word?.variable ?? '')?.file ?? file;
  return new ProvisionError({
    code: 'FLAG_UNKNOWN',
    kind: 'operation',
    what: `${source} sets --${flag.name}, which the binary on this host does not know${known ? suggestion(flag.name, known) : ''}`,
    where: source,
    why: 'An unknown flag makes it exit at start',
    fix: `Remove --${flag.name} from ${source}, or set drop_unknown_flags: true to leave such flags out`,
  });
}
