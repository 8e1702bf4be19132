import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import {
  type EffectiveCni,
  readContainerdDump,
  readContainerdFile,
} from '../../../../src/kubernetes/containerd/containerd-config.ts';
import { editCniDirectories } from '../../../../src/kubernetes/containerd/edit-containerd-config.ts';
import { scanToml } from '../../../../src/kubernetes/containerd/toml-scanner.ts';

const wanted = { binDir: '/opt/k8s/cni', confDir: '/etc/k8s/net.d' };
/** As if containerd could not be asked. */
const edit = (text: string | undefined, version = '1.6.20') =>
  editCniDirectories(text, wanted, { version, effective: undefined });

const debian = `version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni" # where Debian keeps them
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd"
`;

it('changes only the values, comments and order stay', () =>
  expect(edit(debian)).toBe(
    debian.replace('"/usr/lib/cni"', '"/opt/k8s/cni"').replace('"/etc/cni/net.d"', '"/etc/k8s/net.d"'),
  ));

describe.each<[string, string | undefined, string, string]>([
  ['no file', undefined, '1.6.20', '[plugins."io.containerd.grpc.v1.cri".cni]'],
  ['an empty file', '', '1.6.20', '[plugins.cri.cni]'],
  ['version 1', 'root = "/x"\n[plugins.cri.cni]\n  bin_dir = "/a"\n', '1.4.0', 'root = "/x"\n[plugins.cri.cni]\n'],
  [
    'version 3',
    "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\n  bin_dir = ''\n",
    '2.0.1',
    'bin_dir = "/opt/k8s/cni"',
  ],
  ['version 3 of 2.1', 'version = 3', '2.1.0', 'bin_dirs = ["/opt/k8s/cni"]'],
  [
    'a list',
    "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\nbin_dirs = [\n '/a', # x\n '/b',\n]\n",
    '2.1.0',
    '["/opt/k8s/cni", "/a", "/b"]',
  ],
  ['no such table', 'version = 2\noom_score = -999\n[debug]\nlevel = "info"', '1.7.0', 'level = "info"\n\n[plugins.'],
  ['CRLF', debian.replaceAll('\n', '\r\n').replace(/ +conf_dir.*\r\n/, ''), '1.6.20', '/etc/k8s/net.d"\r\n'],
  [
    'an inline table',
    'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\ncni = { max_conf_num = 1 }\n',
    '1.6.20',
    'cni = { ',
  ],
  ['an empty inline table', 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\ncni = {}\n', '1.6.20', 'cni = { '],
  [
    'dotted keys',
    'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  cni.bin_dir = "/a"\n',
    '1.6.20',
    '  cni.conf_dir',
  ],
  ['a header at the very end', 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]', '1.6.20', '.cni]\n  '],
  [
    'look-alikes',
    'version = 2\nnote = """\n[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/no"\n"""\n# bin_dir = "/no"\n',
    '1.6.20',
    'bin_dir = "/no"\n"""',
  ],
])('%s', (_, text, version, fragment) => {
  const after = edit(text, version);
  it('gets both directories', () => {
    const now = readContainerdFile(after, version);
    expect(now.binDirs?.[0] ?? now.binDir).toBe(wanted.binDir);
    expect(now.confDir).toBe(wanted.confDir);
    expect(after).toContain(fragment);
  });
  it('is not edited twice', () => expect(edit(after, version)).toBe(after));
});

it('leaves a file alone that says nothing where the defaults are wanted', () => {
  const defaults = { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d' };
  const containerd = { version: '1.6.20', effective: undefined };
  expect(editCniDirectories('version = 2\n', defaults, containerd)).toBe('version = 2\n');
  expect(editCniDirectories(undefined, defaults, containerd)).toBeUndefined();
  expect(
    editCniDirectories('version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n', defaults, containerd),
  ).toContain('bin_dir');
});

it.each([
  ['CRI_DISABLED', 'disabled_plugins = ["cri"]\n'],
  ['CRI_DISABLED', 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'],
  ['CRI_DISABLED', "version = 3\ndisabled_plugins = ['io.containerd.cri.v1.runtime']\n"],
  ['CRI_DISABLED', "version = 3\ndisabled_plugins = ['io.containerd.cri.v1.images']\n"],
  ['CRI_DISABLED', "disabled_plugins = [\n 'x', # not that one\n 'io.containerd.grpc.v1.cri']\n"],
  ['CONTAINERD_CONFIG_INVALID', 'version = 3\n'],
  ['CONTAINERD_CONFIG_INVALID', 'version = \n'],
  ['CONTAINERD_CONFIG_INVALID', 'version = 7\n'],
  ['CONTAINERD_CONFIG_NOT_EDITABLE', 'version = 2\nplugins = { x = 1 }\n'],
])('%s', (code, text) => expect(() => edit(text)).toThrow(expect.objectContaining({ code })));

it.each<[string, string, string, EffectiveCni, string | undefined]>([
  [
    'an import that containerd goes by instead',
    'CONTAINERD_IMPORT_OVERRIDES',
    'version = 2\nimports = ["conf.d/*.toml"]\n[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/opt/k8s/cni"\n',
    { binDirs: ['/theirs'], confDir: '/etc/k8s/net.d' },
    '1.6.20',
  ],
  [
    'a file that says it under the old name as well',
    'CONTAINERD_CONFIG_INEFFECTIVE',
    `version = 3\n[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/old"\n[plugins."io.containerd.cri.v1.runtime".cni]\nbin_dirs = ["/a"]\n`,
    { binDirs: ['/old'], confDir: '/etc/k8s/net.d' },
    '2.4.2',
  ],
])('refuses %s', (_, code, text, effective, version) =>
  expect(() => editCniDirectories(text, wanted, { version, effective })).toThrow(expect.objectContaining({ code })),
);

it('sees that an imported file switches CRI off', () =>
  expect(() => readContainerdDump('disabled_plugins = ["io.containerd.grpc.v1.cri"]\nversion = 2\n')).toThrow(
    expect.objectContaining({ code: 'CRI_DISABLED' }),
  ));

it('leaves a file alone whose import sets the directories', () => {
  const text = 'version = 2\nimports = ["conf.d/*.toml"]\n';
  const effective = { binDirs: [wanted.binDir], confDir: wanted.confDir };
  expect(editCniDirectories(text, wanted, { version: '1.7.24', effective })).toBe(text);
});

it('finds every key a parser finds', () => {
  const text = `a = 1\n"b c".d = 'x'\n[t.'u.v']\nl = [ [1, 2], { x = "}]" } ]\ns = '''\n[no]\n'''\ni = { p.q = [1], r = 1979-05-27 07:32:00 }\n[[t.list]]\nz = -inf\n`;
  parse(text);
  const { entries, tables } = scanToml(text);
  expect(entries.map(({ path }) => path.join('/'))).toEqual([
    'a',
    'b c/d',
    't/u.v/l/*/x',
    't/u.v/l',
    't/u.v/s',
    't/u.v/i/p/q',
    't/u.v/i/r',
    't/u.v/i',
    't/list/z',
  ]);
  expect(tables.map(({ path }) => path)).toEqual([
    ['t', 'u.v'],
    ['t', 'list'],
  ]);
  expect(entries.map((entry) => text.slice(entry.valueStart, entry.valueEnd))).toContain("'''\n[no]\n'''");
});
