import { describe, expect, test } from 'vitest';
import { readContainerdDriver, readDockerDriver } from '../../../../src/kubernetes/kubelet/cgroup-driver.ts';
import { readKubeletSettings } from '../../../../src/kubernetes/kubelet/kubelet-settings.ts';
import { findObstacles, type NodeConditions } from '../../../../src/kubernetes/kubelet/node-prerequisites.ts';

interface Seen {
  readonly cgroup?: 1 | 2;
  readonly swaps?: readonly string[];
  readonly version?: string;
  readonly flags?: readonly string[];
  readonly config?: string;
  readonly containerd?: { readonly version?: string; readonly text: string };
  readonly docker?: string;
  /** Of a node that is Ready, or has pods. */
  readonly keeps?: 'systemd' | 'cgroupfs';
}

const plugin = '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc';
const containerdWith = (systemd: boolean) => `version = 2\n${plugin}.options]\nSystemdCgroup = ${systemd}\n`;

function node({
  cgroup = 2,
  swaps = [],
  version: said = '1.28.3',
  flags = [],
  config,
  containerd,
  docker,
  keeps,
}: Seen): NodeConditions {
  const version = said === 'unknown' ? undefined : said;
  const files = config === undefined ? [] : [{ path: '/etc/k.yaml', text: config }];
  return {
    cgroup,
    swaps,
    driverToKeep: keeps,
    kubelet: {
      unit: 'kubelet.service',
      version,
      takesFields: files.length > 0,
      settings: readKubeletSettings({ argv: ['kubelet', ...flags], version, files, placeOfFlag: () => '/etc/k.env' }),
    },
    runtime:
      docker === undefined
        ? {
            type: 'containerd',
            version: containerd ? containerd.version : '1.6.20',
            driver: readContainerdDriver(
              { text: containerd?.text, dump: undefined },
              '/etc/c.toml',
              'containerd.service',
            ),
          }
        : {
            type: 'docker',
            version: undefined,
            driver: readDockerDriver({ command: '', json: docker, path: '/etc/d.json' }, cgroup),
          },
  };
}

describe('what keeps a kubelet or its pods down', () => {
  const systemd = 'cgroupDriver: systemd\n';
  const swaps = ['/dev/dm-1'];
  test.each<[string, Seen, readonly string[]]>([
    ['nothing', {}, []],
    ['swap', { swaps }, ['SWAP_ON']],
    ['swap that it may have', { swaps, config: 'failSwapOn: false\n' }, []],
    ['swap that a flag lets it have', { swaps, flags: ['--fail-swap-on=false'], config: 'failSwapOn: true\n' }, []],
    ['cgroup v1', { cgroup: 1, version: '1.34.4' }, []],
    ['cgroup v1 with a kubelet of today', { cgroup: 1, version: '1.35.0' }, ['CGROUP_V1_REFUSED']],
    ['cgroup v1 that it may have', { cgroup: 1, version: '1.35.0', config: 'failCgroupV1: false\n' }, []],
    [
      'cgroup v1 that it is not to have',
      { cgroup: 1, version: '1.32.0', flags: ['--fail-cgroupv1'] },
      ['CGROUP_V1_REFUSED'],
    ],
    ['cgroup v2 with an old kubelet', { version: '1.18.20' }, ['CGROUP_V2_UNKNOWN']],
    ['cgroup v2 with the next one', { version: '1.19.0' }, []],
    ['cgroup v1 with an old kubelet', { cgroup: 1, version: '1.16.0' }, []],
    ['a kubelet by systemd', { config: systemd }, ['CGROUP_DRIVERS_DIFFER']],
    [
      'containerd by systemd',
      { containerd: { version: '1.7.24', text: containerdWith(true) } },
      ['CGROUP_DRIVERS_DIFFER'],
    ],
    ['both by systemd', { config: systemd, containerd: { version: '1.7.24', text: containerdWith(true) } }, []],
    [
      'a kubelet that asks containerd',
      { version: '1.34.4', config: systemd, containerd: { version: '2.1.4', text: 'version = 2\n' } },
      [],
    ],
    [
      'one that would, if it were answered',
      { version: '1.34.4', config: systemd, containerd: { version: '1.7.24', text: '' } },
      ['CGROUP_DRIVERS_DIFFER'],
    ],
    [
      'one that does not ask',
      { version: '1.27.0', config: systemd, containerd: { version: '2.0.0', text: 'version = 2\n' } },
      ['CGROUP_DRIVERS_DIFFER'],
    ],
    [
      'one that tells no version and may ask',
      { version: 'unknown', config: systemd, containerd: { version: '2.1.4', text: 'version = 2\n' } },
      [],
    ],
    [
      'one that tells no version and would not be answered',
      { version: 'unknown', config: systemd, containerd: { version: '1.7.24', text: 'version = 2\n' } },
      ['CGROUP_DRIVERS_DIFFER'],
    ],
    ['a containerd that tells no version', { config: systemd, containerd: { text: '' } }, []],
    ['another runtime', { config: `${systemd}containerRuntimeEndpoint: unix:///run/crio/crio.sock\n` }, []],
    [
      'a kubelet and Docker',
      { version: '1.20.2', cgroup: 1, config: systemd, docker: '{}' },
      ['CGROUP_DRIVERS_DIFFER'],
    ],
    ['the same with cgroup v2', { version: '1.20.2', config: systemd, docker: '{}' }, []],
    [
      'all of it',
      { cgroup: 1, swaps, version: '1.35.0', config: systemd },
      ['SWAP_ON', 'CGROUP_V1_REFUSED', 'CGROUP_DRIVERS_DIFFER'],
    ],
  ])('%s', (_, seen, codes) => {
    expect(findObstacles(node(seen)).map(({ code }) => code)).toEqual(codes);
  });

  const only = (seen: Seen) => findObstacles(node(seen))[0];

  test('of swap, what decides it and both ways out', () => {
    expect(only({ swaps, config: 'failSwapOn: true\n', version: '1.20.2' })).toEqual({
      code: 'SWAP_ON',
      kind: 'operation',
      keepsDown: 'kubelet',
      what: 'swap is on (/dev/dm-1), and the kubelet (kubelet.service, 1.20.2) does not start with it',
      where: '/etc/k.yaml',
      why: 'failSwapOn: true in /etc/k.yaml',
      fix: 'Turn it off with swapoff -a and keep it off at boot (/etc/fstab, or the unit that turns it on). Or let the kubelet start all the same, by `kubelet: { config: { failSwapOn: false } }` in the inventory.',
    });
    expect(only({ swaps })).toMatchObject({
      why: 'no flag and no field says failSwapOn, and its default is true',
      fix: expect.stringContaining('`kubelet: { flags: { fail-swap-on: false } }`'),
    });
  });

  test('of the drivers, key and file of both, and how both become the same', () => {
    const kubelet = only({ flags: ['--cgroup-driver=systemd'], config: 'kind: KubeletConfiguration\n' });
    expect(kubelet).toMatchObject({
      keepsDown: 'pods',
      what: 'the kubelet (kubelet.service, 1.28.3) makes cgroups by systemd, containerd by cgroupfs',
      where: '/etc/k.env',
    });
    expect(kubelet?.why).toContain('kubelet: --cgroup-driver=systemd in /etc/k.env\n');
    expect(kubelet?.why).toContain(`containerd: no SystemdCgroup under ${plugin}.options] in /etc/c.toml`);
    expect(kubelet?.fix).toBe(
      `Let both use systemd: write \`SystemdCgroup = true\` under ${plugin}.options] in /etc/c.toml, then systemctl restart containerd.service. Or let both use cgroupfs: write \`kubelet: { flags: { cgroup-driver: cgroupfs } }\` in the inventory.`,
    );
    const other = only({
      config: 'kind: KubeletConfiguration\n',
      containerd: { version: '1.7.24', text: containerdWith(true) },
    });
    expect(other?.why).toContain(
      'once containerd goes by that the Node stays Ready, but no pod starts: expected cgroupsPath to be of format "slice:prefix:name"',
    );
    expect(other?.fix).toMatch(
      /^Let both use systemd: write `kubelet: { config: { cgroupDriver: systemd } }` in the inventory\./,
    );
    expect(only({ version: '1.20.2', cgroup: 1, config: systemd, docker: '{}' })?.keepsDown).toBe('kubelet');
  });

  test.each<[string, Seen, string]>([
    [
      'containerd goes back to the kubelet of a live node',
      { containerd: { version: '1.7.24', text: containerdWith(true) }, keeps: 'cgroupfs' },
      "Let both use cgroupfs, as this node's kubelet does now: write `SystemdCgroup = false`",
    ],
    [
      'the other way round',
      { config: systemd, containerd: { version: '1.7.24', text: containerdWith(false) }, keeps: 'systemd' },
      "Let both use systemd, as this node's kubelet does now: write `SystemdCgroup = true`",
    ],
    [
      'the kubelet goes back where it is the one to change',
      { config: systemd, containerd: { version: '1.7.24', text: containerdWith(false) }, keeps: 'cgroupfs' },
      "Let both use cgroupfs, as this node's kubelet does now: write `kubelet: { config: { cgroupDriver: cgroupfs } }`",
    ],
  ])('%s', (_, seen, way) => {
    const fix = only(seen)?.fix ?? '';
    expect(fix.startsWith(way)).toBe(true);
    expect(fix).toContain('For the other one the node needs to be set up anew: drain the node');
  });
});
