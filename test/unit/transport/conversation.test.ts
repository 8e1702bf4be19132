import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { converse } from '../../../src/transport/conversation.ts';
import type { Machine } from '../../../src/transport/remote-process.ts';
import type { Sudo } from '../../../src/transport/sudo.ts';
import { sudoPrefix } from '../../../src/transport/sudo.ts';

const nonce = '0123456789ab';
const prompt = `${nonce}%.`;
const ready = `${nonce}4711\n`;
const withPassword: Sudo = { password: 'open sesame' };

const machine: Machine = {
  name: 'node1',
  user: 'deploy',
  spawn: () => Promise.reject(new Error('not asked to')),
  brokenBy: () => undefined,
  close: () => {},
};

/** A process whose every word the test says, and a record of what it is sent. */
function talk(sudo: Sudo | undefined) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let end: (status: { code: number | null; signal: string | null }) => void = () => {};
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    end = resolve;
  });
  const kill = vi.fn();
  const result = converse(
    machine,
    { stdin, stdout, stderr, ended, kill, close: () => {} },
    { nonce, sudo, speak: (input) => input.write('the script\n') },
  );
  result.catch(() => {});
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    result,
    kill,
    /** What it was sent since it was last asked. */
    async heard() {
      await settle();
      return String(stdin.read() ?? '');
    },
    async says(text: string, where: 'stdout' | 'stderr' = 'stdout') {
      (where === 'stdout' ? stdout : stderr).write(text);
      await settle();
    },
    end: (code: number) => end({ code, signal: null }),
  };
}

test('a shell that needs no password is told at once; noise before it is left aside, its answer is not', async () => {
  const { result, heard, says, end } = talk(undefined);
  expect(await heard()).toBe('the script\n');
  await says('Welcome!\nhalf a li');
  await says('a complaint of the profile\n', 'stderr');
  await says(`${ready}the answer`);
  await says(`another complaint\n${ready}why\n`, 'stderr');
  end(3);
  expect(await result).toEqual({ code: 3, stdout: 'the answer', stderr: 'why\n' });
});

test('the password goes out after the prompt, the script after the mark, each once', async () => {
  const { heard, says } = talk(withPassword);
  expect(await heard()).toBe('');
  await says('We trust you have received the usual lecture\n', 'stderr');
  expect(await heard()).toBe('');
  await says(prompt.slice(0, 5), 'stderr');
  expect(await heard()).toBe('');
  await says(prompt.slice(5), 'stderr');
  expect(await heard()).toBe('open sesame\n');
  await says('a banner\n');
  expect(await heard()).toBe('');
  await says(ready);
  expect(await heard()).toBe('the script\n');
  await says(prompt, 'stderr');
  expect(await heard()).toBe('');
});

test('a sudo that does not ask gets no password', async () => {
  const { heard, says } = talk(withPassword);
  await says(ready);
  expect(await heard()).toBe('the script\n');
  await says(prompt, 'stderr');
  expect(await heard()).toBe('');
});

test('a login shell that repeats its command line is neither prompt nor mark', async () => {
  const { heard, says } = talk(withPassword);
  const commandLine = `${sudoPrefix(withPassword, nonce)}sh -c '(echo ${nonce}$$; echo ${nonce}$$ >&2); exec sh -s'\n`;
  expect(commandLine).toContain(nonce);
  await says(commandLine, 'stderr');
  await says(commandLine);
  expect(await heard()).toBe('');
});

test('a sudo that asks again is ended, not answered', async () => {
  const { result, heard, says, kill } = talk(withPassword);
  await says(prompt, 'stderr');
  expect(await heard()).toBe('open sesame\n');
  await says(`Sorry, try again.\n${prompt}`, 'stderr');
  expect(await heard()).toBe('');
  expect(kill).toHaveBeenCalledOnce();
  await expect(result).rejects.toMatchObject({ code: 'SUDO_PASSWORD_WRONG', why: 'Sorry, try again.' });
});

test('a sudo that waits for something else is given up after 30 seconds, with what it says', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { result, says, kill } = talk(withPassword);
    await says('Touch your token: ', 'stderr');
    vi.advanceTimersByTime(29_000);
    expect(kill).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_001);
    expect(kill).toHaveBeenCalledOnce();
    await expect(result).rejects.toMatchObject({ code: 'SUDO_STUCK', why: 'Touch your token:' });
  } finally {
    vi.useRealTimers();
  }
});

test.each<[string, Sudo | undefined, string, string, number]>([
  ['SUDO_MISSING', {}, "env: 'sudo': No such file or directory", '', 127],
  ['SUDO_NEEDS_TTY', {}, 'sudo: sorry, you must have a tty to run sudo', '', 1],
  ['SUDO_PASSWORD_NEEDED', {}, 'sudo: a password is required', '', 1],
  ['SUDO_PASSWORD_WRONG', withPassword, `${prompt}sudo: 1 incorrect password attempt`, '', 1],
  ['SUDO_PASSWORD_NEEDED', {}, 'sudo: interactive authentication is required', '', 1],
  ['SUDO_PASSWORD_WRONG', withPassword, `${prompt}sudo: maximum 1 incorrect authentication attempts`, '', 1],
  ['SUDO_PASSWORD_WRONG', withPassword, `${prompt}sudo: Authentication failed, try again.`, '', 1],
  ['SUDO_REFUSED', withPassword, `${prompt}deploy is not in the sudoers file.`, '', 1],
  ['SUDO_REFUSED', {}, "Sorry, user deploy is not allowed to execute '/bin/sh' as root on node1.", '', 1],
  ['LOGIN_SHELL_FAILED', {}, '', 'This account is currently not available.', 1],
  ['LOGIN_SHELL_FAILED', undefined, '', 'Please login as the user "debian" rather than the user "root".', 142],
])('%s', async (code, sudo, stderr, stdout, exit) => {
  const { result, says, end } = talk(sudo);
  await says(stderr, 'stderr');
  await says(stdout);
  end(exit);
  await expect(result).rejects.toMatchObject({ code, why: stderr.replace(prompt, '') || stdout });
});
