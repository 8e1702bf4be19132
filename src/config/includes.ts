import { dirname, join } from 'node:path';
import { type ProvisionError, ProvisionErrors } from '../errors.ts';
import { isMap, mistake, valueAt } from './check.ts';
import { readConfigFile } from './read-config-file.ts';
import { type Path, parseSource, type Source } from './source.ts';

/** The files that tasks of a playbook name with `include`, by that name. */
export interface Includes {
  readonly sources: ReadonlyMap<string, Source>;
  readonly mistakes: readonly ProvisionError[];
}

/** Reads every file that is included; one that cannot be is a mistake at its place in the playbook. */
export function openIncludes(playbook: Source): Includes {
  const sources = new Map<string, Source>();
  const mistakes: ProvisionError[] = [];
  for (const { name, path } of includedBy(playbook)) {
    if (sources.has(name)) continue;
    const file = join(dirname(playbook.file), name);
    try {
      const source = parseSource(file, readConfigFile(file));
      const wrong = noTasks(source);
      mistakes.push(...wrong);
      if (wrong.length === 0) sources.set(name, source);
    } catch (error) {
      if (!(error instanceof ProvisionErrors)) throw error;
      mistakes.push(...error.errors.map((one) => withPlace(one, playbook, path)));
    }
  }
  return { sources, mistakes };
}

/** What keeps the content of a file from being a list of tasks. */
function noTasks({ value, locate }: Source): readonly ProvisionError[] {
  if (!Array.isArray(value) || value.length === 0)
    return [mistake('Expected a list of tasks', locate([]), 'Begin each of them with "- name:", and no stage.')];
  return value.flatMap((item: unknown, index) =>
    isMap(item)
      ? []
      : [mistake('Expected a task: a map with a name and an operation', locate([index]), 'Begin it with "- name:".')],
  );
}

/** The tasks of an included file. */
export const tasksOf = ({ value }: Source): readonly Record<string, unknown>[] => (isListOfMaps(value) ? value : []);

const isListOfMaps = (value: unknown): value is readonly Record<string, unknown>[] =>
  Array.isArray(value) && value.length > 0 && value.every(isMap);

function includedBy({ value }: Source): readonly { readonly name: string; readonly path: Path }[] {
  return listAt(value, ['stages']).flatMap((_, stage) =>
    listAt(value, ['stages', stage, 'tasks']).flatMap((task, index) => {
      const name = isMap(task) ? task['include'] : undefined;
      return typeof name === 'string' ? [{ name, path: ['stages', stage, 'tasks', index, 'include'] }] : [];
    }),
  );
}

function listAt(value: unknown, path: Path): readonly unknown[] {
  const list = valueAt(value, path);
  return Array.isArray(list) ? list : [];
}

/** What cannot be read has no place of its own. */
const withPlace = (error: ProvisionError, playbook: Source, path: Path): ProvisionError =>
  error.where === undefined ? error.with({ where: playbook.locate(path) }) : error;
