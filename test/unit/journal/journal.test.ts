import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseResume, chooseUndo } from '../../../src/journal/history.ts';
import { journalPath, openJournal } from '../../../src/journal/journal.ts';
import { listRuns, parseJournal } from '../../../src/journal/recorded-run.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { applying, begin } from './runs.ts';

test('a journal is there once something is about to change, with all that was recorded before, for its owner alone', () => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1');
  journal.record(begin('r1'));
  journal.record({ type: 'nodes', nodes: [] });
  expect(existsSync(runs)).toBe(false);
  journal.record(applying('n1', 'stage'));
  const path = journalPath(runs, 'r1');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  journal.record({ type: 'finished', status: 'changed', seconds: 1 });
  const [run] = listRuns(runs);
  expect(run?.entries.map((entry) => entry.type)).toEqual(['run', 'nodes', 'applying', 'finished']);
  expect(run?.entries.every((entry) => entry.time !== '')).toBe(true);
});

test('a run with nothing to do leaves nothing', () => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1');
  journal.record(begin('r1'));
  journal.record({ type: 'finished', status: 'ok', seconds: 1 });
  expect(existsSync(runs)).toBe(false);
  expect(listRuns(runs)).toEqual([]);
});

test('a run that was agreed to can be gone on with before it changes anything; one that ends like that leaves nothing', () => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1');
  journal.record(begin('r1', { command: 'roll' }));
  journal.record({ type: 'agreed' });
  const [killed] = listRuns(runs);
  expect(chooseResume(listRuns(runs), () => false)).toEqual(killed);
  expect(() => chooseUndo(listRuns(runs), undefined)).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }));
  journal.record({ type: 'failed', code: 'CLUSTER_LOCKED', what: 'held' });
  journal.record({ type: 'finished', status: 'failed', seconds: 1 });
  expect(listRuns(runs)).toEqual([]);
});

test.each([{ resumes: 'r0' }, { undoes: 'r0' }])('%o with nothing left to do leaves its end', (more) => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1');
  journal.record(begin('r1', more));
  journal.record({ type: 'nodes', nodes: [] });
  expect(existsSync(runs)).toBe(false);
  journal.record({ type: 'finished', status: 'ok', seconds: 1 });
  expect(listRuns(runs)[0]?.entries.map((entry) => entry.type)).toEqual(['run', 'nodes', 'finished']);
});

test('a journal cut off at any byte is read up to its last whole line', () => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1');
  for (const entry of [begin('r1'), applying('n1', 'ä'), applying('n2', 'ä')]) journal.record(entry);
  const bytes = readFileSync(journalPath(runs, 'r1'));
  const first = bytes.indexOf('\n') + 1;
  for (let length = first; length <= bytes.length; length += 1) {
    const text = bytes.subarray(0, length).toString('utf8');
    expect(parseJournal(text, 'x').entries).toHaveLength(text.split('\n').length - 1);
  }
});

test('a line that is broken before the end is an error that names it', () => {
  const text = `${JSON.stringify({ time: '', ...begin('r1') })}\n{"type\n{"type":"finished"}\n`;
  expect(() => parseJournal(text, '/runs/r1/journal.ndjson')).toThrow(
    expect.objectContaining({ code: 'JOURNAL_BROKEN', where: '/runs/r1/journal.ndjson:2' }),
  );
});

test('a run that failed before it changed anything leaves none; one that evicts pods does, ahead of it', () => {
  const runs = join(temporaryFolder(), 'runs');
  const failed = openJournal(runs, 'r1');
  failed.record(begin('r1'));
  failed.record({ type: 'failed', code: 'CLUSTER_LOCKED', what: 'held' });
  failed.record({ type: 'finished', status: 'failed', seconds: 1 });
  const evicting = openJournal(runs, 'r2');
  evicting.record(begin('r2'));
  const task = { task: 'evict', operation: 'pods_in_range', changes: [], writes: [] };
  evicting.record({ type: 'awaiting', isChange: true, stage: 'stage', hosts: ['n1'], task });
  expect(listRuns(runs).map((run) => run.id)).toEqual(['r2']);
});

test('a journal that cannot be written stops the run before the change', () => {
  const blocked = join(temporaryFolder(), 'runs');
  writeFileSync(blocked, '');
  const journal = openJournal(blocked, 'r1');
  journal.record(begin('r1'));
  expect(() => journal.record(applying('n1', 'stage'))).toThrow(
    expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' }),
  );
});

test('no secret is in a journal', () => {
  const runs = join(temporaryFolder(), 'runs');
  const journal = openJournal(runs, 'r1', (text) => text.replaceAll('geheim', '(secret)'));
  const task = {
    task: 'write geheim',
    operation: 'file',
    changes: [{ subject: '/etc/geheim', action: 'write geheim' }],
    writes: [{ path: '/etc/geheim', sha256: null }],
  };
  journal.record({ ...applying('n1', 'stage'), tasks: [task] });
  journal.record({ type: 'applied', host: 'n1', stage: 'stage', task: task.task });
  journal.record({ type: 'awaiting', isChange: false, stage: 'stage', hosts: ['n1'], task });
  journal.record({ type: 'failed', host: 'n1', code: 'TASK_FAILED', what: "'write geheim' failed" });
  const text = readFileSync(journalPath(runs, 'r1'), 'utf8');
  expect(text).toContain('write (secret)');
  expect(text).not.toContain('geheim');
});
