import { type Document, isCollection, type Node, visit } from 'yaml';

/** What is wrong with a YAML text, from one index of it to another. */
export interface Problem {
  /** One of the parser, or one in small letters of what it leaves unsaid. */
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** Problems that change nothing in how the rest of a text is read. */
const harmless = ['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED', 'unresolved-alias', 'unquoted-expression', 'collection-key'];

/** The problems of a document in their order; of its syntax the first alone, and nothing behind it, which may only follow from it. */
export function problemsOf(document: Document.Parsed, text: string): readonly Problem[] {
  const found = [...document.errors, ...document.warnings, ...unresolvedAliases(document), ...oddKeys(document, text)];
  const all = found.map(({ code, message, pos }) => ({ code, message, pos: startOf(document, text, code, pos) }));
  const sure = all.filter(({ code }) => harmless.includes(code)).toSorted(byPlace);
  const syntax = all.filter(({ code }) => !harmless.includes(code)).toSorted(byPlace);
  const [first] = syntax;
  if (first === undefined) return sure;
  const before = sure.filter((one) => one.pos[0] < first.pos[0]);
  const isOfExpression = before.some(
    (one) => one.code === 'unquoted-expression' && !text.slice(one.pos[0], first.pos[0]).includes('\n'),
  );
  return isOfExpression ? before : [...before, tabBeside(first, syntax, text) ?? first];
}

const byPlace = (one: Problem, other: Problem): number => one.pos[0] - other.pos[0];

/** A tab at the beginning of the next line is why this one is misread. */
const tabBeside = (first: Problem, syntax: readonly Problem[], text: string): Problem | undefined =>
  syntax.find(({ code, pos }) => code === 'TAB_AS_INDENT' && text.slice(first.pos[0], pos[0]).split('\n').length <= 2);

/** Aliases are resolved when values are made, where nothing knows their place. */
function unresolvedAliases(document: Document.Parsed): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.source !== '' && !alias.resolve(document))
        problems.push({ code: 'unresolved-alias', message: alias.source, pos: rangeOf(alias) });
    },
  });
  return problems;
}

/** Maps and lists where a key should be: `{{ name }}` without quotes is a map in the place of the key of another. */
function oddKeys(document: Document.Parsed, text: string): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_, map) {
      const pos = rangeOf(map);
      const written = /^(?:\{\{[^{}\n]*\}\}[^\s,{}[\]#]*)+/.exec(text.slice(pos[0]))?.[0];
      if (!map.items.some(({ key }) => isCollection(key))) return undefined;
      if (written !== undefined) problems.push({ code: 'unquoted-expression', message: written, pos });
      else
        for (const { key } of map.items)
          if (isCollection(key)) problems.push({ code: 'collection-key', message: '', pos: rangeOf(key) });
      return visit.SKIP;
    },
  });
  return problems;
}

const rangeOf = (node: Node): readonly [number, number] => [node.range?.[0] ?? 0, node.range?.[1] ?? 0];

/** A quote that is never closed is told of where the text ends; what helps is where it begins. */
function startOf(
  document: Document.Parsed,
  text: string,
  code: string,
  pos: readonly [number, number],
): readonly [number, number] {
  if (code === 'BAD_INDENT' || code === 'BLOCK_AS_IMPLICIT_KEY') {
    const indentation = /^[ \t]*/.exec(text.slice(pos[0]))?.[0].length ?? 0;
    return [pos[0] + indentation, pos[1] + indentation];
  }
  if (code !== 'MISSING_CHAR' || /[^\s]/.test(text.slice(pos[0], pos[1]))) return pos;
  let start = pos[0];
  visit(document, {
    Scalar(_, scalar) {
      const [from, to] = rangeOf(scalar);
      if (scalar.type?.startsWith('QUOTE_') && from < pos[0] && pos[0] <= to + 1) start = from;
    },
  });
  return [start, Math.max(start + 1, pos[1])];
}
