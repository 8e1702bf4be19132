import { ProvisionError } from '../../errors.ts';
import { parseFlags } from '../flags/flags.ts';
import { type Command, type ExpandedWord, expandWords, parseCommands, type Specifiers } from './command-line.ts';
import { environmentFiles, readEnvironment, type Variable } from './environment.ts';
import { listAssignments, parseSystemctlCat, type UnitFile } from './unit-file.ts';

export interface UnitRequest {
  /** What `systemctl cat UNIT` printed. */
  readonly unitText: string;
  /** The texts of the unit's environment files by path. */
  readonly environmentTexts: ReadonlyMap<string, string>;
  /** The file we own. */
  readonly path: string;
  readonly specifiers?: Specifiers;
  /** The first line of the file that ExecStart names, to see that it is a script. */
  readonly firstLine?: string;
}

export interface UnitCommand {
  readonly command: Command;
  /** The file whose ExecStart counts. */
  readonly file: string;
  /** As the process gets them. */
  readonly words: readonly ExpandedWord[];
  readonly environment: ReadonlyMap<string, Variable>;
}

/** The command line of a unit as its own files make it, ours left out; throws for a unit that cannot be read so. */
export function readBase(request: UnitRequest): UnitCommand {
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

/** The file in which a flag of the command line is written: the unit, a drop-in or an environment file. */
export function sourceOfFlag({ words, environment, file }: UnitCommand, name: string): string {
  const found = parseFlags(words.map((word) => word.value)).findLast((flag) => flag.name === name);
  return environment.get(words[found?.start ?? -1]?.variable ?? '')?.file ?? file;
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
