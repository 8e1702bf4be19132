import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  stringify,
} from 'yaml';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Location } from '../location.ts';
import { sayProblem } from './say-yaml.ts';
import { showLine } from './secret-lines.ts';
import { problemsOf } from './yaml-problems.ts';

export type Path = readonly (string | number)[];

/** The content of a YAML file together with where each of its values stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where the key or value at a path stands; for what is missing, the nearest key around it. */
  locate(path: Path, part?: 'key' | 'value'): Location;
}

/** How a text is read. */
interface Reading {
  /** What stands at the same places for a person. */
  readonly shown?: string;
  /** What to say of `{{ … }}` without quotes, where quotes would not help. */
  readonly sayExpression?: (expression: string) => { readonly what: string; readonly fix: string };
}

/** Parses YAML; throws its first syntax error, and all duplicate keys and tags before it or where there is none. */
export function parseSource(file: string, text: string, { shown = text, sayExpression }: Reading = {}): Source {
  const lineCounter = new LineCounter();
  // the warnings of Node about keys come too late, and tell of no place
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true, logLevel: 'error' });
  const lines = shown.split(/\r?\n/);
  const end = text.trimEnd().length;
  const at = (start: number, to: number): Location =>
    placeOf(file, lines, lineCounter, Math.min(start, Math.max(0, end - 1)), to);
  const mistakes = problemsOf(document, text).map((problem) => {
    const where = at(problem.pos[0], problem.pos[1]);
    const { from } = showLine(lines, where.line - 1);
    const own = problem.code === 'unquoted-expression' ? sayExpression?.(problem.message) : undefined;
    const words = own ?? sayProblem(problem, text, where.column > from);
    return new ProvisionError({ code: 'CONFIG_INVALID', kind: 'config', where, ...words });
  });
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  return {
    file,
    value: toValue(document, at(0, 0)),
    locate(path, part = 'value') {
      const found = find(document, path);
      const node = part === 'value' && isVisible(found.value) ? found.value : (found.key ?? found.value);
      return at(node?.range?.[0] ?? 0, node?.range?.[1] ?? 0);
    },
  };
}

/** A value as it is written in a file. */
export const writeYaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false }).trimEnd();

function toValue(document: Document.Parsed, where: Location): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const fix = 'Write values out, without aliases (*) and merges (<<).';
    throw new ProvisionErrors([
      new ProvisionError({ code: 'CONFIG_INVALID', kind: 'config', what, where, fix, cause }),
    ]);
  }
}

function placeOf(file: string, lines: readonly string[], counter: LineCounter, start: number, end: number): Location {
  const { line, col } = counter.linePos(start);
  const original = lines[line - 1] ?? '';
  const { text } = showLine(lines, line - 1);
  // YAML finds some mistakes where a line is over already
  const column = Math.max(1, Math.min(col, original.length, text.length));
  const length = Math.max(1, Math.min(end - start, original.length - column + 1));
  return { file, line: Math.max(1, line), column, text, length };
}

interface Found {
  readonly key?: Node | undefined;
  readonly value?: Node | undefined;
}

const isVisible = (node: Node | undefined): boolean => (node?.range ? node.range[1] > node.range[0] : false);

function find(document: Document.Parsed, path: Path): Found {
  let found: Found = { value: document.contents ?? undefined };
  for (const step of path) {
    const next = findStep(document, found.value, step);
    if (!next) return { key: found.key ?? found.value };
    found = next;
  }
  return found;
}

function findStep(document: Document.Parsed, node: unknown, step: string | number): Found | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(target)) {
    const item = typeof step === 'number' ? (target.items[step] as Node | undefined) : undefined;
    return item && { key: item, value: item };
  }
  if (!isMap(target)) return undefined;
  const pairs = target.items as Pair<Node, Node | null>[];
  const pair = pairs.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
  if (pair) return { key: pair.key, value: pair.value ?? undefined };
  const merged = pairs.find(({ key }) => isScalar(key) && key.source === '<<')?.value;
  const sources = isSeq(merged) ? merged.items : [merged];
  return sources.map((source) => findStep(document, source, step)).find((hit) => hit !== undefined);
}
