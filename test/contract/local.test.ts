import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { openLocal } from '../../src/transport/local.ts';
import { temporaryFolder } from '../unit/temporary-folder.ts';
import { item, travel } from './setting.ts';

const patient = { timeoutMs: 20_000 };
const open = () => {
  const transport = openLocal({ name: 'here', user: 'tester', homeFolder: '/' });
  onTestFinished(() => transport.close());
  return transport;
};

test('the machine itself runs scripts as a host does', async () => {
  const result = await open().run('printf "  a\\n"; printf "oops\\n" >&2; exit 7\n', patient);
  expect(result).toEqual({ stdout: '  a\n', stderr: 'oops\n', code: 7 });
  const { answers, finished } = await travel(open(), [item('echo one'), item('exit 4', { id: 'two' })]);
  expect(finished).toBe(true);
  expect(answers.get('echo one')).toMatchObject({ code: 0, stdout: 'one\n' });
  expect(answers.get('two')).toMatchObject({ code: 4 });
});

test('it takes uploads, byte by byte, and counts both', async () => {
  const transport = open();
  const file = join(temporaryFolder(), 'upload');
  const content = randomBytes(3_000_000);
  const result = await transport.send(`cat >'${file}'; echo stored`, Readable.from([content]), patient);
  expect(result).toMatchObject({ code: 0, stdout: 'stored\n' });
  expect(readFileSync(file).equals(content)).toBe(true);
  expect((await transport.send('exit 3', Readable.from([content]), patient)).code).toBe(3);
  await transport.run('true\n', patient);
  expect(transport.counts).toEqual({ commands: 1, uploads: 2 });
});

test('scripts have a session and an environment of their own', async () => {
  process.env['PROVISION_TEST_TOKEN'] = 'ours alone';
  onTestFinished(() => {
    delete process.env['PROVISION_TEST_TOKEN'];
  });
  const { stdout } = await open().run(
    'tr "\\0" "\\n" </proc/$$/environ; cut -d " " -f 6 /proc/$$/stat; pwd\n',
    patient,
  );
  const lines = stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe('/');
  expect(lines.at(-2)).not.toBe(readFileSync('/proc/self/stat', 'utf8').split(' ')[5]);
  expect(stdout).not.toContain('ours alone');
  expect(stdout).toContain('USER=tester');
});

test('a command that takes too long is given up, and the next one runs', async () => {
  const transport = open();
  await expect(transport.run('sleep 5\n', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'COMMAND_TIMEOUT' });
  expect((await transport.run('echo again\n', patient)).stdout).toBe('again\n');
});
