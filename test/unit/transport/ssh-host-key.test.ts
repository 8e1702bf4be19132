import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lookUpKnownHost } from '../../../src/transport/known-hosts.ts';
import { checkHostKey, lookUpTarget } from '../../../src/transport/ssh-host-key.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const name = Buffer.from('ssh-ed25519');
const key = Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.alloc(36, 1)]);

it.each([
  [false, true],
  [true, false],
])('where no keys are recorded (%s), the file of the system is left alone', async (recordsNoKeys, isWritten) => {
  const file = join(temporaryFolder(), 'ssh_known_hosts');
  const target = {
    ...{ name: 'node1', address: '10.0.0.1', port: 22, user: 'root', identities: [], identitiesOnly: false },
    knownHostsFiles: [file],
    recordsNoKeys,
  };
  const check = checkHostKey(target, lookUpKnownHost([], '10.0.0.1', '10.0.0.1'), true);
  expect(check.verify(key)).toBe(true);
  await check.record();
  expect(existsSync(file)).toBe(isWritten);
});

const other = Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.alloc(36, 2)]);
const lineOf = (who: string, of: Buffer): string => `${who} ssh-ed25519 ${of.toString('base64')}\n`;

it('a key that was accepted takes the place of the old one in the file, whose mode stays', async () => {
  const file = join(temporaryFolder(), 'known_hosts');
  writeFileSync(file, `${lineOf('10.0.0.1,node1', key)}${lineOf('10.0.0.2', key)}`, { mode: 0o640 });
  const target = {
    ...{ name: 'node1', address: '10.0.0.1', port: 22, user: 'root', identities: [], identitiesOnly: false },
    knownHostsFiles: [file],
    acceptedHostKey: other,
  };
  const known = await lookUpTarget(target);
  const former = checkHostKey(target, known, true);
  expect(former.verify(key)).toBe(false);
  expect(former.refusal()?.code).toBe('HOST_KEY_CHANGED');
  const check = checkHostKey(target, known, false);
  expect(check.verify(other)).toBe(true);
  await check.record();
  expect(readFileSync(file, 'utf8')).toBe(
    `${lineOf('node1', key)}${lineOf('10.0.0.2', key)}${lineOf('10.0.0.1', other)}`,
  );
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

it('a key that is revoked is not accepted', () => {
  const target = {
    ...{ name: 'node1', address: '10.0.0.1', port: 22, user: 'root', identities: [], identitiesOnly: false },
    knownHostsFiles: [],
    acceptedHostKey: other,
  };
  const known = lookUpKnownHost([{ file: 'f', text: `@revoked ${lineOf('*', other)}` }], '10.0.0.1', '10.0.0.1');
  expect(checkHostKey(target, known, true).verify(other)).toBe(false);
});
