import type { z } from 'zod';
import type { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake } from './check.ts';
import { variablesIn } from './expression.ts';
import { keysOf, schemasAt } from './schema-walk.ts';
import { didYouMean } from './suggest.ts';

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
      const suggestion = didYouMean(path[wrong] ?? '', known, around);
      return [mistake(`Unknown variable: "${path.slice(0, wrong + 1).join('.')}"${suggestion}`, where)];
    }
    const schemas = schemasAt(variables, path);
    return values
      .filter((value) => value !== null && schemas.every((schema) => !(schema as z.ZodType).safeParse(value).success))
      .map((value) =>
        mistake(`"${path.join('.')}" is never ${JSON.stringify(value)}${suggestValue(schemas, value)}`, where),
      );
  });
}

function suggestValue(schemas: readonly z.core.$ZodType[], value: unknown): string {
  const issues = schemas.flatMap((schema) => (schema as z.ZodType).safeParse(value).error?.issues ?? []);
  const allowed = issues.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : []));
  return didYouMean(String(value), allowed) || (allowed.length > 0 ? `; it can be ${allowed.join(', ')}` : '');
}
