import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import { operations } from '../operations/registry.ts';

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

/** The reference page of an operation, from its schema. Throws UNKNOWN_TOPIC. */
export function explainOperation(name: string): string {
  const operation = operations.get(name);
  if (!operation) {
    throw new ProvisionError({
      code: 'UNKNOWN_TOPIC',
      kind: 'usage',
      what: `there is no command or operation "${name}"`,
      fix: `Operations: ${[...operations.keys()].join(', ')}.`,
    });
  }
  const schema = z.toJSONSchema(operation.schema, { io: 'input', unrepresentable: 'any' });
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const property = value as Property;
    const fallback = property.default === undefined ? '' : `; default ${JSON.stringify(property.default)}`;
    return `  ${key}${required.has(key) ? ' (required)' : ''}: ${typeOf(property)}${fallback}\n      ${property.description ?? ''}`;
  });
  return `${name}\n${rows.join('\n')}\n`;
}
