import type { z } from 'zod';
import { ProvisionErrors } from '../errors.ts';
import { check, inOrder, isMap, mistake, valueAt } from './check.ts';
import type { LoadContext } from './check-value.ts';
import { openIncludes } from './includes.ts';
import type { Playbook, Stage } from './playbook.ts';
import { playbookSchema, type stageSchema } from './playbook-schema.ts';
import { readTasks } from './read-include.ts';
import { type Reading, readConditions } from './read-task.ts';
import { checkPattern } from './select.ts';
import { type Path, parseSource } from './source.ts';

/** Checks a playbook against operations, templates and an inventory; throws ProvisionErrors with every mistake of the file. */
export function parsePlaybook(file: string, text: string, context: LoadContext): Playbook {
  const source = parseSource(file, text);
  const checked = check(playbookSchema, source.value, source.locate, 'docs/playbooks.md');
  const { sources: includes, mistakes } = openIncludes(source);
  const known = 'mistakes' in checked ? checked.mistakes : [];
  const reading: Reading = { source, context, includes, mistakes: [...known, ...mistakes] };
  // A mistake elsewhere must not hide those of the tasks.
  if ('mistakes' in checked) readRawTasks(reading);
  const stages = 'value' in checked ? checked.value.stages : [];
  const read = stages.map((stage, index) => readStage(reading, stage, ['stages', index]));
  if (!('value' in checked) || reading.mistakes.length > 0) throw new ProvisionErrors(inOrder(reading.mistakes));
  return { file, name: checked.value.name, description: checked.value.description, stages: read };
}

function readStage(reading: Reading, stage: z.output<typeof stageSchema>, path: Path): Stage {
  checkHosts(reading, stage.hosts, [...path, 'hosts']);
  if (stage.all_or_none && stage.serial)
    reading.mistakes.push(
      mistake(
        'A stage with all_or_none has one batch, so serial means nothing',
        reading.source.locate([...path, 'serial'], 'key'),
        'Take out one of them.',
      ),
    );
  const when = readConditions(reading, stage.when, [...path, 'when'], false);
  const tasks = stage.tasks
    .flatMap((raw, index) => readTasks(reading, raw, [...path, 'tasks', index]))
    .map((task) => ({
      ...task,
      when: [...when, ...task.when],
      tags: [...new Set([...stage.tags, ...task.tags])],
      migrationOnly: stage.migration_only || task.migrationOnly,
    }));
  return {
    name: stage.name,
    hosts: stage.hosts,
    serial: stage.serial,
    order: stage.order,
    protectReady: stage.protect_ready,
    rolling: stage.rolling || stage.all_or_none,
    allOrNone: stage.all_or_none,
    beyondLimit: stage.beyond_limit,
    tags: stage.tags,
    tasks,
    location: reading.source.locate(path),
  };
}

function checkHosts({ source, context, mistakes }: Reading, hosts: readonly string[], path: Path): void {
  const isList = Array.isArray(valueAt(source.value, path));
  for (const [index, pattern] of hosts.entries()) {
    const where = source.locate(isList ? [...path, index] : path);
    mistakes.push(...checkPattern(pattern, context.inventory, where));
  }
}

function readRawTasks(reading: Reading): void {
  for (const [stage] of listAt(reading, ['stages']).entries())
    for (const [index, task] of listAt(reading, ['stages', stage, 'tasks']).entries())
      if (isMap(task)) readTasks(reading, task, ['stages', stage, 'tasks', index]);
}

function listAt({ source }: Reading, path: Path): readonly unknown[] {
  const value = valueAt(source.value, path);
  return Array.isArray(value) ? value : [];
}
