import sshConfig from 'ssh-config';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Location } from '../location.ts';

/** A line of an ssh_config file; `Host` and `Match` open a section, which ends where its file does or with the next. */
export interface SshDirective {
  /** In lower case. */
  readonly keyword: string;
  readonly values: readonly string[];
  readonly place: Location;
  /** The sections it stands in: more than one in an included file. */
  readonly within: readonly SshDirective[];
}

export interface SshConfigText {
  readonly file: string;
  readonly text: string;
}

/** The files that a pattern of an `Include` names, in the order of their names. */
export type ReadIncluded = (pattern: string) => readonly SshConfigText[];

const deepest = 16;

/** Variables, tokens, escapes, classes with a name and folders of other users. */
const notFollowed = /[$%\\]|\[:|^~(?!\/)/;

/** The lines of a file and of those it includes, in the order in which they count. Throws ProvisionErrors. */
export function parseSshConfig(source: SshConfigText, include: ReadIncluded): readonly SshDirective[] {
  return parseText(source, include, [], 0);
}

function parseText(
  { file, text }: SshConfigText,
  include: ReadIncluded,
  outer: readonly SshDirective[],
  depth: number,
): readonly SshDirective[] {
  let within = outer;
  return text.split(/\r?\n/).flatMap((line, index): readonly SshDirective[] => {
    const column = line.length - line.trimStart().length + 1;
    const place: Location = { file, line: index + 1, column, text: line, length: Math.max(1, line.trim().length) };
    const found = readLine(line, place);
    if (!found) return [];
    const [keyword, values] = found;
    if (keyword === 'include') {
      if (depth === deepest) throw invalid('Files include each other too deeply', place);
      if (values.some((pattern) => notFollowed.test(pattern))) throw unsupportedInclude(place);
      return values.flatMap(include).flatMap((one) => parseText(one, include, within, depth + 1));
    }
    const isSection = keyword === 'host' || keyword === 'match';
    const directive: SshDirective = { keyword, values, place, within: isSection ? outer : within };
    if (isSection) within = [...outer, directive];
    return [directive];
  });
}

function readLine(line: string, place: Location): readonly [string, readonly string[]] | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  try {
    const first = sshConfig.parse(line)[0];
    if (first && 'param' in first && first.value.length > 0) {
      const values = typeof first.value === 'string' ? [first.value] : first.value.map(({ val }) => val);
      return [first.param.toLowerCase(), values];
    }
  } catch {
    // said below
  }
  throw invalid('Not a keyword with a value', place);
}

const unsupportedInclude = (where: Location): ProvisionErrors =>
  new ProvisionErrors([
    new ProvisionError({
      code: 'SSH_CONFIG_UNSUPPORTED',
      kind: 'config',
      what: 'Variables, tokens and escapes in an Include of ssh_config are not understood, and it may decide how a host of the inventory is reached',
      where,
      fix: 'Write the path as it is, with ~/, *, ? and [a-z] where needed, or name another file with ssh_config_file.',
    }),
  ]);

const invalid = (what: string, where: Location): ProvisionErrors =>
  new ProvisionErrors([
    new ProvisionError({
      code: 'CONFIG_INVALID',
      kind: 'config',
      what,
      where,
      fix: 'Correct the line; ssh_config(5) describes the file.',
    }),
  ]);
