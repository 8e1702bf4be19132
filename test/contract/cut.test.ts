import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composeTrip } from '../../src/engine/trip.ts';
import { randomNumbers } from '../random-numbers.ts';
import { canMakeHosts, hasProgram, type Shell } from './private-host.ts';
import { item, newTrip, type Setting, setUp } from './setting.ts';

const seed = Number(process.env['PROVISION_TEST_SEED'] ?? Date.now() % 1_000_000);

const names = ['a', 'b', 'c'] as const;
const contentOf = (name: string): string => `${name}\n`.repeat(500);

/** Three files through `put`, each an apply of its own, with the lock. */
function script({ host }: Setting): string {
  const root = `${host.scratch}/root`;
  const items = names.map((name) =>
    item(`set -eu\nprintf %s '${contentOf(name)}' | put ${root}/etc/${name} 0644 root root\necho "wrote ${name}"`, {
      kind: 'apply',
    }),
  );
  const prepare = item(`mkdir -p ${host.scratch}/undo`, { kind: 'apply' });
  return composeTrip(
    [prepare, ...items],
    newTrip({ lock: 'test', environment: { PROVISION_UNDO: `${host.scratch}/undo` } }),
  );
}

/** Waits until nothing the cut command started runs any more, then tells what is there. */
async function whatHappened({ host, server }: Setting): Promise<'nothing' | 'everything'> {
  await server.commandsEnded();
  const etc = host.path(`${host.scratch}/root/etc`);
  const found = existsSync(etc) ? readdirSync(etc).sort() : [];
  const leftovers = readdirSync(host.path(host.scratch)).filter((name) => name !== 'root');
  if (found.length === 0) {
    expect(leftovers, 'nothing at all').toEqual([]);
    return 'nothing';
  }
  expect(found, 'everything, and no temporary file').toEqual([...names]);
  for (const name of names) expect(readFileSync(join(etc, name), 'utf8')).toBe(contentOf(name));
  return 'everything';
}

async function cutAt(setting: Setting, cut: { afterBytes?: number; atOutput?: RegExp }): Promise<string> {
  const { host, server, connect } = setting;
  for (const name of readdirSync(host.path(host.scratch)))
    rmSync(host.path(`${host.scratch}/${name}`), { recursive: true });
  mkdirSync(host.path(`${host.scratch}/root`));
  server.behaviour.cutAfterBytes = undefined;
  server.behaviour.cutAtOutput = undefined;
  const transport = await connect();
  server.behaviour.cutAfterBytes = cut.afterBytes;
  server.behaviour.cutAtOutput = cut.atOutput;
  await expect(transport.run(script(setting), { timeoutMs: 20_000 })).rejects.toMatchObject({
    code: 'CONNECTION_LOST',
  });
  return whatHappened(setting);
}

test.skipIf(!canMakeHosts).each(['dash', 'bash', 'busybox'] as const satisfies Shell[])(
  `the link cut at random offsets of a script leaves nothing half-applied (seed ${seed}, %s)`,
  async (shell) => {
    if (!hasProgram(shell)) throw new Error(`${shell} is not installed`);
    const setting = await setUp({ host: { shell } });
    const length = Buffer.byteLength(script(setting));
    const random = randomNumbers(seed);
    const offsets = Array.from({ length: shell === 'dash' ? 50 : 15 }, () => Math.floor(random() * length));
    // the last line is where a script that was cut could still run
    for (const offset of [...offsets, ...Array.from({ length: 16 }, (_, n) => length - 2 - n)]) {
      expect(await cutAt(setting, { afterBytes: offset }), `cut at ${offset} of ${length}`).toBe('nothing');
    }
  },
);

test.skipIf(!canMakeHosts).each(['dash', 'bash', 'busybox'] as const)(
  'the link cut after the script has arrived lets everything happen (%s)',
  async (shell) => {
    const setting = await setUp({ host: { shell } });
    const length = Buffer.byteLength(script(setting));
    expect(await cutAt(setting, { afterBytes: length })).toBe('everything');
    expect(await cutAt(setting, { atOutput: /start 0/ })).toBe('everything');
  },
);
