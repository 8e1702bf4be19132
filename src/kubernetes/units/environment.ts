import { splitWords } from './command-line.ts';
import { listAssignments, type UnitFile } from './unit-file.ts';

export interface Variable {
  readonly value: string;
  /** The unit file or environment file that set it. */
  readonly file: string;
}

export interface EnvironmentFile {
  /** May be a glob, as systemd allows. */
  readonly path: string;
  /** Written with a leading `-`: it may be missing. */
  readonly isOptional: boolean;
}

export const environmentFiles = (files: readonly UnitFile[]): EnvironmentFile[] =>
  listAssignments(files, 'Service', 'EnvironmentFile').map(({ value }) => ({
    path: value.replace(/^-/, ''),
    isOptional: value.startsWith('-'),
  }));

/** The variables a service's command line is expanded with: Environment= first, then each file, the later winning. */
export function readEnvironment(
  files: readonly UnitFile[],
  texts: ReadonlyMap<string, string>,
): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const { value, file } of listAssignments(files, 'Service', 'Environment'))
    for (const word of splitWords(value)) {
      const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word.value) ?? [];
      if (name !== undefined && text !== undefined) variables.set(name, { value: text.replaceAll('%%', '%'), file });
    }
  for (const { path } of environmentFiles(files))
    for (const file of [...texts.keys()].filter((candidate) => matchesGlob(candidate, path)).sort())
      for (const [name, value] of parseEnvironmentFile(texts.get(file) ?? '')) variables.set(name, { value, file });
  return variables;
}

const matchesGlob = (path: string, glob: string): boolean =>
  path === glob ||
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  ).test(path);

/**
 * systemd's own syntax of an EnvironmentFile, which is not the shell's: no expansion, no `export`,
 * quotes may open and close several times in a value, a backslash before a newline joins lines.
 */
export function parseEnvironmentFile(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  let rest = text.replaceAll('\r\n', '\n');
  while (rest !== '') {
    const ignored = /^(?:[ \t\n\r]+|[#;](?:\\[\s\S]|[^\\\n])*\\?)/.exec(rest);
    if (ignored) {
      rest = rest.slice(ignored[0].length);
      continue;
    }
    const key = /^(.[^=\n]*)=/.exec(rest);
    if (!key) {
      rest = rest.replace(/^[^\n]*/, '');
      continue;
    }
    const { value, length } = readValue(rest.slice(key[0].length));
    const name = (key[1] ?? '').trim();
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) variables.set(name, value);
    rest = rest.slice(key[0].length + length);
  }
  return variables;
}

/** The value at the start of `text` and how many characters it takes, without the newline that ends it. */
function readValue(text: string): { value: string; length: number } {
  let value = '';
  let at = 0;
  while (at < text.length && text.charAt(at) !== '\n') {
    const rest = text.slice(at);
    const quoted = /^'([^']*)(?:'|$)/.exec(rest) ?? /^"((?:\\[\s\S]|[^"\\])*)(?:\\?$|")/.exec(rest);
    const blank = /^[ \t\r]+/.exec(rest);
    if (blank) at += blank[0].length;
    else if (quoted) {
      value += rest.startsWith("'") ? (quoted[1] ?? '') : unescapeQuoted(quoted[1] ?? '');
      at += quoted[0].length;
    } else {
      const bare = /^(?:\\[\s\S]|[^\\\n])+\\?/.exec(rest)?.[0] ?? rest.charAt(0);
      value += unescapeBare(bare);
      at += bare.length;
    }
  }
  return { value, length: at };
}

const unescapeQuoted = (text: string): string =>
  text.replace(/\\([\s\S])/g, (whole, char: string) => {
    if ('"\\`$'.includes(char)) return char;
    return char === '\n' ? '' : whole;
  });

/** Unescaped blanks at the end fall away, escaped ones stay. */
function unescapeBare(text: string): string {
  const kept = /^(?:\\[\s\S]|[^\\]*[^\\\s]|\s+(?=\\|\S))*/.exec(text)?.[0] ?? '';
  return kept.replace(/\\([\s\S])/g, (_, char: string) => (char === '\n' ? '' : char));
}
