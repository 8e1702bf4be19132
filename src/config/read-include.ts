import { mistake } from './check.ts';
import { tasksOf } from './includes.ts';
import type { Task } from './playbook.ts';
import { type Reading, readTask } from './read-task.ts';
import type { Path } from './source.ts';

/** The tasks that an item of a stage stands for: itself, or those of the file it includes. */
export function readTasks(reading: Reading, raw: Record<string, unknown>, path: Path): readonly Task[] {
  if (!('include' in raw)) return present([readTask(reading, raw, path)]);
  const { source, mistakes, includes } = reading;
  const { include: name, ...others } = raw;
  for (const key of Object.keys(others))
    mistakes.push(
      mistake(
        `An include has nothing beside it, this one has "${key}"`,
        source.locate([...path, key], 'key'),
        'Write it at each task of the included file.',
      ),
    );
  if (typeof name !== 'string')
    mistakes.push(
      mistake(
        'Expected the path of a file with a list of tasks',
        source.locate([...path, 'include']),
        'Write it as in include: tasks/kubelet.yaml.',
      ),
    );
  const included = typeof name === 'string' ? includes.get(name) : undefined;
  if (!included) return [];
  const tasks = tasksOf(included).map((task, index) => {
    if (!('include' in task)) return readTask({ ...reading, source: included }, task, [index]);
    const where = included.locate([index, 'include'], 'key');
    mistakes.push(mistake('A file that is included includes no other one', where, 'Include it in the playbook.'));
    return undefined;
  });
  return present(tasks);
}

const present = (tasks: readonly (Task | undefined)[]): readonly Task[] => tasks.filter((task) => task !== undefined);
