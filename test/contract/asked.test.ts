import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { prelude } from '../../src/operations/prelude.ts';
import { seeUnit } from '../../src/operations/units/unit-flags-script.ts';
import { canMakeHosts, hasProgram, makeHost, type Shell } from './private-host.ts';

/** Says 3000 flags and notes each of its starts; stops on its way while there is a file that says so. */
const program = `#!/bin/sh
echo "$1" >>/var/lib/scratch/starts
n=0; while [ $n -lt 3000 ]; do
  [ $n -lt 9 ] || [ ! -e /var/lib/scratch/stop ] || kill -KILL $$
  echo "  --flag-$n string"; n=$((n+1))
done
exit 2
`;

async function onHost(shell: Shell) {
  const host = await makeHost({ shell, size: '512k' });
  onTestFinished(() => host.close());
  const exec = async (script: string) => {
    const child = host.spawn('exec sh -s');
    if (child.stdout === null) throw new Error('no output');
    const output = readAll(child.stdout);
    child.stdin?.end(script);
    await once(child, 'close');
    return (await output).trim();
  };
  const path = `${host.scratch}/program`;
  writeFileSync(host.path(path), program, { mode: 0o755 });
  return { exec, ask: () => exec(`${prelude.source}\n${seeUnit.source}\nasked ${path} help | wc -l`) };
}

const shells = (['dash', 'bash', 'busybox'] as const).filter(hasProgram);

describe.runIf(canMakeHosts).each(shells)('what a program says of itself, under %s', (shell) => {
  test('is asked once', async () => {
    const { exec, ask } = await onHost(shell);
    expect([await ask(), await ask(), await exec('cat /var/lib/scratch/starts')]).toEqual(['3000', '3000', '--help']);
  });

  test('is not what one said that was killed on its way', async () => {
    const { exec, ask } = await onHost(shell);
    await exec('touch /var/lib/scratch/stop');
    expect(await ask()).toBe('0');
    await exec('rm /var/lib/scratch/stop');
    expect(await ask()).toBe('3000');
  });

  test('is whole where there is no room to keep it, and later', async () => {
    const { exec, ask } = await onHost(shell);
    await exec('head -c 1m /dev/zero >/run/full; :');
    expect(await ask()).toBe('3000');
    await exec('rm /run/full');
    expect(await ask()).toBe('3000');
    expect(await exec('find /run/provision/facts -type f | wc -l')).toBe('1');
  });
});
