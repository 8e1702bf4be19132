import { isMap, isScalar, isSeq, type Node, Scalar, stringify } from 'yaml';
import { afterColon, columnOf, endOf, findPlace, NotEditable, type Place, startOf } from './yaml-text.ts';

const options = { version: '1.1', lineWidth: 0 } as const;

/** What stands behind the colon of a field, blanks and line ends before it included; undefined where the field is not there. */
export function rawField(text: string, path: readonly string[]): string | undefined {
  const { pair, depth } = findPlace(text, path);
  if (pair === undefined || depth < path.length - 1) return undefined;
  return text.slice(afterColon(text, pair), endOf(text, pair));
}

/** Puts back what `rawField` gave. */
export function replaceRaw(text: string, path: readonly string[], raw: string): string {
  const { pair } = findPlace(text, path);
  if (pair === undefined) throw new NotEditable(`${path.join('.')} is not there`);
  return text.slice(0, afterColon(text, pair)) + raw + text.slice(endOf(text, pair));
}

/** Gives a field that is there another value, in the style of the old one. */
export function changeField(text: string, path: readonly string[], value: unknown): string {
  const place = findPlace(text, path);
  const { pair } = place;
  if (pair === undefined) throw new NotEditable(`${path.join('.')} is not there`);
  const old = pair.value;
  const start = old?.range && old.range[1] > old.range[0] ? old.range[0] : undefined;
  const gap = start === undefined ? ' ' : text.slice(afterColon(text, pair), start);
  if (start !== undefined && isSeq(old) && !old.flow && Array.isArray(value) && value.length > 0) {
    const indent = ' '.repeat(columnOf(text, start));
    return replaceRaw(text, path, gap + inLines(text, stringify(value, options).trimEnd(), indent));
  }
  const isBlock = (isMap(old) || isSeq(old)) && !old.flow;
  return replaceRaw(text, path, (isBlock ? ' ' : gap) + renderFlow(place, value, old));
}

/** Adds a field at the end of its map, with the maps around it that are missing; `made` says how many those are. */
export function addField(
  text: string,
  path: readonly string[],
  value: unknown,
): { readonly text: string; readonly made: number } {
  const place = findPlace(text, path);
  const { map, depth, isFlow } = place;
  const last = map.items.at(-1);
  const key = path[depth];
  if (last === undefined || key === undefined) throw new NotEditable(`${path.slice(0, depth).join('.')} is empty`);
  const inner = path.slice(depth + 1).reduceRight<unknown>((nested, step) => ({ [step]: nested }), value);
  const made = path.length - depth - 1;
  const end = endOf(text, last);
  if (isFlow) {
    const added = separatorOf(text, place) + renderPair(text, place, key, inner);
    return { text: text.slice(0, end) + added + text.slice(end), made };
  }
  const indent = ' '.repeat(columnOf(text, startOf(last)));
  const lines =
    indent + inLines(text, stringify({ [key]: inner }, { ...options, indent: indentOf(text) }).trimEnd(), indent);
  const eol = endOfLine(text);
  const newline = text.indexOf('\n', end);
  if (newline === -1) return { text: text + eol + lines, made };
  return { text: text.slice(0, newline + 1) + lines + eol + text.slice(newline + 1), made };
}

/** Takes a field away, and of the `made` maps around it those that it leaves empty. */
export function dropField(text: string, path: readonly string[], made: number): string {
  const { map, pair, isFlow, depth } = findPlace(text, path);
  if (pair === undefined || depth < path.length - 1) throw new NotEditable(`${path.join('.')} is not there`);
  if (map.items.length === 1 && made > 0) return dropField(text, path.slice(0, -1), made - 1);
  const [start, end] = [startOf(pair), endOf(text, pair)];
  if (isFlow) {
    const index = map.items.indexOf(pair);
    const [before, after] = [map.items[index - 1], map.items[index + 1]];
    if (before) return text.slice(0, endOf(text, before)) + text.slice(end);
    return text.slice(0, start) + text.slice(after ? startOf(after) : end);
  }
  columnOf(text, start);
  const line = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  if (newline !== -1) return text.slice(0, line) + text.slice(newline + 1);
  return text.slice(0, line).replace(/\r?\n$/, '');
}

/** How many blanks further the first map inside a map stands. */
function indentOf(text: string): number {
  const [, outer = '', inner = ''] =
    /^( *)[^\s#][^\n]*:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*( +)[^\s#-]/m.exec(text) ?? [];
  return inner.length > outer.length ? inner.length - outer.length : 2;
}

const endOfLine = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

const inLines = (text: string, rendered: string, indent: string): string =>
  rendered.replaceAll('\n', endOfLine(text) + indent);

const isJson = ({ map, isFlow }: Place): boolean =>
  isFlow && map.items.every(({ key }) => isScalar(key) && key.type === Scalar.QUOTE_DOUBLE);

/** One line, in the quotes of the value that was there. */
function renderFlow(place: Place, value: unknown, old: Node | null): string {
  if (isJson(place)) return JSON.stringify(value);
  const wanted = new Scalar(value);
  const hasQuotes = isScalar(old) && (old.type === Scalar.QUOTE_DOUBLE || old.type === Scalar.QUOTE_SINGLE);
  if (hasQuotes && typeof value === 'string') wanted.type = old.type as 'QUOTE_DOUBLE' | 'QUOTE_SINGLE';
  const shown = typeof value === 'object' ? value : wanted;
  return stringify([shown], { ...options, collectionStyle: 'flow' })
    .trimEnd()
    .slice(2, -2);
}

function renderPair(text: string, place: Place, key: string, value: unknown): string {
  if (!isJson(place))
    return stringify({ [key]: value }, { ...options, collectionStyle: 'flow' })
      .trimEnd()
      .slice(2, -2);
  const last = place.map.items.at(-1);
  const gap = last?.value?.range ? text.slice(last.key.range?.[1], last.value.range[0]) : ': ';
  return JSON.stringify(key) + gap + JSON.stringify(value);
}

/** What stands between two pairs of a map in braces. */
function separatorOf(text: string, { map }: Place): string {
  const [last, before] = [map.items.at(-1), map.items.at(-2)];
  const between = last && before ? text.slice(endOf(text, before), startOf(last)) : '';
  if (/^\s*,\s*$/.test(between)) return between;
  const opening = last ? text.slice((map.range?.[0] ?? 0) + 1, startOf(last)) : '';
  if (/^\s*\n\s*$/.test(opening)) return `,${opening}`;
  return last?.value?.range?.[0] === (last?.key.range?.[1] ?? 0) + 1 ? ',' : ', ';
}
