import type { z } from 'zod';
import { ProvisionErrors } from '../errors.ts';
import { check, isMap, mistake } from './check.ts';
import { pageOf } from './check-value.ts';
import { hasExpression, interpolate, lookUp, type Scope, Unknown } from './expression.ts';
import type { Condition, Task } from './playbook.ts';
import { schemasAt } from './schema-walk.ts';
import type { Path } from './source.ts';
import type { Templates } from './template.ts';

/** A task for one host: what it wants, or why that is not known or not wanted. */
export type Resolution = { readonly task: string } & (
  | { readonly status: 'known'; readonly desired: unknown }
  | { readonly status: 'unknown'; readonly until: string }
  | { readonly status: 'skipped'; readonly because: string }
);

/** One resolution, or one for each item of a loop. Throws ProvisionErrors when the values do not fit the operation. */
export function resolveTask(task: Task, scope: Scope, templates: Templates): readonly Resolution[] {
  if (task.loop === undefined) return [resolveOnce(task, scope, templates)];
  const early = task.when.some(({ variable }) => variable[0] === 'item') ? undefined : decide(task, scope);
  if (early) return [early];
  const items = fill(task, task.loop, scope, templates, []);
  if (items instanceof Unknown) return [{ task: task.name, status: 'unknown', until: items.until }];
  if (!Array.isArray(items))
    throw new ProvisionErrors([
      mistake(`A loop needs a list, ${String(task.loop)} is none`, task.location, 'Name a variable that is a list.'),
    ]);
  return items.map((item: unknown) => resolveOnce(task, { ...scope, item }, templates));
}

function resolveOnce(task: Task, scope: Scope, templates: Templates): Resolution {
  const decided = decide(task, scope);
  if (decided) return decided;
  const name = nameOf(task, scope);
  const value = fill(task, task.value, scope, templates, []);
  if (value instanceof Unknown) return { task: name, status: 'unknown', until: value.until };
  const checked = check(task.schema, value, task.locate, pageOf(task.operation));
  if ('mistakes' in checked) throw new ProvisionErrors(checked.mistakes);
  return { task: name, status: 'known', desired: checked.value };
}

const takesNull = (task: Task, path: Path): boolean =>
  schemasAt(task.schema, path).some((schema) => (schema as z.ZodType).safeParse(null).success);

/** The conditions: undefined when all hold. */
function decide(task: Task, scope: Scope): Resolution | undefined {
  const name = nameOf(task, scope);
  let unknown: Unknown | undefined;
  for (const condition of task.when) {
    const actual = lookUp(scope, condition.variable);
    if (actual instanceof Unknown) unknown ??= actual;
    else if (!condition.values.includes(actual ?? null))
      return { task: name, status: 'skipped', because: sayWhyNot(condition, actual) };
  }
  return unknown && { task: name, status: 'unknown', until: unknown.until };
}

function sayWhyNot({ variable, values }: Condition, actual: unknown): string {
  const say = (value: unknown): string => (value === undefined || value === null ? 'not set' : String(value));
  return `${variable.join('.')} is ${say(actual)}, not ${values.map(say).join(' or ')}`;
}

/** Of a loop as a whole the name stays as it is written. */
function nameOf(task: Task, scope: Scope): string {
  if (task.loop !== undefined && !('item' in scope)) return task.name;
  const name = interpolate(task.name, scope, (variable) => {
    throw new ProvisionErrors([
      mistake(
        `"${variable}" has no value for the name of this task`,
        task.location,
        'Set it in the inventory, or leave it out of the name.',
      ),
    ]);
  });
  return typeof name === 'string' || typeof name === 'number' ? String(name) : task.name;
}

/** The value with all variables and templates put in; keys whose variable is not set are left out, unless the operation takes null. */
function fill(task: Task, value: unknown, scope: Scope, templates: Templates, path: Path): unknown {
  if (typeof value === 'string' && hasExpression(value))
    return interpolate(value, scope, (name, why, fix) => {
      throw new ProvisionErrors([mistake(`"${name}" ${why}`, task.locate(path), fix)]);
    });
  if (Array.isArray(value)) {
    const items = value.map((one, index) => fill(task, one, scope, templates, [...path, index]));
    return items.find((item) => item instanceof Unknown) ?? items;
  }
  if (!isMap(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    const isTemplate = key === 'template' && !('content' in value) && typeof one === 'string';
    const result = isTemplate ? templates.render(one, scope) : fill(task, one, scope, templates, [...path, key]);
    if (result instanceof Unknown) return result;
    const isUnset = result === undefined || (result === null && one !== null);
    if (!isUnset || takesNull(task, [...path, key])) filled[isTemplate ? 'content' : key] = result ?? null;
  }
  return filled;
}
