import { ProvisionError } from '../../errors.ts';

/** A word of an ExecStart: `raw` as written, `value` unquoted and with specifiers resolved, `$VAR` still in it. */
export interface Word {
  readonly raw: string;
  readonly value: string;
}

export interface Command {
  /** The characters `-@:+!|` before the path, in their order. */
  readonly prefix: string;
  /** The path comes first; its `value` has no prefix, its `raw` has. */
  readonly words: readonly Word[];
}

/** Values of systemd's specifiers by letter, for instance `{ H: 'node-1' }`; those not given stay as written. */
export type Specifiers = Readonly<Record<string, string>>;

/** The commands of one ExecStart value by systemd's rules; more than one where a lone `;` separates them. */
export function parseCommands(value: string, specifiers: Specifiers = {}): Command[] {
  const commands: { prefix: string; words: Word[] }[] = [];
  let words: Word[] | undefined;
  for (const word of splitWords(value)) {
    if (word.raw === ';') {
      words = undefined;
      continue;
    }
    const resolved = word.raw === '\\;' ? ';' : resolveSpecifiers(word.value, specifiers);
    if (words) {
      words.push({ raw: word.raw, value: resolved });
      continue;
    }
    const prefix = takePrefix(resolved);
    words = [{ raw: word.raw, value: resolved.slice(prefix.length) }];
    commands.push({ prefix, words });
  }
  return commands;
}

const takePrefix = (path: string): string => /^[-@:+!|]*/.exec(path)?.[0] ?? '';

const resolveSpecifiers = (text: string, specifiers: Specifiers): string =>
  text.replace(/%(.)/gs, (whole, letter: string) => (letter === '%' ? '%' : (specifiers[letter] ?? whole)));

export interface SplitRules {
  /** `escapes`: C escapes are decoded, as in unit files; `plain`: a backslash only protects the next character, as in the value of a `$VAR`. */
  readonly backslash: 'escapes' | 'plain';
}

/** Splits at whitespace outside quotes, like systemd's extract_first_word; throws COMMAND_LINE_UNREADABLE for an open quote. */
export function splitWords(text: string, rules: SplitRules = { backslash: 'escapes' }): Word[] {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (/[ \t\n\r]/.test(text.charAt(at))) at += 1;
    if (at >= text.length) return words;
    const start = at;
    let value = '';
    let quote = '';
    for (; at < text.length; at += 1) {
      const char = text.charAt(at);
      if (char === '\\') {
        const decoded = rules.backslash === 'plain' ? unprotect(text, at) : decodeEscape(text, at);
        value += decoded.value;
        at += decoded.length - 1;
      } else if (quote !== '') {
        if (char === quote) quote = '';
        else value += char;
      } else if (char === '"' || char === "'") quote = char;
      else if (/[ \t\n\r]/.test(char)) break;
      else value += char;
    }
    if (quote !== '' && rules.backslash === 'escapes') throw openQuote(text);
    words.push({ raw: text.slice(start, at), value });
  }
}

const openQuote = (text: string): ProvisionError =>
  new ProvisionError({
    code: 'COMMAND_LINE_UNREADABLE',
    kind: 'operation',
    what: 'A quote in a command line of a unit is never closed',
    why: text,
    fix: 'Close the quote in the unit; `systemd-analyze verify` shows whether systemd accepts it',
  });

const unprotect = (text: string, at: number): { value: string; length: number } => ({
  value: text.charAt(at + 1),
  length: 2,
});

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** An escape systemd does not know stays as it is, backslash and all. */
function decodeEscape(text: string, at: number): { value: string; length: number } {
  const simple = simpleEscapes[text.charAt(at + 1)];
  if (simple !== undefined) return { value: simple, length: 2 };
  const numeric = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/.exec(
    text.slice(at, at + 10),
  );
  const hex = numeric?.[1] ?? numeric?.[2] ?? numeric?.[3];
  const code = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(numeric?.[4] ?? '0', 8);
  if (numeric === null || code === 0 || code > 0x10ffff) return { value: text.slice(at, at + 2), length: 2 };
  return { value: String.fromCodePoint(code), length: numeric[0].length };
}

/** A word of the command line as the process gets it, with the word of the unit (its index) and the `$VAR` it came out of. */
export interface ExpandedWord {
  readonly value: string;
  readonly from: number;
  readonly variable?: string;
}

/** What systemd makes of a command's words when it starts the process; a lone `$VAR` becomes any number of words, and after `@` the second word stands for the path. */
export function expandWords(command: Command, environment: ReadonlyMap<string, string>): ExpandedWord[] {
  const isVerbatim = command.prefix.includes(':');
  return command.words.flatMap(({ value }, from): ExpandedWord[] => {
    if (from === 0 && command.prefix.includes('@')) return [];
    if (isVerbatim) return [{ value, from }];
    if (!/^\$(?![{$])/.test(value)) return [{ value: expandBraces(value, environment), from }];
    const variable = value.slice(1);
    const words = splitWords(environment.get(variable) ?? '', { backslash: 'plain' });
    return words.map((word) => ({ value: word.value, from, variable }));
  });
}

const expandBraces = (text: string, environment: ReadonlyMap<string, string>): string =>
  text.replace(/\$\$|\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : (environment.get(name ?? '') ?? ''),
  );

/** One word as it has to stand in an ExecStart so that the process gets exactly `value`. */
export function quoteWord(value: string, { expandsVariables = true } = {}): string {
  const escaped = value
    .replaceAll('%', '%%')
    .replaceAll('$', expandsVariables ? '$$$$' : '$$')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
  const isPlain = escaped === value.replaceAll('%', '%%').replaceAll('$', expandsVariables ? '$$$$' : '$$');
  return isPlain && /^[^\s'"#;\\][^\s'"\\]*$/.test(value) ? escaped : `"${escaped}"`;
}
