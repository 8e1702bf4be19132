import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { execute } from '../../src/lab/execute.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';
import { say } from '../lab/shared-lab.ts';

/** Further addresses of each control-plane host, each a host to the tool; sshd takes ten logins at once. */
const addressesEach = 9;

describeOwnLab('twenty-two hosts', 2, (lab) => {
  let inventory = '';
  const extra: { name: string; address: string }[] = [];

  beforeAll(async () => {
    await settle(lab());
    const known: string[] = [];
    for (const [index, host] of ['cp1', 'cp2'].entries()) {
      const { address } = lab().host(host);
      const keys = readFileSync(lab().knownHostsPath, 'utf8').split('\n');
      const key = keys.find((line) => line.startsWith(`${address} `))?.slice(address.length) ?? '';
      for (let one = 1; one <= addressesEach; one += 1) {
        const further = address.replace(/\d+$/, String(150 + 20 * index + one));
        await on(lab(), host, `ip address add ${further}/32 dev eth0`);
        extra.push({ name: `extra${extra.length + 1}`, address: further });
        known.push(`${further}${key}`);
      }
    }
    const file = join(lab().folder, 'test-known_hosts');
    writeFileSync(file, [readFileSync(lab().knownHostsPath, 'utf8').trimEnd(), ...known, ''].join('\n'));
    inventory = writeInventory(lab(), 'scale', ({ all }) => {
      Object.assign(all.vars, { ssh_known_hosts_file: './test-known_hosts' });
      const hosts = Object.fromEntries(extra.map(({ name, address }) => [name, { ansible_host: address }]));
      Object.assign(all.children, { extra: { hosts } });
    });
  });

  test('a run with nothing to change costs two commands each', async () => {
    const run = await runUp(inventory);
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual([]);
    const names = [...lab().hosts.map(({ name }) => name), ...extra.map(({ name }) => name)];
    for (const name of names) expect(run.summary(name), name).toMatchObject({ commands: 2, uploads: 0, failed: 0 });

    const addresses = [...lab().hosts, ...extra].map(({ address }) => address);
    const options = ['-i', lab().keyPath, '-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'];
    const known = ['-o', `UserKnownHostsFile=${join(lab().folder, 'test-known_hosts')}`];
    const startedAt = performance.now();
    await Promise.all(addresses.map((address) => execute('ssh', [...options, ...known, `root@${address}`, 'true'])));
    const floor = (performance.now() - startedAt) / 1000;
    const finished = run.events.at(-1);
    const seconds = finished?.type === 'run-finished' ? finished.seconds : Number.NaN;
    say(
      `${addresses.length} hosts, nothing to change: ${seconds.toFixed(2)} s; as many parallel \`ssh HOST true\`: ${floor.toFixed(2)} s; ratio ${(seconds / floor).toFixed(2)}`,
    );
  });
});
