import { ProvisionError } from '../../errors.ts';
import { binaryIndex, readBase, type UnitCommand, type UnitRequest } from '../../kubernetes/units/unit-command.ts';
import { ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readLines } from '../fields.ts';
import { parseUnitFiles } from './unit-flags-state.ts';

/** The command line of a unit's process beside the one that its files make now. */
export interface ProcessCommand {
  readonly running: readonly string[];
  readonly wanted: readonly string[];
  /** Variables of the unit that no file sets: the manager's own environment may. */
  readonly hasUnknown: boolean;
  /** Digest of the texts that make the command line. */
  readonly texts: string;
}

/** Comes after `seeUnitFiles`. */
export const seeCommand = (unit: string): ShellScript => sh`once ${`files-${unit}`} see_unit_files ${unit}
echo "running $(running_words ${unit} | encode)"
echo "texts $(texts_digest ${unit})"`;

/** The shell function `texts_digest UNIT`; comes after `seeUnitFiles`. */
export const textsDigest = ShellScript.trusted(`
texts_digest() { _sum=$(unit_texts "$1" | sha256sum) && printf %s "\${_sum%% *}"; }
`);

/** Undefined where it was not asked for, where nothing runs, or where the unit starts something else than one binary. */
export function parseCommand(output: string, unit: string): ProcessCommand | undefined {
  const field = (name: string): string => readLines(output).find(([key]) => key === name)?.[1] ?? '';
  const running = decodeBase64(field('running')).split('\0').slice(0, -1);
  const files = parseUnitFiles(readLines(output), unit);
  const base = running.length === 0 || files === null ? undefined : readUnit({ ...files, path: '/none' });
  if (base === undefined) return undefined;
  const words = base.words.map(({ value }) => value);
  const names = base.command.words.flatMap(({ value }) =>
    [...value.matchAll(/^\$(\w+)$|\$\{(\w+)\}/g)].map((match) => match[1] ?? match[2] ?? ''),
  );
  const hasUnknown = names.some((name) => !base.environment.has(name));
  return { running, wanted: words.slice(binaryIndex(words)), hasUnknown, texts: field('texts') };
}

function readUnit(request: UnitRequest): UnitCommand | undefined {
  try {
    return readBase(request);
  } catch (error) {
    if (error instanceof ProvisionError) return undefined;
    throw error;
  }
}

/** Whether the process was started with other words than its unit's files say by now; false where that cannot be told. */
export function isStale({ running, wanted, hasUnknown }: ProcessCommand): boolean {
  const [program = '', ...words] = wanted;
  const nameOf = (path = ''): string => path.slice(path.lastIndexOf('/') + 1);
  if (nameOf(program) !== nameOf(running[0]) || words.some((word) => /%[a-zA-Z]/.test(word))) return false;
  if (hasUnknown) return words.some((word) => !running.includes(word));
  return JSON.stringify(words) !== JSON.stringify(running.slice(1));
}
