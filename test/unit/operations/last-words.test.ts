import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { lastWords } from '../../../src/operations/units/last-words.ts';
import { sh } from '../../../src/shell.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const started = 1_700_000_000;
let root = '';
let logs = '';

/** A host with a kubelet.service: `unit` is what `systemctl cat` prints of it, `journal` what it wrote there. */
function host(unit: string, journal = '', pid = 0): void {
  root = temporaryFolder();
  logs = join(root, 'logs');
  mkdirSync(logs);
  writeFileSync(join(root, 'unit'), unit.replaceAll('LOGS', logs).replaceAll('ROOT', root));
  writeFileSync(join(root, 'journal'), journal);
  program('journalctl', `cat ${root}/journal`);
  program(
    'systemctl',
    `case $* in
cat*) cat ${root}/unit ;;
*MainPID*) echo MainPID=${pid} ;;
*ExecStart*) echo 'ExecStart={ path=/usr/bin/nice ; argv[]=/usr/bin/nice -n 5 /opt/k8s/bin/kubelet $OPTS ; ignore_errors=no }' ;;
esac`,
  );
}

function program(name: string, text: string): void {
  writeFileSync(join(root, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, name), 0o755);
}

function log(name: string, text: string, secondsAfterStart: number): void {
  writeFileSync(join(logs, name), text);
  utimesSync(join(logs, name), started + secondsAfterStart, started + secondsAfterStart);
}

function words(since = started, directory = ''): string {
  const script = `set -eu\n${lastWords.source}\n${sh`unit_words kubelet.service ${since} ${directory} -u x`.source}\n`;
  const environment = { PATH: `${root}:${process.env['PATH']}` };
  return execFileSync('sh', ['-s'], { input: script, env: environment, encoding: 'utf8' }).replaceAll(logs, 'LOGS');
}

beforeEach(() => host('[Service]\nExecStart=/opt/k8s/bin/kubelet --log-dir=LOGS --v=2\n'));

test('the INFO file of the process that died, not of the one that was started after it, nor of another program', () => {
  log(
    'kubelet.n.root.log.INFO.20230101-000000.100',
    'I0101 FLAG: --v is no flag here\nI0101 flags.go:59] FLAG: --v="2"\nF0101 bad policy\ngoroutine 1 [running]:\nstack\n',
    2,
  );
  log('kubelet.n.root.log.FATAL.20230101-000001.100', 'F0101 bad policy\n', 2);
  log('kubelet.n.root.log.INFO.20230101-000003.101', 'just started\n', 4);
  log('kube-proxy.n.root.log.INFO.20230101-000003.102', 'of the proxy\n', 5);
  expect(words()).toBe(
    'LOGS/kubelet.n.root.log.INFO.20230101-000000.100:\nI0101 FLAG: --v is no flag here\nF0101 bad policy\n',
  );
});

test('what was written before the start is no evidence', () => {
  log('kubelet.n.root.log.INFO.20221231-000000.90', 'old\n', -60);
  log('kubelet.n.root.log.FATAL.20221231-000000.90', 'old\n', -60);
  expect(words()).toBe('');
});

test('of a process that runs on, its own file', () => {
  host('[Service]\nExecStart=/opt/k8s/bin/kubelet --log-dir=LOGS\n', '', 555);
  log('kubelet.n.root.log.INFO.20230101-000000.555', 'mine\n', 1);
  log('kubelet.n.root.log.FATAL.20230101-000002.500', 'F of another\n', 2);
  log('kubelet.n.root.log.INFO.20230101-000002.500', 'of another\n', 2);
  expect(words(0)).toContain('mine');
  expect(words(0)).not.toContain('another');
});

test.each([
  ['in an EnvironmentFile', '[Service]\nEnvironmentFile=-ROOT/opts\nExecStart=/opt/k8s/bin/kubelet $OPTS\n'],
  [
    'as two words, by a drop-in',
    '[Service]\nExecStart=/x --log-dir=/nowhere\n[Service]\nExecStart=/x --log_dir LOGS\n',
  ],
  ['with a single dash, in quotes', '[Service]\nExecStart=/x "-log-dir=LOGS"\n'],
])('the flag is found %s', (_where, unit) => {
  host(unit);
  writeFileSync(join(root, 'opts'), `OPTS="--v=2 \\\n--log-dir=${logs}"\n`);
  log('kubelet.n.root.log.INFO.20230101-000000.100', 'here\n', 1);
  expect(words()).toContain('here');
});

test('the words of the process that runs outweigh those of its files', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'running.log'), 'of the process\n');
  const process = spawn('sh', ['-c', 'read -r line', 'sh', `--log-file=${folder}/running.log`]);
  try {
    host('[Service]\nExecStart=/x --log-file=/nowhere\n', '', process.pid);
    expect(words(0)).toContain('of the process');
  } finally {
    process.kill();
  }
});

test('a line that is in the journal as well is shown once, other lines of the journal first', () => {
  host('[Service]\nExecStart=/x --log-dir=LOGS\n', 'flag provided but not defined\nE0101 both\n');
  log('kubelet.n.root.log.INFO.20230101-000000.100', 'I0101 file\nE0101 both\n', 1);
  expect(words()).toBe(
    'flag provided but not defined\nLOGS/kubelet.n.root.log.INFO.20230101-000000.100:\nI0101 file\nE0101 both\n',
  );
});

test('without log files the journal speaks', () => {
  host('[Service]\nExecStart=/x --v=2\n', 'E0101 journal\n');
  expect(words()).toBe('E0101 journal\n');
});

test('a folder that the task names is believed, whatever the files are called', () => {
  host('[Service]\nExecStart=/x --v=2\n');
  log('anything.log', 'here\n', 1);
  expect(words(started, logs)).toBe('LOGS/anything.log:\nhere\n');
});
