import type { ApplyingEntry, JournalEntry, RunEntry } from '../../../src/journal/entry.ts';
import { parseJournal, type RecordedRun } from '../../../src/journal/recorded-run.ts';

export const begin = (run: string, more: Partial<RunEntry> = {}): RunEntry => ({
  type: 'run',
  version: 1,
  run,
  command: 'up',
  inventory: '/etc/inventory.yaml',
  inventorySha256: '',
  options: {},
  hosts: [
    { name: 'n1', address: '10.0.0.1' },
    { name: 'n2', address: '10.0.0.2' },
  ],
  user: 'root',
  machine: 'here',
  versions: {},
  ...more,
});

export const applying = (host: string, stage: string, more: Partial<ApplyingEntry> = {}): ApplyingEntry => ({
  type: 'applying',
  host,
  stage,
  protectReady: false,
  tasks: [],
  afterUndo: [],
  ...more,
});

/** A run as its journal would be read. */
export function recorded(run: string, entries: readonly JournalEntry[], more: Partial<RunEntry> = {}): RecordedRun {
  const lines = [begin(run, more), ...entries].map((entry) =>
    JSON.stringify({ time: '2026-01-01T00:00:00Z', ...entry }),
  );
  return parseJournal(`${lines.join('\n')}\n`, run);
}

export const finished = (status: 'ok' | 'changed' | 'failed'): JournalEntry => ({
  type: 'finished',
  status,
  seconds: 1,
});
