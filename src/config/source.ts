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
  visit,
} from 'yaml';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Location } from '../location.ts';
import { showLine } from './secret-lines.ts';

export type Path = readonly (string | number)[];

/** The content of a YAML file together with where each of its values stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where the key or value at a path stands; for what is missing, the nearest key around it. */
  locate(path: Path, part?: 'key' | 'value'): Location;
}

const vaultFix =
  'Write { env: NAME } or { file: PATH } for a secret that is kept elsewhere, or encrypt it anew with age: provision secret encrypt.';

/** Parses YAML; throws all its syntax errors, duplicate keys and tags at once. `shown` is what stands at the same places for a person. */
export function parseSource(file: string, text: string, shown = text): Source {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  const lines = shown.split(/\r?\n/);
  const at = (start: number, end: number): Location => placeOf(file, lines, lineCounter, start, end);
  const problems = [...document.errors, ...document.warnings, ...unresolvedAliases(document)];
  const mistakes = problems.map((problem) => {
    const where = at(problem.pos[0], problem.pos[1]);
    const { from } = showLine(lines, where.line - 1);
    return new ProvisionError({
      code: 'CONFIG_INVALID',
      kind: 'config',
      where,
      ...sayProblem(problem, text.slice(problem.pos[0]), where.column > from),
    });
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

interface Problem {
  readonly code?: string;
  readonly message: string;
  readonly fix?: string;
  readonly pos: readonly [number, number];
}

/** Aliases are resolved when values are made, where nothing knows their place. */
function unresolvedAliases(document: Document.Parsed): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      const [start = 0, end = 0] = alias.range ?? [];
      if (!alias.resolve(document))
        problems.push({
          message: `Unresolved alias: ${alias.source}`,
          fix: `Write &${alias.source} before the value it stands for; put text that begins with * in quotes.`,
          pos: [start, end],
        });
    },
  });
  return problems;
}

/** What a secret looks like to YAML is not repeated. */
function sayProblem(problem: Problem, rest: string, isSecret: boolean): { what: string; fix: string } {
  const tag = /^\S+/.exec(rest)?.[0] ?? rest;
  if (problem.code === 'TAG_RESOLVE_FAILED' && tag === '!vault')
    return { what: 'Values encrypted with Ansible Vault are not read', fix: vaultFix };
  if (isSecret) return { what: 'This is not valid YAML', fix: 'Put the value in quotes.' };
  if (problem.code === 'DUPLICATE_KEY')
    return {
      what: `Duplicate key: "${/^["']?([^"':\n]+)/.exec(rest)?.[1] ?? rest}"`,
      fix: 'Write what both say under one of them.',
    };
  if (problem.code !== 'TAG_RESOLVE_FAILED')
    return {
      what: `Not valid YAML: ${problem.message}`,
      fix:
        problem.fix ?? 'Correct the line, or the one above it; text with one of : # { } [ ] & * in it may need quotes.',
    };
  return { what: `Unknown tag: ${tag}`, fix: 'Write the value without a tag.' };
}

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
  const length = Math.max(1, Math.min(end - start, original.length - col + 1));
  return { file, line: Math.max(1, line), column: Math.max(1, col), text: showLine(lines, line - 1).text, length };
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
