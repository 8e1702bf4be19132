import { appendFileSync, closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProvisionError } from '../errors.ts';
import type { Redact } from '../redaction.ts';
import type { JournalEntry, TaskRecord } from './entry.ts';

/** The record of one run, written ahead: what is about to happen is on disk before it does. */
export interface Journal {
  record(entry: JournalEntry): void;
}

/** Entries before which nothing has happened that is worth a file. */
const isPreface = (entry: JournalEntry): boolean =>
  ['run', 'host-key', 'nodes', 'failed', 'finished'].includes(entry.type) ||
  (entry.type === 'awaiting' && !entry.isChange);

/** Entries that something will be done after. */
const isAhead = (entry: JournalEntry): boolean =>
  ['agreed', 'applying', 'awaiting', 'keeping', 'putting-back'].includes(entry.type);

export const journalPath = (runsFolder: string, run: string): string => join(runsFolder, run, 'journal.ndjson');

/** Whether a run decides by its end alone what is left to do of another one. */
const settlesAnother = (entry: JournalEntry): boolean =>
  entry.type === 'run' && (entry.undoes !== undefined || entry.resumes !== undefined);

/**
 * A journal whose file appears with the first change, or once its plan was agreed to. A run that changes nothing leaves none,
 * unless it undoes or resumes another one, which is settled by that: a host may have done to its end what a killed run had sent it.
 */
export function openJournal(
  runsFolder: string,
  run: string,
  redact: Redact = (text) => text,
  now: () => Date = () => new Date(),
): Journal {
  const path = journalPath(runsFolder, run);
  let waiting = '';
  let file: number | undefined;
  let endCounts = false;
  let isChange = false;
  return {
    record(entry) {
      waiting += `${JSON.stringify({ time: now().toISOString(), ...redactWords(entry, redact) })}\n`;
      endCounts ||= settlesAnother(entry);
      isChange ||= !isPreface(entry) && entry.type !== 'agreed';
      if (file === undefined && isPreface(entry) && !(endCounts && entry.type === 'finished')) return;
      const isNew = file === undefined;
      try {
        file ??= create(path);
        append(file, waiting);
        waiting = '';
        if (isAhead(entry) || entry.type === 'finished') fsyncSync(file);
        if (isNew) syncFolders(path);
      } catch (cause) {
        throw unwritable(path, cause as Error);
      }
      if (entry.type !== 'finished') return;
      closeSync(file);
      file = undefined;
      if (!isChange && !endCounts) rmSync(dirname(path), { recursive: true });
    },
  };
}

const redactTask = (task: TaskRecord, redact: Redact): TaskRecord => ({
  ...task,
  task: redact(task.task),
  writes: task.writes.map(({ path, sha256 }) => ({ path: redact(path), sha256 })),
  changes: task.changes.map(({ subject, action }) => ({ subject: redact(subject), action: redact(action) })),
});

/** Titles, paths and what is written for people may hold a secret; what undo wants of services is needed as it is. */
function redactWords(entry: JournalEntry, redact: Redact): JournalEntry {
  if (entry.type === 'failed') return { ...entry, what: redact(entry.what) };
  if (entry.type === 'applied') return { ...entry, task: redact(entry.task) };
  if (entry.type === 'awaiting') return { ...entry, task: redactTask(entry.task, redact) };
  if (entry.type !== 'applying') return entry;
  return {
    ...entry,
    tasks: entry.tasks.map((task) => redactTask(task, redact)),
    afterUndo: entry.afterUndo.map((wish) => ({ ...wish, task: redact(wish.task) })),
  };
}

/** Whole lines or nothing: a full disk may take half of what is written. */
function append(file: number, lines: string): void {
  const { size } = fstatSync(file);
  try {
    appendFileSync(file, lines);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

const unwritable = (path: string, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'JOURNAL_UNWRITABLE',
    kind: 'operation',
    what: 'the journal of this run cannot be written, so nothing more is changed',
    where: path,
    why: cause.message,
    fix: 'Make room, or see to the rights of the folder, then run again: what is done stays done.',
    cause,
  });

function create(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, 'ax', 0o600);
}

/** Without this a power cut may take the names of new folders, and the journal with them. */
function syncFolders(path: string): void {
  for (let folder = dirname(path), depth = 0; depth < 2; folder = dirname(folder), depth += 1) {
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  }
}
