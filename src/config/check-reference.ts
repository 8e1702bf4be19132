import type { z } from 'zod';
import type { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake } from './check.ts';
import { variablesIn } from './expression.ts';
import { formOf } from './say-fix.ts';
import { keysOf, schemasAt } from './schema-walk.ts';
import { didYouMean, nearest } from './suggest.ts';

/** What names can stand in a playbook: the shape of the scope its tasks are resolved in. */
export interface KnownVariables {
  readonly variables: z.ZodObject;
}

/** The mistakes in the variables a string refers to; with `values`, those that the variable can never have. */
export function checkReference(
  text: string,
  hasItem: boolean,
  where: Location,
  { variables }: KnownVariables,
  values: readonly unknown[] = [],
): readonly ProvisionError[] {
  const paths = variablesIn(text);
  if (!paths)
    return [
      mistake(
        'Only names of variables can stand between braces',
        where,
        'Write {{ name }} or {{ section.name }}; there are no filters, helpers or statements.',
      ),
    ];
  return paths.flatMap((path) => {
    if (path[0] === 'item' && hasItem) return [];
    const wrong = path.findIndex((_, index) => schemasAt(variables, path.slice(0, index + 1)).length === 0);
    if (wrong >= 0) {
      const around = path.slice(0, wrong);
      const known = [...keysOf(schemasAt(variables, around)), ...(hasItem && wrong === 0 ? ['item'] : [])];
      const name = path[wrong] ?? '';
      const what = `Unknown variable: "${path.slice(0, wrong + 1).join('.')}"${didYouMean(name, known, around)}`;
      return [
        mistake(
          what,
          where,
          fixOfVariable(name === 'item' && wrong === 0 ? [name] : [...around, nearest(name, known)]),
        ),
      ];
    }
    const schemas = schemasAt(variables, path);
    return values
      .filter((value) => value !== null && schemas.every((schema) => !(schema as z.ZodType).safeParse(value).success))
      .map((value) =>
        mistake(
          `"${path.join('.')}" is never ${JSON.stringify(value)}${suggestValue(schemas, value)}`,
          where,
          `Write ${nearest(String(value), allowedBy(schemas, value)) ?? `${formOf(schemas)}, or null for "not set"`}.`,
        ),
      );
  });
}

function fixOfVariable(meant: readonly (string | undefined)[]): string {
  const page = 'docs/playbooks.md says what can be named.';
  if (meant[0] === 'item') return `Give the task a loop, for whose items it stands; ${page}`;
  return meant.includes(undefined) ? `Take it out, or name another one; ${page}` : `Write ${meant.join('.')}; ${page}`;
}

function allowedBy(schemas: readonly z.core.$ZodType[], value: unknown): readonly string[] {
  const issues = schemas.flatMap((schema) => (schema as z.ZodType).safeParse(value).error?.issues ?? []);
  return issues.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : []));
}

function suggestValue(schemas: readonly z.core.$ZodType[], value: unknown): string {
  const allowed = allowedBy(schemas, value);
  return didYouMean(String(value), allowed) || (allowed.length > 0 ? `; it can be ${allowed.join(', ')}` : '');
}
