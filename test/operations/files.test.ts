import { expect, test } from 'vitest';
import { readFailure } from '../../src/operations/failure.ts';
import { archive } from '../../src/operations/files/archive.ts';
import { baseFile } from '../../src/operations/files/base-file.ts';
import { file } from '../../src/operations/files/file.ts';
import { digest } from '../../src/operations/files/managed-file.ts';
import { kernelModule } from '../../src/operations/system/kernel-module.ts';
import { sysctl } from '../../src/operations/system/sysctl.ts';
import { base64, changesOf } from './case.ts';

const hello = { path: '/etc/hello', content: 'hello\n' };
const same = digest('hello\n');

test.each<[string, object, string, readonly string[]]>([
  ['the same', hello, `file 644 0 root 0 root ${same} -`, []],
  ['absent', hello, 'absent - - - - - - -', ['/etc/hello: create']],
  ['other text', hello, `file 644 0 root 0 root 123 ${base64('bye\n')}`, ['/etc/hello: write']],
  [
    'other mode and owner',
    hello,
    `file 600 33 www-data 0 root ${same} -`,
    ['/etc/hello: mode 0600 → 0644, owner www-data → root'],
  ],
  ['owner by number', { ...hello, owner: '33' }, `file 644 33 www-data 0 root ${same} -`, []],
  ['a link', hello, 'link - - - - - - -', ['/etc/hello: replace the link by a file']],
  ['not wanted', { path: '/etc/hello', state: 'absent' }, `file 644 0 root 0 root ${same} -`, ['/etc/hello: remove']],
])('file: %s', (_name, wish, line, changes) => {
  expect(changesOf(file, wish, line)).toEqual(changes);
});

test.each([
  ['not there', 'absent', undefined, ['/etc/hello: create']],
  ['as written', `file 644 0 root 0 root ${same} -`, same, []],
  ['made another by others', `file 644 0 root 0 root 123 ${base64('bye\n')}`, same, []],
  ['another text to begin with', `file 644 0 root 0 root 123 ${base64('bye\n')}`, '456', ['/etc/hello: write']],
  ['nobody knows who wrote it', `file 644 0 root 0 root 123 ${base64('bye\n')}`, undefined, ['/etc/hello: write']],
  ['a link in its place', 'link - - - - - - -', same, ['/etc/hello: replace the link by a file']],
])('base_file: %s', (_name, line, written, changes) => {
  expect(changesOf(baseFile, hello, written === undefined ? line : `${line}\n${written}`)).toEqual(changes);
});

test('a secret file shows no text', () => {
  const desired = file.schema.parse({ ...hello, secret: true });
  const [change] = file.diff(file.parse('file 600 0 root 0 root 123 -', desired), desired, { files: new Map() });
  expect(change).toEqual({ subject: '/etc/hello', action: 'write' });
});

test('sysctl compares values, however they are spaced', () => {
  const wish = { values: { 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_rmem': '4096 131072 6291456', 'net.bridge.x': 1 } };
  const text = 'net.ipv4.ip_forward = 1\nnet.ipv4.tcp_rmem = 4096 131072 6291456\nnet.bridge.x = 1\n';
  const output = `file 644 0 root 0 root ${digest(text)} -\nnet.ipv4.ip_forward 0 \nnet.ipv4.tcp_rmem 4096 131072 6291456 \n`;
  expect(changesOf(sysctl, wish, output)).toEqual(['net.ipv4.ip_forward: 0 → 1', 'net.bridge.x: (not there yet) → 1']);
});

test('kernel_module: loaded but not kept for the next boot', () => {
  expect(changesOf(kernelModule, { name: 'br_netfilter' }, 'absent - - - - - - -\nloaded\n')).toEqual([
    '/etc/modules-load.d/provision-br_netfilter.conf: create',
  ]);
});

const plugins = {
  artifact: { path: 'cni.tgz', sha256: 'a'.repeat(64) },
  directory: '/opt/cni/bin',
  required: ['flannel'],
};

test.each<[string, string, readonly string[]]>([
  ['never unpacked', '', ['/opt/cni/bin: unpack cni.tgz into it, file by file']],
  ['as unpacked', 'cached 10\nunpacked -\n', []],
  ['one replaced since', 'unpacked -\ndiffers bridge\n', ['/opt/cni/bin/bridge: put back as it is in the archive']],
  [
    'one deleted since',
    'unpacked -\ndiffers flannel\nmissing flannel\n',
    ['/opt/cni/bin/flannel: put back as it is in the archive'],
  ],
  ['the archive lacks one', 'unpacked -\nmissing flannel\n', ['ARCHIVE_LACKS']],
])('archive: %s', (_name, output, changes) => {
  expect(changesOf(archive, plugins, output)).toEqual(changes);
});

test('an error that a script names is read back, the rest of its output is the reason', () => {
  expect(
    readFailure('tar: oops\nprovision-error: ARCHIVE_BROKEN\nwhat: cannot be listed\nfix: make it again\n'),
  ).toEqual({
    code: 'ARCHIVE_BROKEN',
    what: 'cannot be listed',
    fix: 'make it again',
    why: 'tar: oops',
  });
  expect(readFailure('chown: no such user')).toBeUndefined();
});
