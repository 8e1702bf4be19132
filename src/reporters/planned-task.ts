import type { Change, RunEvent } from '../events.ts';
import { type DifferenceOptions, formatAction, formatDifference } from './change-text.ts';
import { groupBy } from './group-by.ts';
import { describeHosts, joinRanges } from './host-names.ts';
import { mergeOrders } from './merge-orders.ts';
import type { Paint } from './paint.ts';
import { count, fileName, formatMegabytes, printable, someOf } from './words.ts';

export type TaskPlanned = RunEvent & { readonly type: 'task-planned' };

/** Whether a run would do something for it. */
export const isDue = ({ status }: TaskPlanned): boolean => status !== 'ok' && status !== 'skipped';

/** Lines of one difference; all with --verbose. */
const mostLines = 20;

export interface PlannedTaskOptions {
  /** All hosts of the stage. */
  readonly hosts: readonly string[];
  readonly verbose: boolean;
  readonly paint: Paint;
}

const words = { change: 'change', wait: 'wait', unknown: 'later', ok: 'ok', skipped: 'skipped' } as const;

/** One task, however many hosts it is for: what is the same on many is told once. */
export function formatPlannedTask(group: readonly TaskPlanned[], options: PlannedTaskOptions): string[] {
  const { paint } = options;
  const [first] = group;
  if (first === undefined) return [];
  const hosts = group.flatMap((one) => one.hosts);
  const { status, task, until, detail, irreversible } = first;
  const color = {
    change: paint.yellow,
    wait: paint.yellow,
    unknown: paint.yellow,
    ok: paint.green,
    skipped: paint.dim,
  };
  const note = until === undefined ? (status === 'skipped' ? detail : undefined) : `known ${until}`;
  const head = `${printable(task)}${note === undefined ? '' : ` (${printable(note)})`}`;
  const where = paint.dim(` · ${describeHosts(hosts, options.hosts)}`);
  return [
    `${color[status](words[status])}${' '.repeat(9 - words[status].length)}${head}${where}`,
    ...formatUploads(group, hosts, options),
    ...(status === 'wait' ? formatWaits(group) : formatChangesOf(group, hosts, options)),
    ...(irreversible === undefined ? [] : [`    ${paint.red(`cannot be taken back: ${irreversible}`)}`]),
  ];
}

function formatUploads(group: readonly TaskPlanned[], hosts: readonly string[], options: PlannedTaskOptions): string[] {
  const uploads = group.flatMap((one) => (one.uploads ?? []).map((upload) => ({ ...upload, hosts: one.hosts })));
  return [...groupBy(uploads, ({ artifact, bytes }) => `${artifact} ${bytes}`).values()].map((same) => {
    const [{ artifact, bytes } = { artifact: '', bytes: 0 }] = same;
    const text = `upload ${fileName(artifact)} (${formatMegabytes(bytes)} MB)`;
    return `    ${printable(text)}${onSome(hostsOf(same), hosts, options)}`;
  });
}

/** Where it is not on all hosts of the task. */
const onSome = (some: readonly string[], all: readonly string[], { hosts, paint }: PlannedTaskOptions): string =>
  some.length === all.length ? '' : paint.dim(` · ${describeHosts(some, hosts)}`);

/** `becomes Ready: Node node[1:3]`: what is waited for, whatever batch it is in. */
function formatWaits(group: readonly TaskPlanned[]): string[] {
  const changes = group.flatMap((one) => one.changes);
  return [...groupBy(changes, ({ action }) => action)].map(([action, same]) => {
    const subjects = joinRanges(same.map(({ subject }) => subject));
    return `    ${printable(`${someOf(subjects)}: ${action}`)}`;
  });
}

/**
 * Changes that read the same are told once, in an order that is that of every host, with the lines that differ; where those are
 * not the same on all hosts, the first ones.
 */
function formatChangesOf(group: readonly TaskPlanned[], all: readonly string[], options: PlannedTaskOptions): string[] {
  const { paint, verbose } = options;
  const lists = group.map(({ hosts, changes }) =>
    changes.map((change) => ({ hosts, change, action: formatAction(change) })),
  );
  const changes = groupBy(lists.flat(), ({ action }) => action);
  return mergeOrders(lists.map((list) => list.map(({ action }) => action))).flatMap((action) => {
    const same = changes.get(action) ?? [];
    const texts = [...groupBy(same, ({ change }) => differingLines(change, options).join('\n')).values()];
    const shown = verbose ? texts : texts.slice(0, 1);
    const rest = hostsOf(texts.slice(shown.length).flat()).length;
    return [
      `    ${action}${onSome(hostsOf(same), all, options)}`,
      ...shown.flatMap((text) => [
        ...(texts.length > 1 ? [paint.dim(`      ${describeHosts(hostsOf(text), options.hosts)}:`)] : []),
        ...formatSharedDifference(
          text.map(({ change }) => change),
          options,
        ),
      ]),
      ...(rest === 0 ? [] : [paint.dim(`      likewise, with other lines, on ${count(rest, 'host')} (see --verbose)`)]),
    ];
  });
}

const hostsOf = (items: readonly { readonly hosts: readonly string[] }[]): string[] =>
  items.flatMap(({ hosts }) => hosts);

const limitOf = ({ verbose }: PlannedTaskOptions): DifferenceOptions =>
  verbose ? {} : { most: mostLines, hint: ' (see --verbose)' };

const differingLines = (change: Change, { paint }: PlannedTaskOptions): string[] =>
  formatDifference(change, paint, { context: 0 });

/** The lines of changes that differ alike, with those around them only where they are the same too. */
function formatSharedDifference(changes: readonly Change[], options: PlannedTaskOptions): string[] {
  const { paint } = options;
  const [first, ...others] = groupBy(changes, (change) => formatDifference(change, paint).join('\n')).values();
  const [change] = first ?? [];
  if (change === undefined) return [];
  return formatDifference(change, paint, { ...limitOf(options), ...(others.length > 0 && { context: 0 }) });
}
