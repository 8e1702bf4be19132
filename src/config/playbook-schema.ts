import { z } from 'zod';
import { batchSize, oneOrMore } from './batch-size.ts';

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const name = z.string().min(1);
const tags = z.array(name).default([]);
const when = z
  .record(name, z.union([scalar, z.array(scalar)]))
  .default({})
  .describe('a map from a variable to the value, or the list of values, it must have');
const migrationOnly = z.boolean().default(false);

export const stageSchema = z.strictObject({
  name: name.describe('the result of the stage, in words'),
  hosts: oneOrMore(name).describe('a group, a host, `all`, or a list of them; `!` before what is left out'),
  serial: oneOrMore(batchSize)
    .optional()
    .describe('batch sizes, the last one repeating; all hosts at once if left out'),
  order: z.enum(['leader-last']).optional().describe('the leading replica after all others'),
  protect_ready: z.boolean().default(false).describe('Ready nodes in batches [1, 25%], the others all at once'),
  rolling: z
    .boolean()
    .default(false)
    .describe('batches as `roll` of the inventory says; one that fails is put back, and the rest are not touched'),
  all_or_none: z
    .boolean()
    .default(false)
    .describe('`rolling` with all hosts as one batch: should one of them fail, all are put back'),
  beyond_limit: z
    .boolean()
    .default(false)
    .describe('hosts outside --limit take part as well, where the network agent is installed'),
  tags: tags.describe('names to choose it by with --tags'),
  when: when,
  migration_only: migrationOnly.describe('all of its tasks are `migration_only`'),
  tasks: z
    .array(z.record(z.string(), z.unknown(), { error: 'Expected a task: a map with a name and an operation' }))
    .min(1)
    .describe('what the hosts should have, in order; `include: FILE` stands for the list of tasks in a file'),
});

export const playbookSchema = z.strictObject({
  name: name.describe('how it is called on the command line'),
  description: z.string().default('').describe('what it is for, in one sentence'),
  stages: z.array(stageSchema).min(1).describe('the stages, in order'),
});

/** A task without its operation, whose key is the operation's name. */
export const taskSchema = z.strictObject({
  name: name.describe('the result, in words: "IPv4 forwarding is on"'),
  when: when,
  loop: z
    .union([z.array(z.unknown()), z.string()])
    .optional()
    .describe('a list; the task is done for each item, as {{ item }}'),
  tags: tags.describe('names to choose it by with --tags'),
  migration_only: migrationOnly.describe(
    'what no other command does: where nothing of it is due, `migrate` points to `up` and `roll`',
  ),
});
