import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { onEach } from '../lab/read-hosts.ts';
import { type Run, runCommand, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, settle, told } from '../lab/settle.ts';
import { repositoryFolder } from '../lab/shared-lab.ts';

describeLab('options and output of `up`', (lab) => {
  const dropPeers = () => onEach(lab, nodeNames(lab), 'rm -f /etc/provision/static-routes/peers');
  /** Hosts in the order in which their peers file was begun and finished. */
  const peerTasks = (run: Run): string[] =>
    run.events.flatMap((event) =>
      (event.type === 'task-started' || (event.type === 'task-finished' && event.status === 'changed')) &&
      event.task === 'The agent knows the other nodes'
        ? [event.host]
        : [],
    );

  beforeAll(() => settle(lab));

  test('--output json: an event a line, from run-started to run-finished, nothing else', async () => {
    const run = await runUp(lab.inventoryPath);
    expect(run.stderr).toBe('');
    expect(run.events.every((event) => event.type !== undefined && !Number.isNaN(Date.parse(event.time)))).toBe(true);
    expect(run.events[0]).toMatchObject({ type: 'run-started', command: 'up', hosts: namesOf(lab) });
    expect(run.events.at(-1)).toMatchObject({ type: 'run-finished', status: 'ok' });
    expect(run.events.filter((event) => event.type === 'host-connected')).toHaveLength(namesOf(lab).length);
  });

  test('--tags leaves the other tasks out', async () => {
    const run = await runUp(lab.inventoryPath, '--tags', 'network');
    expect(run.code, told(run)).toBe(0);
    const stages = run.events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
    expect(stages).toEqual(['Nothing of an earlier network is in the way', "Hosts know the way to each other's pods"]);
  });

  test('--tags with a tag that no task has is refused', async () => {
    const run = await runUp(lab.inventoryPath, '--tags', 'netwrok');
    expect(run.code, told(run)).toBe(2);
  });

  test('hosts are changed at the same time', async () => {
    await dropPeers();
    const run = await runUp(lab.inventoryPath, '--tags', 'network');
    expect(run.code, told(run)).toBe(0);
    const order = peerTasks(run);
    expect(order).toHaveLength(4);
    expect(order[0]).not.toBe(order[1]);
  });

  test('--concurrency 1 takes them one after another', async () => {
    await dropPeers();
    const run = await runUp(lab.inventoryPath, '--tags', 'network', '--concurrency', '1');
    expect(run.code, told(run)).toBe(0);
    const order = peerTasks(run);
    expect(order).toHaveLength(4);
    expect([order[0], order[2]]).toEqual([order[1], order[3]]);
    expect(order[0]).not.toBe(order[2]);
  });

  test('without a terminal there is a plain log, --verbose names every task', async () => {
    const short = await runCommand(['up', lab.inventoryPath]);
    const long = await runCommand(['up', lab.inventoryPath, '--verbose']);
    expect(short.stdout + long.stdout).not.toContain('\u001b');
    expect(long.stdout).toContain('IPv4 forwarding is on');
    expect(short.stdout).not.toContain('IPv4 forwarding is on');
  });

  test('a terminal has colours, with NO_COLOR it has none', async () => {
    const colour = /\u001b\[(3|9)[0-7]m/;
    expect(await onTerminal(lab.inventoryPath, {})).toMatch(colour);
    const plain = await onTerminal(lab.inventoryPath, { NO_COLOR: '1' });
    expect(plain).not.toMatch(colour);
    expect(plain).toContain('nothing to change on 4 hosts');
  });
});

/** What `up` writes to a terminal. */
const onTerminal = (inventory: string, environment: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const { NO_COLOR: _, ...inherited } = process.env;
    const command = `'${join(repositoryFolder, 'provision')}' up '${inventory}'`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...inherited, TERM: 'xterm-256color', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject).on('close', () => resolve(output));
  });
