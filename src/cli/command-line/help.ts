import { z } from 'zod';
import { operations } from '../../operations/registry.ts';

interface Property {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

function typeOf(property: Property): string {
  if (property.enum) return property.enum.join(' | ');
  return [property.type ?? 'any'].flat().join(' | ');
}

/** The reference page of an operation, from its schema; undefined where none has that name. */
export function explainOperation(name: string): string | undefined {
  const operation = operations.get(name);
  if (!operation) return undefined;
  const schema = z.toJSONSchema(operation.schema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const property = value as Property;
    const fallback = property.default === undefined ? '' : `; default ${JSON.stringify(property.default)}`;
    return `  ${key}${required.has(key) ? ' (required)' : ''}: ${typeOf(property)}${fallback}\n      ${property.description ?? ''}`;
  });
  const [place, says] =
    'scope' in operation ? ['on the cluster', 'done when'] : ['on hosts', 'the host has afterwards'];
  const keys = rows.length === 0 ? ['  It has no keys.'] : rows;
  return `${[`${name}, ${place}`, `  ${says}: ${operation.summary ?? ''}`, '', ...keys].join('\n')}\n`;
}

/** What operations do, by their names. */
export const operationSummaries = (): ReadonlyMap<string, string> =>
  new Map([...operations].map(([name, { summary = '' }]) => [name, summary]));
