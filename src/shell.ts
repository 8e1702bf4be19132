/** POSIX sh source in which every value from outside was quoted; made by `sh` and `joinScripts` alone. */
export class ShellScript {
  readonly source: string;

  private constructor(source: string) {
    this.source = source;
  }

  static trusted(source: string): ShellScript {
    return new ShellScript(source);
  }
}

type Interpolation = string | number | ShellScript | readonly string[];

/** One word for a POSIX shell, whatever it contains but NUL. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new TypeError('a shell word cannot contain NUL');
  return /^[A-Za-z0-9_\-+:,./@%]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function interpolate(value: Interpolation): string {
  if (value instanceof ShellScript) return value.source;
  if (typeof value === 'object') return value.map(quote).join(' ');
  return quote(String(value));
}

/**
 * Shell source: a string becomes one quoted word, a list one word each, a script stays as it is.
 * Backslashes reach the shell as written, but for the two that JavaScript needs: `\\${` and a backquote's.
 */
export function sh(strings: TemplateStringsArray, ...values: readonly Interpolation[]): ShellScript {
  const literal = strings.raw.map((text) => text.replaceAll('\\${', '${').replaceAll('\\`', '`'));
  return ShellScript.trusted(String.raw({ raw: literal }, ...values.map(interpolate)));
}

/** Scripts one after another, each on lines of its own. */
export const joinScripts = (scripts: readonly ShellScript[]): ShellScript =>
  ShellScript.trusted(scripts.map((script) => script.source).join('\n'));
