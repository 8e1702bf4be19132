const secretKey = /\w*(?:pass(?:word|phrase|wd)?|secret)["']?\s*:/i;
const reference = /^\{\s*["']?(?:env|file|age)["']?\s*:[^,{}]*\}/;
const referenceKey = /^["']?(?:env|file|age)["']?\s*:/;
const mark = '…';

/** Whether what stands below this key is a secret. */
const isSecretKey = (key: PropertyKey): boolean => /(?:pass(?:word|phrase|wd)?|secret)$/i.test(String(key));

/** A line of a file without the secrets in it; `from` is the index where hidden text begins. */
interface ShownLine {
  readonly text: string;
  readonly from: number;
}

/** The line with the value of a key that names a secret taken out, unless the value says where the secret is. */
export function showLine(lines: readonly string[], index: number): ShownLine {
  const line = lines[index] ?? '';
  const indentation = line.length - line.trimStart().length;
  const isReference = [reference, referenceKey].some((form) => form.test(line.trimStart()));
  if (!isReference && isWithinSecret(lines, index))
    return { text: line.slice(0, indentation) + mark, from: indentation };
  for (let start = 0; ; ) {
    const found = secretKey.exec(line.slice(start));
    if (!found) return { text: line, from: line.length + 1 };
    start += found.index + found[0].length;
    const value = line.slice(start).trimStart();
    const from = line.length - value.length;
    if (value !== '' && !reference.test(value)) return { text: line.slice(0, from) + mark, from };
  }
}

/** One of the lines it is indented below, or the one just above that waits for a value, has a key that names a secret. */
function isWithinSecret(lines: readonly string[], index: number): boolean {
  let depth = depthOf(lines[index] ?? '');
  const above = lines.slice(0, index).filter((line) => /^\s*[^\s#]/.test(line));
  const last = above.at(-1) ?? '';
  if (!hasOwnKey(lines[index] ?? '') && secretKey.test(last) && /:\s*(?:#.*)?$/.test(last)) return true;
  for (const line of above.reverse()) {
    if (depthOf(line) >= depth) continue;
    depth = depthOf(line);
    if (secretKey.test(line)) return true;
  }
  return false;
}

/** An item of a list may stand as far to the left as the key it belongs to. */
const depthOf = (line: string): number => line.search(/\S|$/) + (/^\s*-\s/.test(line) ? 0.5 : 0);

const hasOwnKey = (line: string): boolean => /^\s*(?:-\s+)?["']?[\w.-]+["']?\s*:(?:\s|$)/.test(line);

/** `: "key"`, or nothing where the key may be a secret that was not put in quotes. */
export const sayKey = (path: readonly PropertyKey[], key: string): string =>
  path.some(isSecretKey) ? '' : `: "${key}"`;
