import type { z } from 'zod';
import { type ProvisionError, ProvisionErrors } from '../errors.ts';
import { check, inOrder, isMap, type Locate, mistake } from './check.ts';
import { checkReference } from './check-reference.ts';
import { checkValue, type LoadContext } from './check-value.ts';
import { hasExpression } from './expression.ts';
import type { Condition, Playbook, Stage, Task } from './playbook.ts';
import { playbookSchema, type stageSchema, taskSchema } from './playbook-schema.ts';
import { readConfigFile } from './read-config-file.ts';
import { checkPattern } from './select.ts';
import { type Path, parseSource, type Source } from './source.ts';
import { didYouMean } from './suggest.ts';

export const loadPlaybook = (file: string, context: LoadContext): Playbook =>
  parsePlaybook(file, readConfigFile(file), context);

/** Throws ProvisionErrors with every mistake of the file. */
export function parsePlaybook(file: string, text: string, context: LoadContext): Playbook {
  const source = parseSource(file, text);
  const checked = check(playbookSchema, source.value, source.locate);
  const mistakes: ProvisionError[] = 'mistakes' in checked ? [...checked.mistakes] : [];
  const stages = 'value' in checked ? checked.value.stages : [];
  const loader = new StageLoader(source, context, mistakes);
  const loaded = stages.map((stage, index) => loader.load(stage, ['stages', index]));
  // A mistake elsewhere must not hide those of the tasks.
  if (!('value' in checked)) loader.loadRawTasks();
  if (!('value' in checked) || mistakes.length > 0) throw new ProvisionErrors(inOrder(mistakes));
  return { file, name: checked.value.name, description: checked.value.description, stages: loaded };
}

class StageLoader {
  readonly #source: Source;
  readonly #context: LoadContext;
  readonly #mistakes: ProvisionError[];

  constructor(source: Source, context: LoadContext, mistakes: ProvisionError[]) {
    this.#source = source;
    this.#context = context;
    this.#mistakes = mistakes;
  }

  load(stage: z.output<typeof stageSchema>, path: Path): Stage {
    const hostsPath = [...path, 'hosts'];
    stage.hosts.forEach((pattern, index) => {
      const place = Array.isArray(this.#rawAt(hostsPath)) ? [...hostsPath, index] : hostsPath;
      this.#mistakes.push(...checkPattern(pattern, this.#context.inventory, this.#source.locate(place)));
    });
    const when = this.#conditions(stage.when, [...path, 'when'], false);
    const tasks = stage.tasks.flatMap((task, index) => this.#task(task, [...path, 'tasks', index], when, stage.tags));
    return {
      name: stage.name,
      hosts: stage.hosts,
      ...(stage.serial === undefined ? {} : { serial: stage.serial }),
      ...(stage.order === undefined ? {} : { order: stage.order }),
      protectReady: stage.protect_ready,
      tags: stage.tags,
      tasks,
      location: this.#source.locate(path),
    };
  }

  loadRawTasks(): void {
    const stages = this.#rawAt(['stages']);
    if (!Array.isArray(stages)) return;
    stages.forEach((_, stage) => {
      const tasks = this.#rawAt(['stages', stage, 'tasks']);
      if (!Array.isArray(tasks)) return;
      tasks.forEach((task, index) => {
        if (isMap(task)) this.#task(task, ['stages', stage, 'tasks', index], [], []);
      });
    });
  }

  #rawAt(path: Path): unknown {
    return path.reduce<unknown>(
      (value, key) => (isMap(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined),
      this.#source.value,
    );
  }

  #task(
    raw: Record<string, unknown>,
    path: Path,
    stageWhen: readonly Condition[],
    stageTags: readonly string[],
  ): Task[] {
    const operation = this.#findOperation(raw, path);
    const { operations } = this.#context;
    const isCommon = (key: string): boolean =>
      operation === undefined ? key in taskSchema.shape : !operations.has(key);
    const common = Object.fromEntries(Object.entries(raw).filter(([key]) => isCommon(key)));
    const checked = check(taskSchema, common, (inner, part) => this.#source.locate([...path, ...inner], part));
    if ('mistakes' in checked) this.#mistakes.push(...checked.mistakes);
    const schema = operation === undefined ? undefined : operations.get(operation)?.schema;
    if (operation === undefined || schema === undefined) return [];
    const hasItem = 'loop' in raw;
    const locate: Locate = (inner, part) => this.#source.locate([...path, operation, ...inner], part);
    const value = raw[operation] ?? {};
    this.#mistakes.push(...checkValue(schema, value, hasItem, locate, this.#context));
    if ('mistakes' in checked) return [];
    const { name, tags, loop } = checked.value;
    for (const [text, key] of [
      [name, 'name'],
      [loop, 'loop'],
    ] as const)
      if (hasExpression(text))
        this.#mistakes.push(
          ...checkReference(
            String(text),
            key === 'name' && hasItem,
            this.#source.locate([...path, key]),
            this.#context,
          ),
        );
    if (typeof loop === 'string' && !/^\s*\{\{[^{}]*\}\}\s*$/.test(loop))
      this.#mistakes.push(
        mistake(
          'A loop goes over a list, or over one variable: "{{ some.list }}"',
          this.#source.locate([...path, 'loop']),
        ),
      );
    return [
      {
        name,
        operation,
        schema,
        value,
        when: [...stageWhen, ...this.#conditions(checked.value.when, [...path, 'when'], hasItem)],
        ...(loop === undefined ? {} : { loop }),
        tags: [...new Set([...stageTags, ...tags])],
        location: this.#source.locate(path),
        locate,
      },
    ];
  }

  /** The one key of a task that is no common one and names an operation. */
  #findOperation(raw: Record<string, unknown>, path: Path): string | undefined {
    const commonKeys = Object.keys(taskSchema.shape);
    const names = [...this.#context.operations.keys()];
    const own = Object.keys(raw).filter((key) => !commonKeys.includes(key));
    const [operation, ...more] = own.filter((key) => names.includes(key));
    const say = (what: string, key: string, fix?: string): void => {
      this.#mistakes.push(mistake(what, this.#source.locate([...path, key], 'key'), fix));
    };
    for (const key of more)
      say(`A task has one operation, this one has "${operation}" and "${key}"`, key, 'Make two tasks of it.');
    if (operation === undefined)
      for (const key of own) say(`Unknown operation: "${key}"${didYouMean(key, [...names, ...commonKeys])}`, key);
    if (own.length === 0)
      this.#mistakes.push(
        mistake(
          'A task without an operation',
          this.#source.locate(path),
          `Say what to do with one of: ${names.join(', ')}.`,
        ),
      );
    return operation;
  }

  #conditions(when: Record<string, unknown>, path: Path, hasItem: boolean): readonly Condition[] {
    return Object.entries(when).map(([name, wanted]) => {
      const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
      const variable = name.split('.');
      this.#mistakes.push(
        ...checkReference(`{{ ${name} }}`, hasItem, this.#source.locate([...path, name], 'key'), this.#context, values),
      );
      return { variable, values };
    });
  }
}
