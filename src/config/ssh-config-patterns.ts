const toRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  );

/** As ssh_config(5) has it: one of the patterns fits, and none of those after a `!`. */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  const fits = (pattern: string) => toRegExp(pattern).test(name);
  const excluded = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return !excluded.some(fits) && patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern));
}

const isGlob = /[*?[]/;

/** Tells which names of files fit a pattern with `*`, `?`, `[a-z]` or `[!a-z]`; undefined for a name that is no pattern. */
export function compileGlob(pattern: string): ((name: string) => boolean) | undefined {
  if (!isGlob.test(pattern)) return undefined;
  const source = pattern.replace(/\[([!^]?)(\]?[^\]]*)\]|[*?]|[^\w]/g, (found, negation?: string, within?: string) => {
    if (within !== undefined) return `[${negation ? '^' : ''}${within.replace(/[[\]^]/g, '\\$&')}]`;
    return found === '*' ? '.*' : found === '?' ? '.' : `\\${found}`;
  });
  const isHidden = (name: string) => name.startsWith('.') && !pattern.startsWith('.');
  try {
    const fits = new RegExp(`^${source}$`, 's');
    return (name) => fits.test(name) && !isHidden(name);
  } catch {
    // a range that ends before it begins
    return () => false;
  }
}
