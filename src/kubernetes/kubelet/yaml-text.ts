import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  stringify,
  type YAMLMap,
} from 'yaml';

type Entry = Pair<Node, Node | null>;

/** The one document of a YAML or JSON text, read by the rules of YAML 1.1 as Kubernetes' own parser does; a reason where it cannot be. */
export function readYaml(
  text: string,
): { readonly value: unknown; readonly document: Document } | { readonly why: string } {
  const [document, second] = parseAllDocuments(text, { version: '1.1', prettyErrors: false });
  if (document === undefined || !('errors' in document)) return { why: 'it is empty' };
  if (second !== undefined) return { why: 'it has more than one document' };
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    return { why: `line ${line}: ${problem.message}` };
  }
  try {
    return { value: document.toJS(), document };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

/** For a parser of YAML 1.1 as well: quotes where that takes a text for something else. */
export const renderYaml = (value: unknown): string => stringify(value, { version: '1.1', lineWidth: 0 });

/** A map in the text, and which of its pairs a path leads to. */
export interface Place {
  readonly map: YAMLMap<Node, Node | null>;
  /** Whether it is written with braces, itself or around it. */
  readonly isFlow: boolean;
  /** Undefined where the map has no such key. */
  readonly pair: Entry | undefined;
  /** How many steps of the path lead to the map. */
  readonly depth: number;
}

/** Thrown where a text is laid out in a way that a change of it could not be kept to one place. */
export class NotEditable extends Error {}

/** The map where a path ends or, where its keys are missing, the deepest one on the way. */
export function findPlace(text: string, path: readonly string[]): Place {
  const read = readYaml(text);
  let map = 'why' in read ? undefined : read.document.contents;
  let isFlow = false;
  for (const [depth, key] of path.entries()) {
    if (!isMap<Node, Node | null>(map))
      throw new NotEditable(`${path.slice(0, depth).join('.') || 'the file'} is not a map`);
    isFlow ||= map.flow === true;
    const pair: Entry | undefined = map.items.find((item) => keyOf(item) === key);
    if (pair === undefined || depth === path.length - 1) return { map, isFlow, pair, depth };
    map = pair.value;
    if (isAlias(map)) throw new NotEditable(`${path.slice(0, depth + 1).join('.')} is an alias`);
  }
  throw new NotEditable('no path');
}

/** Where a text has its say about a field: the path to it or to what stands in place of a map around it, and its line from 1; undefined where it says nothing. */
export function findSaid(
  text: string,
  path: readonly string[],
): { readonly path: readonly string[]; readonly line: number } | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const part = path.slice(0, length);
    const place = placeOf(text, part);
    if (place?.pair === undefined || place.depth < length - 1) continue;
    const line = text.slice(0, place.pair.key.range?.[0]).split('\n').length;
    return length < path.length && isMap(place.pair.value) ? undefined : { path: part, line };
  }
  return undefined;
}

function placeOf(text: string, path: readonly string[]): Place | undefined {
  try {
    return findPlace(text, path);
  } catch (error) {
    if (error instanceof NotEditable) return undefined;
    throw error;
  }
}

const keyOf = (pair: Entry): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

/** The place behind the colon of a pair, where its value begins with the blanks before it. */
export function afterColon(text: string, pair: Entry): number {
  const end = pair.key.range?.[1] ?? text.length;
  const colon = /^\s*:/.exec(text.slice(end));
  if (!colon) throw new NotEditable(`the key ${keyOf(pair)} is written in an unusual way`);
  return end + colon[0].length;
}

export function startOf(pair: Entry): number {
  if (!pair.key.range) throw new NotEditable(`the key ${keyOf(pair)} is written in an unusual way`);
  return pair.key.range[0];
}

/** Where the value of a pair ends, without blanks, comments and line ends after it. */
export const endOf = (text: string, pair: Entry): number => endOfNode(text, pair.value) ?? afterColon(text, pair);

function endOfNode(text: string, node: Node | null): number | undefined {
  if (!node?.range || node.range[1] === node.range[0]) return undefined;
  const isBlock = (isMap(node) || isSeq(node)) && !node.flow;
  if (!isBlock) return node.range[0] + text.slice(node.range[0], node.range[1]).trimEnd().length;
  const last = node.items.at(-1) as Entry | Node | undefined;
  if (last === undefined) return undefined;
  return 'key' in last ? endOf(text, last as Entry) : (endOfNode(text, last as Node) ?? node.range[0] + 1);
}

/** How many blanks stand before this place on its line; throws where something else does. */
export function columnOf(text: string, at: number): number {
  const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at).replace(/^\ufeff/, '');
  if (!/^ *$/.test(before)) throw new NotEditable(`a key stands behind something else: ${before.trim()}`);
  return before.length;
}
