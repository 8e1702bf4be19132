import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Execution, execute } from '../../src/lab/execute.ts';
import { readFailure } from '../../src/operations/failure.ts';
import { archive } from '../../src/operations/files/archive.ts';
import { file } from '../../src/operations/files/file.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { service } from '../../src/operations/units/service.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { rehearse } from './law-runner.ts';

const host = 'cp2';
let exec: (script: string) => Promise<Execution>;
const base = '/var/tmp/failures';
const target = `${base}/opt/bin`;

const attempt = async (operation: unknown, wish: unknown): Promise<string> => {
  const { apply } = rehearse(operation as HostOperation, wish, exec, `failures-${Date.now()}`);
  return apply().then(
    () => 'no failure',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
};
const codeOf = (message: string): string | undefined => readFailure(message.replace(/^exit \d+: /, ''))?.code;
const tree = async (): Promise<string> =>
  (await exec(`find ${base} -printf '%P %s %m %i\\n' | sort; cat ${target}/bridge`)).stdout;

/** Packs what the script makes in an empty directory; gives the wish for it. */
const pack = async (script: string, options = ''): Promise<unknown> => {
  const { stdout } = await exec(`set -e; d=$(mktemp -d); cd $d; mkdir t; cd t; ${script}
tar -cf ../a.tar ${options || '.'}; sum=$(sha256sum <../a.tar); sum=\${sum%% *}
mkdir -p /var/lib/provision/cache; mv ../a.tar /var/lib/provision/cache/$sum; rm -rf $d; printf %s $sum`);
  return { artifact: { path: 'a.tar', sha256: stdout }, directory: target, required: ['bridge'] };
};

describeLab('what goes wrong leaves everything as it was', (lab) => {
  exec = (script) => execute('ssh', [...lab.sshArguments(host), 'sh -s'], { input: script });

  beforeAll(async () => {
    await exec(`mkdir -p ${target}; mount -t tmpfs -o size=2m tmpfs ${base}/opt; mkdir -p ${target}
echo old >${target}/bridge; chmod 755 ${target}/bridge`);
  });
  afterAll(async () => {
    await exec(`umount ${base}/opt; rm -rf ${base}`);
  });

  test.each<[string, string, string, string]>([
    ['a member that leaves the directory', 'echo x >bridge; echo y >../evil', '-P bridge ../evil', 'ARCHIVE_UNSAFE'],
    ['an absolute member', 'echo x >bridge', '-P bridge /etc/hostname', 'ARCHIVE_UNSAFE'],
    ['a link that leaves it', 'echo x >bridge; ln -s /etc/passwd portmap', '', 'ARCHIVE_UNSAFE'],
    ['bin as a link', 'ln -s /etc bin', '', 'ARCHIVE_UNSAFE'],
    ['a deeper directory', 'mkdir -p a; echo x >a/bridge', '', 'ARCHIVE_UNSAFE'],
    ['a device', 'mknod null c 1 3; echo x >bridge', '', 'ARCHIVE_UNSAFE'],
    ['a full disk', 'echo x >bridge; head -c 4000000 /dev/urandom >loopback', '', ''],
  ])('archive: %s', async (_name, script, options, code) => {
    const wish = await pack(script, options);
    const before = await tree();
    const message = await attempt(archive, wish);
    expect(codeOf(message) ?? '', message).toBe(code);
    expect(message).not.toBe('no failure');
    expect(await tree()).toBe(before);
  });

  test('archive: a broken copy in the cache is removed', async () => {
    const sha256 = 'e'.repeat(64);
    await exec(`echo broken >/var/lib/provision/cache/${sha256}`);
    const message = await attempt(archive, { artifact: { path: 'a', sha256 }, directory: target });
    expect(codeOf(message)).toBe('ARTIFACT_CHECKSUM');
    expect((await exec(`ls /var/lib/provision/cache/${sha256}`)).code).not.toBe(0);
  });

  test('file: a full disk keeps the old one and no temporary one', async () => {
    await exec(`head -c 1900000 /dev/zero >${base}/opt/fill; echo old >${base}/opt/x`);
    const before = await tree();
    const message = await attempt(file, { path: `${base}/opt/x`, content: 'y'.repeat(300_000) });
    expect(message).toContain('No space left');
    expect(await tree()).toBe(before);
    await exec(`rm ${base}/opt/fill`);
  });

  test.each([
    ['', 'true'],
    [
      ', also where journald is behind',
      'systemctl kill -s STOP systemd-journald; (sleep 6; systemctl kill -s CONT systemd-journald) &',
    ],
  ])('service: one that dies says its last words%s', async (_name, meanwhile) => {
    const unit =
      '[Service]\\nExecStart=/bin/sh -c "sleep 2; echo the port is taken; exit 3"\\nRestart=always\\nRestartSec=1\\n';
    await exec(
      `printf '${unit}' >/etc/systemd/system/dies.service; systemctl daemon-reload; { ${meanwhile}
} >/dev/null 2>&1`,
    );
    try {
      const message = await attempt(service, { unit: 'dies.service', state: 'running' });
      expect(codeOf(message), message).toBe('UNIT_FAILED');
      expect(message).toContain('the port is taken');
    } finally {
      await exec('systemctl stop dies.service; rm /etc/systemd/system/dies.service; systemctl daemon-reload');
    }
  });

  test('service: one that never answers is given up after its time', async () => {
    await exec(
      `printf '[Service]\\nExecStart=/bin/sleep 1000\\n' >/etc/systemd/system/mute.service; systemctl daemon-reload`,
    );
    try {
      const health = { url: 'http://127.0.0.1:9/healthz' };
      const message = await attempt(service, {
        unit: 'mute.service',
        state: 'running',
        health,
        health_timeout_seconds: 3,
      });
      expect(message).toContain('was not healthy after 3 s');
    } finally {
      await exec('systemctl stop mute.service; rm /etc/systemd/system/mute.service; systemctl daemon-reload');
    }
  });
});
