import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/engine/run.ts';
import { undoStages } from '../../src/engine/undo-stages.ts';
import type { ProvisionError } from '../../src/errors.ts';
import type { RunEvent } from '../../src/events.ts';
import type { JournalEntry } from '../../src/journal/entry.ts';
import { directory } from '../../src/operations/files/directory.ts';
import { file } from '../../src/operations/files/file.ts';
import { findOperation } from '../../src/operations/registry.ts';
import { recorded } from '../unit/journal/runs.ts';
import { request, stage, task } from './operations.ts';
import { canMakeHosts, hasProgram, type Shell } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

type Wish = { path: string; content?: string; state?: 'present' | 'absent'; mode?: string };

const shells = (['dash', 'bash', 'busybox'] as const).filter(hasProgram);

/** Runs and their undoing on one host; paths are those of its scratch folder. */
async function onHost(shell: Shell) {
  const setting: Setting = await setUp({ host: { shell } });
  const { host } = setting;
  const inside = (path: string): string => `${host.scratch}/${path}`;
  const here = (path: string): string => host.path(inside(path));
  const journals = new Map<string, JournalEntry[]>();
  const go = async (id: string, stages: Parameters<typeof request>[1], undoes?: string) => {
    const entries: JournalEntry[] = [];
    journals.set(id, entries);
    const journal = { record: (entry: JournalEntry) => void entries.push(entry) };
    const asked = request([setting], stages, { id, journal, holder: `run ${id}`, ...(undoes && { undoes }) });
    return { status: await run(asked.request), events: asked.events };
  };
  const want = ({ path, ...wish }: Wish) => task(file, () => file.schema.parse({ path: inside(path), ...wish }));
  return {
    here,
    undoFolder: (id: string) => host.path(`/var/lib/provision/undo/${id}`),
    read: (path: string) => (existsSync(here(path)) ? readFileSync(here(path), 'utf8') : undefined),
    write: (path: string, text: string) => writeFileSync(here(path), text),
    up: (id: string, ...stages: readonly (readonly Wish[])[]) =>
      go(
        id,
        stages.map((wishes, index) => stage(`stage ${index + 1}`, [host.name], wishes.map(want))),
      ),
    makeDirectory: (id: string, path: string) =>
      go(id, [stage('stage 1', [host.name], [task(directory, () => directory.schema.parse({ path: inside(path) }))])]),
    undo: (id: string, options: { as?: string; force?: boolean } = {}) =>
      go(
        options.as ?? `undo-${id}`,
        undoStages({
          run: recorded(id, journals.get(id) ?? []),
          hosts: [host.name],
          isWhole: true,
          force: options.force ?? false,
          findOperation,
          gate: () => ({ unit: '', timeout_seconds: 1 }),
        }),
        id,
      ),
  };
}

const failures = (events: readonly RunEvent[]): ProvisionError[] =>
  events.flatMap((event) => (event.type === 'failure' ? [event.error] : []));

describe.skipIf(!canMakeHosts).each(shells)('undo under %s', (shell) => {
  test('brings files, modes and directories back, over all stages', async () => {
    const { up, undo, write, read, here, undoFolder } = await onHost(shell);
    write('b', 'old');
    write('c', 'old');
    await up(
      'r1',
      [
        { path: 'deep/er/a', content: 'new' },
        { path: 'b', content: 'new', mode: '0600' },
      ],
      [
        { path: 'c', state: 'absent' },
        { path: 'b', content: 'newer' },
      ],
    );
    expect([read('deep/er/a'), read('b'), read('c')]).toEqual(['new', 'newer', undefined]);
    const { status, events } = await undo('r1');
    expect(failures(events)).toEqual([]);
    expect(status).toBe('changed');
    expect([existsSync(here('deep')), read('b'), read('c')]).toEqual([false, 'old', 'old']);
    expect(statSync(here('b')).mode & 0o777).toBe(0o644);
    expect(readdirSync(undoFolder('r1'))).toEqual(['undone']);
    expect((await undo('r1', { as: 'again' })).status).toBe('ok');
  });

  test('touches nothing when somebody changed a file since, unless forced; then it keeps what it overwrites', async () => {
    const { up, undo, write, read, undoFolder, here } = await onHost(shell);
    write('b', 'old');
    await up('r1', [{ path: 'a', content: 'new' }], [{ path: 'b', content: 'new' }]);
    write('b', 'mine');
    rmSync(here('a'));
    const refused = await undo('r1');
    expect(failures(refused.events)).toMatchObject([
      {
        code: 'DRIFTED',
        why: expect.stringMatching(/\/b was changed by somebody else$/),
        fix: expect.stringContaining('--force'),
      },
    ]);
    expect([read('a'), read('b')]).toEqual([undefined, 'mine']);
    const forced = await undo('r1', { as: 'forced', force: true });
    expect(forced.status).toBe('changed');
    expect([read('a'), read('b')]).toEqual([undefined, 'old']);
    const warnings = forced.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(warnings).toEqual([expect.stringMatching(/\/b had been changed since and was overwritten/)]);
    expect(readFileSync(`${undoFolder('forced')}/overwritten/var/lib/scratch/b`, 'utf8')).toBe('mine');
  });

  test('names the later run that wrote a file, and goes on after that one was taken back', async () => {
    const { up, undo, read } = await onHost(shell);
    await up('r1', [{ path: 'a', content: 'first' }]);
    await up('r2', [{ path: 'a', content: 'second' }]);
    expect(failures((await undo('r1')).events)).toMatchObject([
      { code: 'DRIFTED', why: expect.stringMatching(/by run r2$/), fix: expect.stringContaining('provision undo r2') },
    ]);
    expect((await undo('r2')).status).toBe('changed');
    expect(read('a')).toBe('first');
    expect((await undo('r1', { as: 'once more' })).status).toBe('changed');
    expect(read('a')).toBeUndefined();
  });

  test('is harmless where a change was announced and never made', async () => {
    const { up, undo, read, here } = await onHost(shell);
    mkdirSync(here('taken'));
    const failed = await up('r1', [
      { path: 'a', content: 'new' },
      { path: 'taken', content: 'new' },
      { path: 'never', content: 'new' },
    ]);
    expect(failures(failed.events)).toMatchObject([{ code: 'IS_A_DIRECTORY' }]);
    expect((await undo('r1')).status).toBe('changed');
    expect([read('a'), read('never'), statSync(here('taken')).isDirectory()]).toEqual([undefined, undefined, true]);
  });

  test('goes on with what is left after it was stopped', async () => {
    const { up, undo, read, undoFolder } = await onHost(shell);
    await up('r1', [
      { path: 'a', content: 'new' },
      { path: 'b', content: 'new' },
    ]);
    const step = `${undoFolder('r1')}/steps/0001`;
    const script = readFileSync(step, 'utf8');
    writeFileSync(step, script.replace('set -eu', 'set -eu\necho no >&2; exit 1'));
    expect(failures((await undo('r1')).events)).toMatchObject([
      { code: 'TASK_FAILED', why: expect.stringContaining('no') },
    ]);
    expect([read('a'), read('b')]).toEqual(['new', undefined]);
    writeFileSync(step, script);
    expect((await undo('r1', { as: 'again' })).status).toBe('changed');
    expect(read('a')).toBeUndefined();
  });

  test('says that a host has no record of the run any more', async () => {
    const { up, undo, read, undoFolder } = await onHost(shell);
    await up('r1', [{ path: 'a', content: 'new' }]);
    rmSync(undoFolder('r1'), { recursive: true });
    expect(failures((await undo('r1')).events).map((error) => error.code)).toEqual(['UNDO_DATA_MISSING']);
    expect(read('a')).toBe('new');
  });

  test('gives a directory its mode back, and removes one that was made', async () => {
    const { makeDirectory, undo, here } = await onHost(shell);
    mkdirSync(here('there'), { mode: 0o700 });
    await makeDirectory('r1', 'there');
    await makeDirectory('r2', 'made');
    expect(statSync(here('there')).mode & 0o777).toBe(0o755);
    for (const id of ['r2', 'r1']) expect((await undo(id)).status).toBe('changed');
    expect(statSync(here('there')).mode & 0o777).toBe(0o700);
    expect(existsSync(here('made'))).toBe(false);
  });
});

test.skipIf(!canMakeHosts)('a host keeps the last ten runs, and those taken back apart from them', async () => {
  const { up, undoFolder } = await onHost('dash');
  for (let number = 1; number <= 12; number += 1)
    for (const [name, made] of [
      [`run-${String(number).padStart(2, '0')}`, 'steps'],
      [`undone-${String(number).padStart(2, '0')}`, 'x'],
    ] as const)
      mkdirSync(`${undoFolder(name)}/${made}`, { recursive: true });
  await up('r1', [{ path: 'a', content: 'new' }]);
  const left = readdirSync(undoFolder('.'));
  const numbers = (prefix: string) =>
    left.filter((name) => name.startsWith(prefix)).map((name) => Number(name.split('-')[1]));
  expect(numbers('run-').sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(numbers('undone-').sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(left).toContain('r1');
});
