import { describe, expect, test } from 'vitest';
import { composeTrip, readTrip } from '../../src/engine/trip.ts';
import { canMakeHosts, hasProgram, type Shell } from './private-host.ts';
import { item, newTrip, setUp, travel } from './setting.ts';

const shells: readonly Shell[] = ['dash', 'bash', 'busybox'];

describe.each(shells)('scripts that travel together, under %s', (shell) => {
  // private hosts need root or user namespaces; the shell has to be installed
  const it = test.skipIf(!canMakeHosts || !hasProgram(shell));
  const there = async () => {
    const setting = await setUp({ host: { shell } });
    return { ...setting, transport: await setting.connect() };
  };

  it('really run under it', async () => {
    const { transport } = await there();
    const { answers } = await travel(transport, [item('cat /proc/$$/cmdline /proc/$$/exe | grep -ac BusyBox || true')]);
    const isBusybox = Number(answers.values().next().value?.stdout) > 0;
    expect(isBusybox).toBe(shell === 'busybox');
  });

  it.each([
    ['nothing', ''],
    ['no line end', 'a'],
    ['a line end', 'a\n'],
    ['several line ends', '\n\na\n\n'],
    ['spaces', '  a  '],
    ['characters of several bytes', 'Grüße, 世界 🚀'],
    ['quotes', `'"\\$HOME \`id\``],
  ])('bring back %s as it is', async (_what, text) => {
    const { transport, server } = await there();
    server.behaviour.packetBytes = 3;
    const source = `printf %s '${text.replaceAll("'", `'\\''`)}'`;
    const { answers, finished } = await travel(transport, [item(source), item(':')]);
    expect(finished).toBe(true);
    expect(answers.get(source)).toMatchObject({ code: 0, stdout: text, stderr: '' });
  });

  it('keep what looks like frames of another trip', async () => {
    const { transport } = await there();
    const other = newTrip().nonce;
    const text = `\n${other} end 0 0\n\n${other} done 0\n\n${other} locked x\n\n${other} finished\n`;
    const source = `printf %s '${text}'`;
    const { answers, lockedBy } = await travel(transport, [item(source)]);
    expect(answers.get(source)?.stdout).toBe(text);
    expect(lockedBy).toBeUndefined();
  });

  it('keep standard error apart, and exit statuses', async () => {
    const { transport } = await there();
    const { answers } = await travel(transport, [
      item('echo out; echo why >&2; echo more; echo because >&2; exit 7', { id: 'a' }),
      item('set -u; echo "$nothing"', { id: 'b' }),
      item('cat', { id: 'c' }),
      item('set -e; false; echo not here', { id: 'd' }),
      item('kill -KILL $$', { id: 'e', kind: 'apply' }),
    ]);
    expect(answers.get('a')).toMatchObject({ code: 7, stdout: 'out\nmore\n', stderr: 'why\nbecause' });
    expect(answers.get('b')?.code).toBeGreaterThan(0);
    expect(answers.get('b')?.stderr).toContain('nothing');
    expect(answers.get('c'), 'standard input is empty').toMatchObject({ code: 0, stdout: '' });
    expect(answers.get('d')).toMatchObject({ code: 1, stdout: '' });
    expect(answers.get('e')?.code).toBe(124);
  });

  it('are stopped when their time is up, with what they started, and the next ones go on', async () => {
    const { transport } = await there();
    const { answers } = await travel(transport, [
      item('echo begun; sleep 61; echo done', { id: 'slow', kind: 'apply', timeoutSeconds: 1 }),
      item('ps -eo args 2>/dev/null | grep -c "[s]leep 61" || true', { id: 'left' }),
    ]);
    expect(answers.get('slow')).toMatchObject({ code: 124, stdout: 'begun\n' });
    expect(answers.get('left')).toMatchObject({ code: 0, stdout: '0\n' });
  });

  it('take the probes after one that hangs with them, and name the one', async () => {
    const { transport } = await there();
    const { answers, finished } = await travel(transport, [
      item('echo quick', { id: 'quick', timeoutSeconds: 1 }),
      item('sleep 61', { id: 'hanging', timeoutSeconds: 1 }),
      item('echo later', { id: 'later', timeoutSeconds: 1 }),
    ]);
    expect(finished).toBe(true);
    expect(answers.get('quick')).toMatchObject({ code: 0, stdout: 'quick\n' });
    expect(answers.get('hanging')?.code).toBe(124);
    expect(answers.has('later')).toBe(false);
  });

  it('stop applying at the first failure and look all the same', async () => {
    const { transport } = await there();
    const { answers } = await travel(transport, [
      item('echo one', { id: 'one', kind: 'apply' }),
      item('exit 1', { id: 'two', kind: 'apply' }),
      item('echo three', { id: 'three', kind: 'apply' }),
      item('echo look', { id: 'look' }),
      item('exit 5', { id: 'failing look' }),
      item('echo look again', { id: 'look again' }),
    ]);
    expect([...answers.keys()]).toEqual(['one', 'two', 'look', 'failing look', 'look again']);
    expect(answers.get('look again')?.stdout).toBe('look again\n');
  });

  it('see their environment, a safe umask and nothing of each other', async () => {
    const { transport } = await there();
    const awkward = `it's $HOME "and" \\n`;
    const { answers } = await travel(
      transport,
      [
        item('leak=1; cd /', { id: 'first' }),
        item('printf "%s %s %s" "$WORD" "$(umask)" "leak=$(set | grep -c ^leak=)"', { id: 'second' }),
      ],
      { environment: { WORD: awkward } },
    );
    expect(answers.get('second')?.stdout).toBe(`${awkward} 0077 leak=0`);
  });

  it('are read through the noise of login shells', async () => {
    const { transport, server } = await there();
    server.behaviour.noise = { before: 'Welcome!\nLast login: half a li', after: 'logout\n' };
    const { answers, finished } = await travel(transport, [item('printf quiet')]);
    expect(finished).toBe(true);
    expect(answers.get('printf quiet')?.stdout).toBe('quiet');
  });

  it('share what they ask for until something is done', async () => {
    const { transport } = await there();
    const count = 'echo x >>/tmp/asked; wc -l </tmp/asked';
    const ask = `asked() { ${count}; }; once 'of @ \\x2d unit' asked`;
    const { answers } = await travel(transport, [
      item(ask, { id: 'first' }),
      item(ask, { id: 'second' }),
      item(':', { id: 'done', kind: 'apply' }),
      item(ask, { id: 'third' }),
      item(`failing() { ${count}; return 3; }; once failing failing; code=$?; once failing failing; exit $code`, {
        id: 'fails',
      }),
      item('once empty true | wc -c; once empty echo full | wc -c', { id: 'nothing' }),
      item(`once a/b echo one; once a/b echo two`, { id: 'no name' }),
      item('ls -d /run/provision* 2>/dev/null; :', { id: 'left', kind: 'apply' }),
    ]);
    const said = [...answers.values()].map(({ stdout }) => stdout.replaceAll(' ', ''));
    expect(said).toEqual(['1\n', '1\n', '', '2\n', '3\n4\n', '0\n0\n', 'one\ntwo\n', '']);
    expect(answers.get('fails')?.code).toBe(3);
  });

  it('take nothing for an answer that a killed one left behind', async () => {
    const { transport } = await there();
    // without a process of its own for each: the next ones have numbers among these
    const leave = `cd /run && names= n=1
while [ $n -lt 300 ]; do names="$names provision-looks.old.$n" n=$((n+1)); done
mkdir $names && for name in $names; do echo stale >$name/it; done`;
    const { answers } = await travel(transport, [
      item(leave, { id: 'leave', kind: 'apply' }),
      item('once it echo fresh', { id: 'ask' }),
      item(`cd /run && for one in provision-looks.*; do [ -d "/proc/\${one##*.}" ] || echo $one; done`, { id: 'left' }),
    ]);
    expect(answers.get('ask')).toMatchObject({ code: 0, stdout: 'fresh\n' });
    expect(answers.get('left')).toMatchObject({ code: 0, stdout: '' });
  });

  it('have whole answers where there is no room to keep them', async () => {
    const setting = await setUp({ host: { shell, size: '256k' } });
    const transport = await setting.connect();
    const long = 'long() { n=0; while [ $n -lt 2000 ]; do echo line $n; n=$((n+1)); done; }; once long long | wc -l';
    const { answers } = await travel(transport, [
      item('head -c 1m /dev/zero >/run/full; :', { id: 'fill', kind: 'apply' }),
      item(long, { id: 'first' }),
      item(long, { id: 'second' }),
    ]);
    for (const id of ['first', 'second']) expect(answers.get(id)?.stdout.trim()).toBe('2000');
  });

  it('may be many and long', async () => {
    const { transport } = await there();
    const items = Array.from({ length: 60 }, (_, n) => item(`: ${'x'.repeat(10_000)}\necho ${n}`, { id: String(n) }));
    const { answers } = await travel(transport, items);
    expect([...answers.values()].map((answer) => answer.stdout)).toEqual(items.map((one) => `${one.id}\n`));
  });
});

test('an answer that was cut off is no answer', async () => {
  const { connect } = await setUp();
  const transport = await connect();
  const items = [item('echo one'), item('echo two')];
  const trip = newTrip();
  const { stdout } = await transport.run(composeTrip(items, trip), { timeoutMs: 20_000 });
  const complete = readTrip(stdout, items, trip.nonce);
  for (let length = 0; length < stdout.length; length += 1) {
    const { answers, finished } = readTrip(stdout.slice(0, length), items, trip.nonce);
    expect(finished).toBe(false);
    for (const [id, answer] of answers) expect(answer).toEqual(complete.answers.get(id));
  }
});

test.skipIf(!canMakeHosts)('a script that ignores signals is killed all the same', async () => {
  const transport = await (await setUp()).connect();
  const stubborn = item("trap '' TERM; while :; do sleep 1; done", {
    id: 'stubborn',
    kind: 'apply',
    timeoutSeconds: 1,
  });
  const { answers, finished } = await travel(transport, [stubborn, item('echo next', { id: 'next' })]);
  expect(finished).toBe(true);
  expect(answers.get('stubborn')?.code).toBe(124);
  expect(answers.get('next')?.stdout).toBe('next\n');
});
