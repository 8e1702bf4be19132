import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ProvisionError } from '../../src/errors.ts';
import { shareSsh } from '../../src/transport/ssh-connection.ts';
import type { Identity } from '../../src/transport/ssh-target.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { type Setting, setUp } from './setting.ts';
import { type KeyPair, makeKey } from './ssh-server.ts';

const hello = { timeoutMs: 10_000 };
const password = 'a pass word "$(rm -rf /)';
const passphrase = "it's a phrase";

const answers = async (transport: Transport): Promise<void> => {
  expect((await transport.run('echo hello\n', hello)).stdout).toBe('hello\n');
};

const refusal = (connecting: Promise<Transport>): Promise<ProvisionError> =>
  connecting.then(
    () => {
      throw new Error('it was let in');
    },
    (error) => error,
  );

/** A real ssh-agent that holds these keys, gone after the test. */
async function startAgent({ folder }: Setting, keys: readonly KeyPair[]): Promise<string> {
  const socket = join(folder, 'agent');
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const gone = once(agent, 'exit');
    agent.kill();
    await gone;
  });
  if (agent.stdout) await once(agent.stdout, 'data');
  for (const [index, key] of keys.entries()) {
    const file = writeKey(folder, `held-${index}`, key);
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  }
  return socket;
}

function writeKey(folder: string, name: string, key: KeyPair): string {
  const file = join(folder, name);
  writeFileSync(file, key.private, { mode: 0o600 });
  return file;
}

/** Encrypts a key file in place, as ssh-keygen does. */
function encrypt(file: string, ...options: readonly string[]): void {
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, ...options, '-f', file]);
}

const named = (...files: readonly string[]): { identities: readonly Identity[] } => ({
  identities: files.map((file) => ({ file, namedBy: 'inventory' })),
});
const byDefault = (...files: readonly string[]): { identities: readonly Identity[] } => ({
  identities: files.map((file) => ({ file, namedBy: 'default' })),
});

test('a refused key is named, with what the host takes', async () => {
  const { connect, server, keyFile } = await setUp();
  server.behaviour.keys = [];
  const error = await refusal(connect({ attempts: 3 }));
  expect(error.code).toBe('LOGIN_REFUSED');
  expect(error.why).toBe(`refused: ${keyFile}\nit takes: publickey`);
  expect(server.seen.connections).toBe(1);
});

test.each(['ed25519', 'ecdsa', 'rsa'] as const)('an %s key that only the agent has lets in', async (type) => {
  const setting = await setUp();
  const key = makeKey(type);
  setting.server.behaviour.keys = [key];
  const agentSocket = await startAgent(setting, [makeKey('ed25519'), key]);
  await answers(await setting.connect({}, { agentSocket, ...byDefault('/nowhere') }));
  expect(setting.server.seen.logins).toEqual(['publickey', 'publickey']);
});

test('the named key goes first, also when it is in the agent and only its public half is here', async () => {
  const setting = await setUp();
  const key = makeKey('ed25519');
  setting.server.behaviour.keys = [key];
  const agentSocket = await startAgent(setting, [...Array(6)].map(() => makeKey('ed25519')).concat(key));
  const file = join(setting.folder, 'public');
  writeFileSync(file, `${key.public} a comment\n`);
  await answers(await setting.connect({}, { agentSocket, ...named(file) }));
  expect(setting.server.seen.logins).toEqual(['publickey']);
});

test('with identitiesOnly nothing else of the agent is offered', async () => {
  const setting = await setUp();
  const key = makeKey('ed25519');
  setting.server.behaviour.keys = [key];
  const agentSocket = await startAgent(setting, [key]);
  const error = await refusal(setting.connect({}, { agentSocket, identitiesOnly: true }));
  expect(error.why).toBe(`refused: ${setting.keyFile}\nit takes: publickey`);
});

test('more keys than sshd takes failures: the error says so and what to do', async () => {
  const setting = await setUp();
  setting.server.behaviour.keys = [];
  const agentSocket = await startAgent(
    setting,
    [...Array(7)].map(() => makeKey('ed25519')),
  );
  const error = await refusal(setting.connect({ attempts: 3 }, { agentSocket }));
  expect(error).toMatchObject({
    code: 'LOGIN_REFUSED',
    why: expect.stringContaining('it ended the login'),
    fix: expect.stringContaining('ansible_ssh_private_key_file'),
  });
  expect(setting.server.seen.logins).toHaveLength(6);
  expect(setting.server.seen.connections).toBe(1);
});

test('a key that the agent will not sign with is passed over', async () => {
  const setting = await setUp();
  const [unwilling, key] = [makeKey('ed25519'), makeKey('ed25519')];
  setting.server.behaviour.keys = [unwilling, key];
  const agentSocket = await startAgent(setting, []);
  const environment = { ...process.env, SSH_AUTH_SOCK: agentSocket };
  // -c: somebody would have to be asked, and the agent has no way to ask
  execFileSync('ssh-add', ['-q', '-c', writeKey(setting.folder, 'unwilling', unwilling)], { env: environment });
  execFileSync('ssh-add', ['-q', writeKey(setting.folder, 'willing', key)], { env: environment });
  await answers(await setting.connect({}, { agentSocket, ...byDefault('/nowhere') }));
  expect(setting.server.seen.connections).toBe(2);
});

test('an agent that does not answer is passed over', async () => {
  const { connect, folder } = await setUp();
  await answers(await connect({}, { agentSocket: join(folder, 'nobody') }));
});

test.each([
  ["OpenSSH's format", []],
  ['PEM', ['-m', 'PEM']],
])('an encrypted key in %s is opened with its passphrase', async (_format, options) => {
  const setting = await setUp();
  const key = makeKey('rsa');
  setting.server.behaviour.keys = [key];
  const file = writeKey(setting.folder, 'encrypted', key);
  encrypt(file, ...options);
  await answers(await setting.connect({}, { ...named(file), passphrase }));
});

test('an encrypted key waits for its passphrase, and takes the right one alone', async () => {
  const setting = await setUp();
  encrypt(setting.keyFile);
  const { keyring, jumps } = shareSsh();
  expect(await keyring.lockedFor(setting.target)).toEqual([setting.keyFile]);
  expect(await refusal(setting.connect())).toMatchObject({
    code: 'SSH_KEY_LOCKED',
    fix: expect.stringContaining('ssh_key_passphrase'),
  });
  expect(await refusal(setting.connect({}, { passphrase: 'wrong' }))).toMatchObject({ code: 'SSH_KEY_UNREADABLE' });
  expect(setting.server.seen.connections).toBe(0);
  expect(await keyring.unlock(setting.keyFile, 'wrong')).toBe(false);
  expect(await keyring.unlock(setting.keyFile, passphrase)).toBe(true);
  expect(await keyring.lockedFor(setting.target)).toEqual([]);
  await answers(await setting.connect({ share: { keyring, jumps } }));
});

test('no passphrase is asked for a key that the agent holds, nor for a default key beside another way', async () => {
  const setting = await setUp();
  const key = makeKey('ed25519');
  const file = writeKey(setting.folder, 'encrypted', key);
  encrypt(file);
  const lockedFor = (target: object) => shareSsh().keyring.lockedFor({ ...setting.target, ...target });
  expect(await lockedFor(byDefault(file))).toEqual([file]);
  expect(await lockedFor(byDefault(file, setting.keyFile))).toEqual([]);
  expect(await lockedFor({ ...byDefault(file), password })).toEqual([]);
  setting.server.behaviour.keys = [key];
  const agentSocket = await startAgent(setting, [key]);
  expect(await lockedFor({ ...named(file), agentSocket })).toEqual([]);
  await answers(await setting.connect({}, { ...named(file), agentSocket }));
});

test.each([['password'], ['keyboard-interactive']] as const)('a password lets in by %s', async (method) => {
  const setting = await setUp();
  Object.assign(setting.server.behaviour, { password, passwordMethods: [method] });
  await answers(await setting.connect({}, { ...byDefault('/nowhere'), password }));
  expect(setting.server.seen.logins).toEqual(['none', method]);
});

test('keys go before the password, which comes within the failures that sshd allows', async () => {
  const setting = await setUp();
  Object.assign(setting.server.behaviour, { password, keys: [] });
  const agentSocket = await startAgent(
    setting,
    [...Array(8)].map(() => makeKey('ed25519')),
  );
  await answers(await setting.connect({}, { agentSocket, password }));
  expect(setting.server.seen.logins).toEqual([...Array(5).fill('publickey'), 'password']);
});

test('a wrong password is sent once, and shown nowhere', async () => {
  const setting = await setUp();
  Object.assign(setting.server.behaviour, { password, keys: [] });
  const wrong = 'not-the-password';
  const error = await refusal(setting.connect({ attempts: 3 }, { password: wrong }));
  expect(error).toMatchObject({ code: 'LOGIN_REFUSED', why: expect.stringContaining('refused: the password') });
  expect(setting.server.seen.logins).toEqual(['publickey', 'password']);
  expect(`${JSON.stringify(error)}${error.stack}`).not.toContain(wrong);
});

test.each([
  ['a question that is shown while it is answered', [{ prompt: 'Password: ', echo: true }]],
  [
    'a second question',
    [
      { prompt: 'Password: ', echo: false },
      { prompt: 'Code: ', echo: false },
    ],
  ],
])('%s is not answered with the password', async (_what, questions) => {
  const setting = await setUp();
  Object.assign(setting.server.behaviour, { passwordMethods: ['keyboard-interactive'], questions, password });
  const connecting = setting.connect({}, { ...byDefault('/nowhere'), password });
  await connecting.catch(() => {});
  expect(setting.server.seen.answers).toEqual([...(questions.length > 1 ? [password] : []), '']);
});

test('with nothing to offer no connection is made', async () => {
  const { connect, server } = await setUp();
  expect(await refusal(connect({}, byDefault('/nowhere')))).toMatchObject({
    code: 'LOGIN_REFUSED',
    why: expect.stringContaining('/nowhere'),
    fix: expect.stringContaining('ssh-add'),
  });
  expect(server.seen.connections).toBe(0);
});
