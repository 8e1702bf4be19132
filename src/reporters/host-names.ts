import { someOf } from './words.ts';

/** More parts than this are not worth naming when they are all there are. */
const mostParts = 5;

/** Fewer names than this are shorter as they are. */
const leastOfRange = 3;

interface Part {
  readonly stem: string;
  readonly digits: number;
  readonly tail: string;
  readonly names: string[];
  readonly numbers: string[];
}

/** Neighbours in the inventory's own words: node1, node2 and node3 are `node[1:3]`. */
export function joinRanges(names: readonly string[]): string[] {
  const parts: Part[] = [];
  for (const name of names) {
    const [, stem = name, number = '', tail = ''] = /^(.*?)(\d+)(\D*)$/.exec(name) ?? [];
    const last = parts.at(-1);
    if (last && number !== '' && follows(last, stem, number, tail)) {
      last.names.push(name);
      last.numbers.push(number);
    } else parts.push({ stem, digits: number.length, tail, names: [name], numbers: [number] });
  }
  return parts.flatMap(({ stem, tail, names: own, numbers }) =>
    own.length < leastOfRange ? own : [`${stem}[${numbers[0]}:${numbers.at(-1)}]${tail}`],
  );
}

const follows = (part: Part, stem: string, number: string, tail: string): boolean =>
  part.stem === stem &&
  part.tail === tail &&
  Number(part.numbers.at(-1) || Number.NaN) + 1 === Number(number) &&
  (part.digits === number.length || !(part.numbers[0] ?? '').startsWith('0'));

/** A few words for hosts among others: ranges, or `all 48 hosts`, or the first few. */
export function describeHosts(names: readonly string[], among: readonly string[]): string {
  const some = new Set(names);
  const parts = joinRanges(among.filter((name) => some.has(name)));
  if (parts.length <= mostParts) return parts.join(', ');
  return names.length === among.length ? `all ${names.length} hosts` : someOf(names);
}
