import { expect, it } from 'vitest';
import { ProvisionError } from '../../src/errors.ts';
import type { RunEvent } from '../../src/events.ts';
import { createRedaction, redactEvent } from '../../src/redaction.ts';
import { quote } from '../../src/shell.ts';

const secret = `s3cr"et's\\word ü`;
const redaction = createRedaction();
redaction.hide(secret);
const { redact } = redaction;

const quotedTwice = quote(`printf %s ${quote(secret)}`);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

it.each([
  ['as it is', `the word ${secret}!`],
  ['twice', `${secret}${secret}`],
  ['in JSON', JSON.stringify({ word: secret })],
  ['quoted for a shell', quote(secret)],
  ['quoted for a shell within a shell', quotedTwice],
  ['in base64', base64(secret)],
  ['in base64 after one byte', base64(`a${secret}b`)],
  ['in base64 after two bytes', base64(`ab${secret}c`)],
  ['in base64 among much else', base64(`first line\npassword=${secret}\nlast line\n`)],
])('finds a secret %s', (_, text) => {
  const shown = redact(text);
  expect(shown).toContain('(secret)');
  for (const part of ['s3cr', 'word ü', base64(secret).slice(4, 12), base64(`a${secret}`).slice(4, 12)])
    expect(shown).not.toContain(part);
});

it('finds a secret within double quotes of a shell', () => {
  const { hide, redact } = createRedaction();
  hide('a"b$c`d\\e');
  expect(redact('echo "a\\"b\\$c\\`d\\\\e"')).toBe('echo "(secret)"');
});

it.each([64, 76])('finds a long secret in base64 that is broken at %i columns', (columns) => {
  const { hide, redact } = createRedaction();
  const phrase = 'correct horse battery staple '.repeat(6).trim();
  hide(phrase);
  const wrapped = (text: string) => base64(text).match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  expect(redact(`a\n${wrapped(phrase).join('\n')}\nb`)).toBe('a\n(secret)\nb');
  expect(redact(wrapped(`${phrase}\n`).join('\n'))).toMatch(/^\(secret\).{0,4}$/);
  expect(redact(wrapped(phrase).slice(0, 2).join('\n    '))).toBe('(secret)\n    (secret)');
});

it('leaves other text as it is', () => {
  expect(redact('nothing of it')).toBe('nothing of it');
  expect(createRedaction().redact(secret)).toBe(secret);
});

it('finds the lines of a key, and leaves what frames it', () => {
  const key = '-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nshort\n-----END KEY-----\n';
  const { hide, redact } = createRedaction();
  hide(key);
  expect(redact(key)).toBe('(secret)');
  expect(redact('line 2: AAAAB3NzaC1yc2E')).toBe('line 2: (secret)');
  expect(redact('-----BEGIN KEY-----, short')).toBe('-----BEGIN KEY-----, short');
});

it('takes the longer of two secrets first', () => {
  const { hide, redact } = createRedaction();
  hide('hunter');
  hide('hunter22');
  expect(redact('hunter22 hunter')).toBe('(secret) (secret)');
});

it('finds a long one, and one that is like its mark', () => {
  const { hide, redact } = createRedaction();
  const long = "it's a key\n".repeat(10_000);
  hide(long);
  hide('secret');
  expect(redact(`a ${long}b secret`)).toBe('a (secret)b (secret)');
});

it('cannot tell what is shorter than four characters from other text', () => {
  const { hide, redact } = createRedaction();
  hide('abc');
  expect(redact('abc')).toBe('abc');
});

const event = (changes: readonly { subject: string; action: string; before?: string; after?: string }[]): RunEvent => ({
  type: 'task-finished',
  stage: 's',
  host: secret,
  task: `write ${secret}`,
  status: 'changed',
  changes,
});

it('takes secrets out of every text of an event, but for the names of hosts and stages', () => {
  expect(redactEvent(event([{ subject: `/etc/${secret}`, action: 'write', before: 'a', after: 'b' }]), redact)).toEqual(
    {
      ...event([{ subject: '/etc/(secret)', action: 'write', before: 'a', after: 'b' }]),
      task: 'write (secret)',
    },
  );
});

it('leaves both texts of a change out when one has a secret: the other may have an older one', () => {
  const change = { subject: '/etc/motd', action: 'write', before: 'password=old', after: `password=${secret}` };
  expect(redactEvent(event([change]), redact)).toMatchObject({ changes: [{ subject: '/etc/motd', action: 'write' }] });
  expect(JSON.stringify(redactEvent(event([change]), redact))).not.toContain('password=');
});

it('takes secrets out of every text of an error', () => {
  const text = `x ${secret} y`;
  const where = { file: 'inventory.yaml', line: 1, column: 1, text };
  const error = new ProvisionError({ code: 'TASK_FAILED', kind: 'operation', what: text, where, why: text, fix: text });
  const shown = redactEvent({ type: 'failure', host: 'node1', error }, redact);
  if (shown.type !== 'failure') throw new Error('another event');
  const { code, what, why, fix, exitCode } = shown.error;
  expect({ code, what, where: shown.error.where, why, fix, exitCode }).toEqual({
    code: 'TASK_FAILED',
    what: 'x (secret) y',
    where: { ...where, text: 'x (secret) y' },
    why: 'x (secret) y',
    fix: 'x (secret) y',
    exitCode: 4,
  });
  expect(String(shown.error.stack)).not.toContain('s3cr');
});
