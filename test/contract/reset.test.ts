import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/engine/run.ts';
import type { ProvisionError } from '../../src/errors.ts';
import type { RunEvent } from '../../src/events.ts';
import { file } from '../../src/operations/files/file.ts';
import { noRecord } from '../../src/operations/take-back/no-record.ts';
import { takeBackAll } from '../../src/operations/take-back/take-back-all.ts';
import { request, stage, task } from './operations.ts';
import { canMakeHosts, hasProgram, type Shell } from './private-host.ts';
import { type Setting, setUp } from './setting.ts';

const shells = (['dash', 'bash', 'busybox'] as const).filter(hasProgram);

/** Runs on one host, and what takes all of them back; paths are those of its scratch folder. */
async function onHost(shell: Shell) {
  const setting: Setting = await setUp({ host: { shell } });
  const { host } = setting;
  const here = (path: string): string => host.path(`${host.scratch}/${path}`);
  const go = async (id: string, tasks: Parameters<typeof stage>[2]) => {
    const asked = request([setting], [stage('stage', [host.name], tasks)], { id });
    return { status: await run(asked.request), events: asked.events };
  };
  const wish = (path: string, content: string | null, mode = '0644') =>
    task(file, () =>
      file.schema.parse({
        path: `${host.scratch}/${path}`,
        ...(content === null ? { state: 'absent' } : { content, mode }),
      }),
    );
  const reset = (force = false) => go('reset', [task(takeBackAll, () => ({ force })), task(noRecord)]);
  return {
    here,
    host,
    undone: host.path('/var/lib/provision/undo'),
    read: (path: string) => (existsSync(here(path)) ? readFileSync(here(path), 'utf8') : undefined),
    write: (path: string, text: string) => writeFileSync(here(path), text),
    up: (id: string, ...tasks: Parameters<typeof stage>[2]) => go(id, tasks),
    wish,
    reset,
  };
}

const failures = (events: readonly RunEvent[]): ProvisionError[] =>
  events.flatMap((event) => (event.type === 'failure' ? [event.error] : []));

const name = (number: number): string => `20260101-0000${String(number).padStart(2, '0')}-aaaa`;

describe.skipIf(!canMakeHosts).each(shells)('reset under %s', (shell) => {
  test('after fifteen runs the host is as before the first one, and has no record of them', async () => {
    const { up, wish, write, read, here, host, undone, reset } = await onHost(shell);
    write('theirs', 'old');
    write('removed', 'kept');
    for (let number = 1; number <= 15; number += 1) {
      const made = await up(
        name(number),
        wish('theirs', `run ${number}`, number % 2 ? '0600' : '0644'),
        wish(`deep/of-${number % 4}`, `run ${number}`),
        ...(number === 2 ? [wish('removed', null)] : []),
        ...(number === 14 ? [wish('removed', 'again')] : []),
      );
      expect(failures(made.events)).toEqual([]);
    }
    expect(readdirSync(undone).toSorted()).toEqual([
      ...Array.from({ length: 10 }, (_, index) => name(index + 6)),
      'base',
    ]);
    const done = await reset();
    expect(failures(done.events)).toEqual([]);
    expect(done.status).toBe('changed');
    expect([read('theirs'), read('removed'), existsSync(here('deep'))]).toEqual(['old', 'kept', false]);
    expect(statSync(here('theirs')).mode & 0o777).toBe(0o644);
    expect(existsSync(host.path('/var/lib/provision'))).toBe(false);
    expect((await reset()).status).toBe('ok');
  }, 180_000);

  test('what somebody changed stops it before anything is touched, unless forced; then a copy of it stays', async () => {
    const { up, wish, write, read, here, host, reset } = await onHost(shell);
    write('a', 'old');
    await up(name(1), wish('a', 'one'), wish('b', 'one'), wish('c', 'one'));
    write('b', 'somebody in between');
    await up(name(2), wish('b', 'two'));
    write('a', 'somebody later');
    rmSync(here('c'));
    const refused = await reset();
    expect(failures(refused.events)).toMatchObject([{ code: 'DRIFTED' }]);
    const [{ why = '' } = {}] = failures(refused.events);
    expect(why.split('\n').map((line) => line.replace(/^.*\//, ''))).toEqual([
      `a was changed or removed since by somebody else`,
      `b was changed by somebody else before run ${name(2)} wrote it`,
    ]);
    expect([read('a'), read('b')]).toEqual(['somebody later', 'two']);

    const forced = await reset(true);
    expect(failures(forced.events)).toEqual([]);
    expect([read('a'), read('b'), read('c')]).toEqual(['old', undefined, undefined]);
    const copy = (path: string) =>
      readFileSync(host.path(`/var/backups/provision-reset${host.scratch}/${path}`), 'utf8');
    expect([copy('a'), copy('b')]).toEqual(['somebody later', 'somebody in between']);
  });

  test('goes on where a step failed, and leaves out what was taken back', async () => {
    const { up, wish, read, undone, reset } = await onHost(shell);
    await up(name(1), wish('a', 'one'));
    await up(name(2), wish('a', 'two'), wish('b', 'two'));
    const step = `${undone}/${name(1)}/steps/0001`;
    const script = readFileSync(step, 'utf8');
    writeFileSync(step, script.replace('set -eu', 'set -eu\necho no >&2; exit 1'));
    expect(failures((await reset()).events)).toMatchObject([{ code: 'TASK_FAILED' }]);
    expect([read('a'), read('b')]).toEqual(['one', undefined]);
    writeFileSync(step, script);
    expect((await reset()).status).toBe('changed');
    expect(read('a')).toBeUndefined();
  });
});

test.skipIf(!canMakeHosts)(
  'folding that was killed is begun again; a step that is the same as before is kept once',
  async () => {
    const { up, wish, write, read, undone, reset } = await onHost('dash');
    write('a', 'old');
    for (let number = 1; number <= 10; number += 1) await up(name(number), wish('a', `run ${number}`));
    // as far as it may have come: the before-image is there, the rest is not
    mkdirSync(`${undone}/base/files/var/lib/scratch`, { recursive: true });
    writeFileSync(`${undone}/base/files/var/lib/scratch/a`, 'old');
    for (let number = 11; number <= 14; number += 1) await up(name(number), wish('a', `run ${number}`));
    expect(readdirSync(`${undone}/base/steps`)).toHaveLength(1);
    expect((await reset()).status).toBe('changed');
    expect(read('a')).toBe('old');
  },
);
