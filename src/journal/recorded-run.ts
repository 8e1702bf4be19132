import { readdirSync, readFileSync } from 'node:fs';
import { ProvisionError } from '../errors.ts';
import type { JournalEntry, RunEntry, TaskRecord, Timed } from './entry.ts';
import { journalPath } from './journal.ts';

/** A run as its journal tells it. */
export interface RecordedRun {
  readonly id: string;
  readonly begin: Timed<RunEntry>;
  readonly entries: readonly Timed<JournalEntry>[];
}

/** Reads a journal; a last line that was cut off is left out. Throws JOURNAL_BROKEN. */
export function parseJournal(text: string, path: string): RecordedRun {
  const lines = text.split('\n');
  // what follows the last newline was never written to its end
  lines.pop();
  const entries = lines.map((line, index): Timed<JournalEntry> => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw broken(`${path}:${index + 1}`, 'this line is not JSON', cause);
    }
  });
  const [begin] = entries;
  if (begin?.type !== 'run' || begin.version !== 1) throw broken(path, 'it does not begin with a run of version 1');
  return { id: begin.run, begin, entries };
}

/** All runs of a folder, oldest first; none where there is no such folder. Throws JOURNAL_BROKEN. */
export function listRuns(runsFolder: string): readonly RecordedRun[] {
  return namesIn(runsFolder).flatMap((name) => {
    const path = journalPath(runsFolder, name);
    const text = readIfThere(path);
    // a folder without a whole first line was made by a run that got no further
    return text?.includes('\n') ? [parseJournal(text, path)] : [];
  });
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The entries of one kind. */
export const entriesOf = <Entry extends JournalEntry, Type extends Entry['type']>(
  run: { readonly entries: readonly Entry[] },
  type: Type,
): readonly Extract<Entry, { type: Type }>[] =>
  run.entries.filter((entry): entry is Extract<Entry, { type: Type }> => entry.type === type);

/** Hosts that the run changed or was about to change, itself or objects of the API for them. */
export const changedHosts = (run: RecordedRun): readonly string[] => {
  const isPutBack = (host: string, { stage }: { readonly stage: string }): boolean =>
    entriesOf(run, 'put-back').some((entry) => entry.stage === stage && entry.hosts.includes(host));
  return [
    ...new Set([
      ...entriesOf(run, 'applying')
        .filter((entry) => !isPutBack(entry.host, entry))
        .map(({ host }) => host),
      ...entriesOf(run, 'awaiting').flatMap((entry) =>
        (entry.objects ?? []).length > 0 ? entry.hosts.filter((host) => !isPutBack(host, entry)) : [],
      ),
      ...standingCordons(run),
    ]),
  ];
};

/**
 * Hosts whose Nodes a run has cordoned, or was about to, or has changed under the cordon of an earlier one, and of which it is
 * not known that it lifted that again.
 */
export function standingCordons({ entries }: { readonly entries: readonly JournalEntry[] }): readonly string[] {
  const hosts = new Set<string>();
  const inherited = new Set<string>();
  const lifting = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'nodes')
      for (const { host, cordonedBy } of entry.nodes) if (host !== undefined && cordonedBy) inherited.add(host);
    if (entry.type === 'applying' && inherited.has(entry.host)) hosts.add(entry.host);
    if (entry.type === 'keeping') for (const host of entry.hosts) hosts.add(host);
    if (entry.type === 'awaiting' && entry.task.operation === 'cordon') for (const host of entry.hosts) hosts.add(host);
    if (entry.type === 'awaiting' && entry.task.operation === 'uncordon') lifting.add(entry.task.task);
    if (entry.type === 'applied' && lifting.has(entry.task)) hosts.delete(entry.host);
    if (entry.type === 'put-back') for (const host of entry.hosts) hosts.delete(host);
  }
  return [...hosts];
}

/** The tasks that were sent to hosts, and those that change the cluster for each host they are told of. */
export const tasksBegun = (
  run: RecordedRun,
): readonly { readonly host: string; readonly stage: string; readonly task: TaskRecord }[] => {
  const applied = entriesOf(run, 'applied');
  return run.entries.flatMap((entry) => {
    if (entry.type === 'applying') return entry.tasks.map((task) => ({ host: entry.host, stage: entry.stage, task }));
    if (entry.type !== 'awaiting' || !entry.isChange) return [];
    // a batch is waited for as a whole, and only some of its Nodes may have been changed
    const told = applied.filter((one) => one.stage === entry.stage && one.task === entry.task.task);
    const changed = entry.hosts.filter((host) => told.some((one) => one.host === host));
    const hosts = changed.length > 0 ? changed : entry.hosts;
    return hosts.map((host) => ({ host, stage: entry.stage, task: entry.task }));
  });
};

const broken = (where: string, why: string, cause?: unknown): ProvisionError =>
  new ProvisionError({
    code: 'JOURNAL_BROKEN',
    kind: 'operation',
    what: 'the journal of a run cannot be read',
    where,
    why,
    fix: 'Move the folder of that run away; hosts keep what they need to take it back.',
    cause,
  });
