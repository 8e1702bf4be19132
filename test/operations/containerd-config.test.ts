import { expect, test } from 'vitest';
import { containerdConfig } from '../../src/operations/runtime/containerd-config.ts';
import { base64, changesOf } from './case.ts';

const path = '/etc/containerd/config.toml';
const cni = (binDir: string) =>
  `version = 2\n\n[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "${binDir}"\n  conf_dir = "/etc/cni/net.d"\n`;
const seen = (text: string) => `file 644 0 root 0 root 123 ${base64(text)}\ntarget ${path}\n`;
const version = 'version containerd example.invalid/containerd 1.7.24 abc\n';
const effective = (binDir: string) => `effective ${base64(cni(binDir))}\n`;
const set = `${path}: set the CNI directories to /opt/cni/bin and /etc/cni/net.d`;

test.each<[string, string, readonly string[]]>([
  ['as wanted', seen(cni('/opt/cni/bin')) + version + effective('/opt/cni/bin'), []],
  ['as Debian ships it', seen(cni('/usr/lib/cni')) + version + effective('/usr/lib/cni'), [set]],
  ['says nothing, the default is right', seen('version = 2\n') + version + effective('/opt/cni/bin'), []],
  ['says nothing, Debian has another default', seen('version = 2\n') + version + effective('/usr/lib/cni'), [set]],
  ['no file', `absent - - - - - - -\ntarget ${path}\n${version}${effective('/usr/lib/cni')}`, [set]],
  ['no containerd to ask', seen('version = 2\n'), []],
  [
    'another file on the command line',
    `${seen(cni('/opt/cni/bin'))}${version}config /etc/other/config.toml\n${effective('/opt/cni/bin')}`,
    ['CONTAINERD_CONFIG_ELSEWHERE'],
  ],
  [
    'that file on the command line',
    `${seen(cni('/opt/cni/bin'))}${version}config ${path}\n${effective('/opt/cni/bin')}`,
    [],
  ],
  [
    'containerd refuses it',
    `${seen('version = 2\noom_score = "broken"\n')}${version}refusal ${base64('containerd: incompatible types')}\n`,
    ['CONTAINERD_CONFIG_INVALID'],
  ],
  [
    'CRI off, whatever containerd says',
    `${seen('disabled_plugins = ["cri"]\n')}${version}${effective('/opt/cni/bin')}`,
    ['CRI_DISABLED'],
  ],
  [
    'CRI off by an import',
    `${seen('version = 2\nimports = ["/x"]\n')}${version}effective ${base64('disabled_plugins = ["io.containerd.grpc.v1.cri"]\nversion = 2\n')}\n`,
    ['CRI_DISABLED'],
  ],
])('%s', (_name, output, changes) => expect(changesOf(containerdConfig, {}, output)).toEqual(changes));
