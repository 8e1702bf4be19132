import type { z } from 'zod';
import type { ProvisionError } from '../errors.ts';
import { check, isMap, type Locate, mistake } from './check.ts';
import { checkReference, type KnownVariables } from './check-reference.ts';
import { hasExpression } from './expression.ts';
import type { Inventory } from './host.ts';
import type { Path } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';
import type { Templates } from './template.ts';

/** What a playbook is checked against. */
export interface LoadContext extends KnownVariables {
  readonly operations: ReadonlyMap<string, { readonly schema: z.ZodType }>;
  readonly templates: Templates;
  readonly inventory: Inventory;
}

/** What describes all keys of an operation. */
export const pageOf = (operation: string): string => `provision help ${operation}`;

/** Checks what a task gives its operation as far as it is known before any host is asked: places with an expression are left for later. */
export function checkValue(
  operation: string,
  schema: z.ZodType,
  value: unknown,
  hasItem: boolean,
  locate: Locate,
  context: LoadContext,
): readonly ProvisionError[] {
  const deferred: Path[] = [];
  const mistakes: ProvisionError[] = [];
  const walk = (inner: unknown, path: Path): unknown => {
    if (hasExpression(inner)) {
      deferred.push(path);
      mistakes.push(...checkReference(String(inner), hasItem, locate(path), context));
      return inner;
    }
    if (Array.isArray(inner)) return inner.map((one, index) => walk(one, [...path, index]));
    if (!isMap(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([key, one]): [string, unknown] => {
        if (hasExpression(key))
          mistakes.push(
            mistake(
              'A key is written as it is, without variables',
              locate([...path, key], 'key'),
              'Write the key itself; variables can stand in its value.',
            ),
          );
        if (key !== 'template' || 'content' in inner) return [key, walk(one, [...path, key])];
        mistakes.push(...checkTemplate(one, hasItem, locate, [...path, key], context));
        deferred.push([...path, 'content']);
        return ['content', ''];
      }),
    );
  };
  const known = walk(value, []);
  const isDeferred = (issue: z.core.$ZodIssue): boolean => {
    if (issue.code === 'unrecognized_keys') return false;
    const startsWith = (path: Path, start: readonly PropertyKey[]) =>
      start.every((step, index) => path[index] === step);
    const at = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const isAbove = issue.code === 'invalid_union' || issue.code === 'custom';
    return deferred.some((path) => startsWith(at, path) || (isAbove && startsWith(path, at)));
  };
  const checked = check(schema, known, locate, pageOf(operation), isDeferred);
  return 'mistakes' in checked ? [...mistakes, ...checked.mistakes] : mistakes;
}

function checkTemplate(
  name: unknown,
  hasItem: boolean,
  locate: Locate,
  path: Path,
  context: LoadContext,
): readonly ProvisionError[] {
  const { templates } = context;
  const meant = nearest(String(name), templates.names);
  if (typeof name !== 'string' || !templates.has(name))
    return [
      mistake(
        `There is no template ${JSON.stringify(name)}${didYouMean(String(name), templates.names)}`,
        locate(path),
        `${meant === undefined ? 'Name a file of templates/' : `Write ${meant}`}, or put this one there.`,
      ),
    ];
  return templates
    .variables(name)
    .flatMap((variable) => checkReference(`{{ ${variable.path.join('.')} }}`, hasItem, variable.location, context));
}
