import type { ProvisionError } from '../errors.ts';
import { check, type Locate, mistake } from './check.ts';
import { checkReference } from './check-reference.ts';
import { checkValue, type LoadContext } from './check-value.ts';
import { hasExpression, isOneExpression } from './expression.ts';
import type { Condition, Task } from './playbook.ts';
import { taskSchema } from './playbook-schema.ts';
import type { Path, Source } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

const page = 'docs/playbooks.md';

/** A playbook being read: what is wrong with it is added to `mistakes`. */
export interface Reading {
  readonly source: Source;
  readonly context: LoadContext;
  /** Files of tasks, by the names they are included with. */
  readonly includes: ReadonlyMap<string, Source>;
  readonly mistakes: ProvisionError[];
}

/** A task, without the conditions, tags and marks of its stage; undefined where mistakes leave nothing of it. */
export function readTask(reading: Reading, raw: Record<string, unknown>, path: Path): Task | undefined {
  const { source, context, mistakes } = reading;
  const operation = findOperation(reading, raw, path);
  const isCommon = (key: string): boolean =>
    operation === undefined ? key in taskSchema.shape : !context.operations.has(key);
  const common = Object.fromEntries(Object.entries(raw).filter(([key]) => isCommon(key)));
  const checked = check(taskSchema, common, (inner, part) => source.locate([...path, ...inner], part), page);
  if ('mistakes' in checked) mistakes.push(...checked.mistakes);
  const schema = operation === undefined ? undefined : context.operations.get(operation)?.schema;
  if (operation === undefined || schema === undefined) return undefined;
  const hasItem = 'loop' in raw;
  const locate: Locate = (inner, part) => source.locate([...path, operation, ...inner], part);
  const value = raw[operation] ?? {};
  mistakes.push(...checkValue(operation, schema, value, hasItem, locate, context));
  if ('mistakes' in checked) return undefined;
  const { name, tags, loop, migration_only: migrationOnly } = checked.value;
  checkText(reading, name, [...path, 'name'], hasItem);
  checkLoop(reading, loop, [...path, 'loop']);
  return {
    name,
    operation,
    schema,
    value,
    when: readConditions(reading, checked.value.when, [...path, 'when'], hasItem),
    ...(loop === undefined ? {} : { loop }),
    tags,
    migrationOnly,
    location: source.locate(path),
    locate,
  };
}

/** The one key of a task that is no common one and names an operation. */
function findOperation({ source, context, mistakes }: Reading, raw: Record<string, unknown>, path: Path) {
  const commonKeys = Object.keys(taskSchema.shape);
  const names = [...context.operations.keys()];
  const own = Object.keys(raw).filter((key) => !commonKeys.includes(key));
  const [operation, ...more] = own.filter((key) => names.includes(key));
  const say = (what: string, key: string, fix: string): void => {
    mistakes.push(mistake(what, source.locate([...path, key], 'key'), fix));
  };
  for (const key of more)
    say(`A task has one operation, this one has "${operation}" and "${key}"`, key, 'Make two tasks of it.');
  if (operation === undefined)
    for (const key of own) {
      const meant = nearest(key, [...names, ...commonKeys]);
      const way = meant === undefined ? 'Take it out, or name one that there is' : `Write ${meant}`;
      const what = `Unknown operation: "${key}"${meant === undefined ? '' : didYouMean(key, [meant])}`;
      say(what, key, `${way}; docs/operations.md has all operations.`);
    }
  const fix = 'Say what the hosts should have; docs/operations.md has all operations.';
  if (own.length === 0) mistakes.push(mistake('A task without an operation', source.locate(path), fix));
  return operation;
}

/** A map from variables to values, as conditions. */
export function readConditions(
  { source, context, mistakes }: Reading,
  when: Record<string, unknown>,
  path: Path,
  hasItem: boolean,
): readonly Condition[] {
  return Object.entries(when).map(([name, wanted]) => {
    const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    const where = source.locate([...path, name], 'key');
    mistakes.push(...checkReference(`{{ ${name} }}`, hasItem, where, context, values));
    return { variable: name.split('.'), values };
  });
}

function checkText({ source, context, mistakes }: Reading, text: unknown, path: Path, hasItem: boolean): void {
  if (hasExpression(text)) mistakes.push(...checkReference(String(text), hasItem, source.locate(path), context));
}

function checkLoop(reading: Reading, loop: readonly unknown[] | string | undefined, path: Path): void {
  if (typeof loop === 'object')
    for (const [index, item] of loop.entries()) checkText(reading, item, [...path, index], false);
  if (typeof loop !== 'string') return;
  checkText(reading, loop, path, false);
  const what = 'A loop goes over a list, or over one variable: "{{ some.list }}"';
  if (!isOneExpression(loop))
    reading.mistakes.push(
      mistake(what, reading.source.locate(path), 'Write the list, or one variable and nothing beside it.'),
    );
}
