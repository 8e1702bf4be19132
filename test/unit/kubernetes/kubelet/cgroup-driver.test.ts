import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readContainerdDriver, readDockerDriver } from '../../../../src/kubernetes/kubelet/cgroup-driver.ts';

const options = (plugin: string, name = 'runc', more = '') => `[plugins."${plugin}".containerd]
  default_runtime_name = "${name}"
[plugins."${plugin}".containerd.runtimes.${name}]
  runtime_type = "io.containerd.runc.v2"
  [plugins."${plugin}".containerd.runtimes.${name}.options]
    SystemdCgroup = true
${more}`;
const [v1, v2, v3] = ['cri', 'io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime'];

describe("containerd's driver", () => {
  const driverOf = (text: string | undefined) =>
    readContainerdDriver({ text, dump: undefined }, '/etc/c.toml', 'containerd.service')?.driver;
  test.each<[string, string | undefined, string | undefined]>([
    ['no file', undefined, 'cgroupfs'],
    ['an empty file', '', 'cgroupfs'],
    ['a file that says nothing', 'version = 2\n', 'cgroupfs'],
    ['version 1', options(v1), 'systemd'],
    ['version 2', `version = 2\n${options(v2)}`, 'systemd'],
    ['version 3', `version = 3\n${options(v3)}`, 'systemd'],
    ['the plugin of another version', `version = 3\n${options(v2)}`, 'cgroupfs'],
    ['off', `version = 2\n${options(v2).replace('= true', '= false')}`, 'cgroupfs'],
    ['another default runtime', `version = 2\n${options(v2, 'nvidia')}`, 'systemd'],
    [
      'a runtime that is not the default',
      `version = 2\n${options(v2, 'nvidia').replace('_name = "nvidia"', '_name = "runc"')}`,
      'cgroupfs',
    ],
    ['a runtime that is not runc', `version = 2\n${options(v2, 'kata').replace('runc.v2', 'kata.v2')}`, undefined],
    ['the key of the whole plugin', `version = 2\n[plugins."${v2}"]\n  systemd_cgroup = true\n`, 'systemd'],
    [
      'the default runtime of old files',
      '[plugins.cri.containerd.default_runtime]\n  runtime_type = "io.containerd.runc.v1"\n  [plugins.cri.containerd.default_runtime.options]\n    SystemdCgroup = true\n',
      'systemd',
    ],
    ['a file that imports what was not seen', 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n', undefined],
    ['a file that imports nothing', 'version = 2\nimports = []\n', 'cgroupfs'],
    ['a version to come', 'version = 9\n', undefined],
  ])('%s', (_, text, driver) => {
    expect(driverOf(text)).toBe(driver);
  });

  test('names key, table and file, and how to have the other one', () => {
    const said = readContainerdDriver(
      { text: `version = 2\n${options(v2)}`, dump: undefined },
      '/etc/c.toml',
      'c.service',
    );
    const table = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]';
    expect(said?.because).toBe(`SystemdCgroup = true under ${table} in /etc/c.toml`);
    expect(said?.change('cgroupfs')).toBe(
      `write \`SystemdCgroup = false\` under ${table} in /etc/c.toml, then systemctl restart c.service`,
    );
    expect(readContainerdDriver({ text: 'version = 2\n', dump: undefined }, '/etc/c.toml', 'c.service')?.because).toBe(
      `no SystemdCgroup under ${table} in /etc/c.toml, which means cgroupfs`,
    );
  });
});

test.each<[string, string, string | undefined, string, RegExp]>([
  [
    'of an imported file',
    `version = 2\n${options(v2)}`,
    'version = 2\n',
    'systemd',
    /^SystemdCgroup = true in what \/etc\/c\.toml imports$/,
  ],
  [
    'by default',
    `version = 2\n${options(v2).replace('true', 'false')}`,
    'version = 2\n',
    'cgroupfs',
    /^no SystemdCgroup under \[plugins\."io\.containerd\.grpc/,
  ],
  [
    'with the table of an older file',
    `version = 3\n${options(v3)}`,
    `version = 2\n${options(v2)}`,
    'systemd',
    /under \[plugins\."io\.containerd\.grpc/,
  ],
  [
    'of no file',
    `version = 3\n${options(v3).replace('true', 'false')}`,
    undefined,
    'cgroupfs',
    /under \[plugins\."io\.containerd\.cri\.v1\.runtime"/,
  ],
  [
    'not told by what was asked',
    'version = 2\n',
    `version = 2\n${options(v2)}`,
    'systemd',
    /^SystemdCgroup = true under/,
  ],
])("containerd's driver as it says itself: %s", (_, dump, text, driver, because) => {
  const said = readContainerdDriver({ text, dump }, '/etc/c.toml', 'containerd.service');
  expect(said?.driver).toBe(driver);
  expect(said?.because).toMatch(because);
});

const recorded = new URL('../containerd/', import.meta.url);
const recordedDefaults = readdirSync(recorded).filter((name) => name.startsWith('default-'));

test.each(recordedDefaults)('it is cgroupfs by default, and found where it is said: %s', (name) => {
  const text = readFileSync(new URL(name, recorded), 'utf8');
  const driverOf = (dump: string) =>
    readContainerdDriver({ text: undefined, dump }, '/etc/c.toml', 'c.service')?.driver;
  expect(driverOf(text)).toBe('cgroupfs');
  expect(driverOf(text.replace('SystemdCgroup = false', 'SystemdCgroup = true'))).toBe('systemd');
});

test.each(['kubeasz-2022', 'kubeasz-2025'])('the file of %s', (name) => {
  const text = readFileSync(new URL(`${name}.toml`, recorded), 'utf8');
  expect(readContainerdDriver({ text, dump: undefined }, '/etc/c.toml', 'c.service')?.driver).toBe('systemd');
});

test.each<[string, string, string, 1 | 2, string, RegExp]>([
  ['nothing, with v1', '', '', 1, 'cgroupfs', /^no native\.cgroupdriver in \/etc\/d\.json/],
  ['nothing, with v2', '', '{}', 2, 'systemd', /means systemd with cgroup v2$/],
  [
    'daemon.json',
    'dockerd\n-H\nfd://',
    '{ "exec-opts": [ "native.cgroupdriver=systemd" ] }',
    1,
    'systemd',
    /in \/etc\/d\.json$/,
  ],
  [
    'its command line',
    'dockerd\n--exec-opt\nnative.cgroupdriver=cgroupfs',
    '',
    2,
    'cgroupfs',
    /command line of dockerd$/,
  ],
])("Docker's driver: %s", (_, command, json, cgroup, driver, because) => {
  const said = readDockerDriver({ command, json, path: '/etc/d.json' }, cgroup);
  expect(said.driver).toBe(driver);
  expect(said.because).toMatch(because);
});
