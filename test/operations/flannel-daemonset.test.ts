import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { daemonsetScope } from '../../src/cli/scope/daemonset-scope.ts';
import { parseInventory } from '../../src/config/inventory.ts';
import { hostScope } from '../../src/config/load-configuration.ts';
import { openTemplates } from '../../src/config/template.ts';
import type { PodState } from '../../src/kubernetes/cluster/cluster.ts';
import { configDigestOf } from '../../src/kubernetes/cluster/config-digest.ts';
import { fits, type LiveObject, type Manifest, nameObject } from '../../src/kubernetes/cluster/manifest.ts';
import { flannelImage, flannelNamespace } from '../../src/kubernetes/network/flannel-daemonsets.ts';
import { apiObjects } from '../../src/operations/cluster/api-objects.ts';
import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { daemonsetAnew } from '../../src/operations/flannel/daemonset-anew.ts';
import { daemonsetRolledOut } from '../../src/operations/flannel/daemonset-rolled-out.ts';
import { otherFlannels } from '../../src/operations/flannel/other-flannels.ts';
import { inventoryText, thrownBy } from '../unit/config/shown.ts';
import { viewOfOne } from './case.ts';
import { readyPod } from './pods.ts';

const templates = openTemplates(fileURLToPath(new URL('../../templates', import.meta.url)));
const base = `carrier_base: { path: base.tar, sha256: ${'a'.repeat(64)} }`;
const inventoryOf = (network: string, vars = '') => {
  const text = inventoryText({ vars: `    network: ${network}\n${vars}` });
  return parseInventory('/i.yaml', text.replace('artifacts: { ', `artifacts: { ${base}, `), { homeFolder: '/' });
};

function render(network: string, vars = ''): string {
  const inventory = inventoryOf(network, vars);
  const [host] = inventory.hosts;
  if (host === undefined) throw new Error('no host');
  const carrier = inventory.settings.cni.delivery === 'init-container' ? { image: 'x:1', pull_policy: 'Never' } : null;
  const scope = { ...hostScope(host), daemonset: daemonsetScope(inventory), carrier };
  return String(templates.render('flannel.daemonset.yaml.hbs', scope));
}

const manifestsOf = (network: string, vars = ''): readonly Manifest[] =>
  (apiObjects.schema.parse({ content: render(network, vars) }) as { content: readonly Manifest[] }).content;

const vxlan = '{ agent: flannel-daemonset, backend: vxlan, flannel: { version: 0.28.7 } }';
const daemonSetOf = (manifests: readonly Manifest[]): Manifest => {
  const found = manifests.find(({ kind }) => kind === 'DaemonSet');
  if (!found) throw new Error('no DaemonSet');
  return found;
};

describe('the manifest', () => {
  it('has a namespace of its own from 0.19 on', () => {
    expect(manifestsOf(vxlan).map(nameObject)).toEqual([
      'Namespace kube-flannel',
      'ServiceAccount kube-flannel/provision-flannel-pods',
      'ClusterRole provision-flannel-pods',
      'ClusterRoleBinding provision-flannel-pods',
      'ConfigMap kube-flannel/provision-flannel',
      'DaemonSet kube-flannel/provision-flannel',
    ]);
    const older = manifestsOf(vxlan.replace('0.28.7', '0.18.1')).map(nameObject);
    expect(older).toContain('DaemonSet kube-system/provision-flannel');
    expect(older.join()).not.toContain('Namespace');
  });

  it.each([
    ['vxlan', vxlan, { Type: 'vxlan', VNI: 1, Port: 8472, DirectRouting: false }],
    ['host-gw', vxlan.replace('vxlan', 'host-gw'), { Type: 'host-gw' }],
    [
      'an MTU of pods',
      vxlan.replace('backend', 'mtu: 1400, backend'),
      { Type: 'vxlan', VNI: 1, Port: 8472, MTU: 1450, DirectRouting: false },
    ],
  ])('says %s and the range of the cluster in net-conf.json', (_, network, backend) => {
    const config = manifestsOf(network).find(({ kind }) => kind === 'ConfigMap');
    const data = config?.['data'] as Record<string, string> | undefined;
    expect(JSON.parse(data?.['net-conf.json'] ?? '')).toEqual({ Network: '10.5.0.0/16', Backend: backend });
  });

  it('rolls its pods with another net-conf.json or another template', () => {
    const digest = (network: string) => configDigestOf(daemonSetOf(manifestsOf(network)));
    expect(digest(vxlan)).toMatch(/^[0-9a-f]{16}$/);
    expect(digest(vxlan.replace('backend', 'vxlan: { vni: 7 }, backend'))).not.toBe(digest(vxlan));
    expect(digest(vxlan.replace('0.28.7', '0.28.6'))).not.toBe(digest(vxlan));
    expect(digest(vxlan)).toBe(digest(vxlan));
  });

  it('takes its image from the registry of the inventory', () => {
    expect(render(vxlan, '    images: { registry: "local:5000" }')).toContain(
      'image: "local:5000/flannel-io/flannel:v0.28.7"',
    );
  });

  it('has a volume of the plugins and an init container that fills it only where they come out of an image', () => {
    const nameOf = ({ name }: { name: string }): string => name;
    const podOf = (...lines: string[]) => {
      const spec = daemonSetOf(manifestsOf(vxlan, lines.join('\n')))['spec'] as {
        template: { spec: { initContainers: { name: string; image: string }[]; volumes: { name: string }[] } };
      };
      return spec.template.spec;
    };
    const filled = podOf('    cni: { delivery: init-container, bin_dir: /usr/lib/cni }');
    expect(filled.initContainers.map(nameOf)).toEqual(['install-cni-plugins']);
    expect(filled.initContainers[0]).toMatchObject({ image: 'x:1', imagePullPolicy: 'Never', command: ['sh', '-c'] });
    expect(filled.volumes).toContainEqual({
      name: 'cni-bin',
      hostPath: { path: '/usr/lib/cni', type: 'DirectoryOrCreate' },
    });
    const plain = podOf();
    expect(plain.initContainers).toBeNull();
    expect(plain.volumes.map(nameOf)).not.toContain('cni-bin');
  });

  it('cleans the folder of configurations only where it is asked to', () => {
    const cleaned = vxlan.replace('version', 'clean_cni_conf: true, version');
    expect(render(vxlan)).toContain('initContainers: null');
    expect(render(cleaned)).toContain('put-configurations-aside');
  });
});

test.each([
  ['0.28.7', 'kube-flannel', 'ghcr.io/flannel-io/flannel:v0.28.7'],
  ['v0.26.1', 'kube-flannel', 'docker.io/flannel/flannel:v0.26.1'],
  ['0.20.2', 'kube-flannel', 'docker.io/rancher/mirrored-flannelcni-flannel:v0.20.2'],
  ['0.14.0', 'kube-system', 'quay.io/coreos/flannel:v0.14.0'],
  ['0.12.0', 'kube-system', undefined],
])('flannel %s is in %s, as %s', (version, namespace, image) => {
  expect(flannelNamespace(version)).toBe(namespace);
  expect(flannelImage(version)).toBe(image);
});

test.each([
  ['no release', '{ agent: flannel-daemonset, backend: vxlan }', '', 'network.flannel.version does not say'],
  ['a release without an image', vxlan.replace('0.28.7', '0.11.0'), '', 'flannel 0.11.0 has no image'],
  ['a release of another agent', '{ flannel: { version: 0.28.7 } }', '', 'network.flannel.version means nothing'],
  [
    'an MTU with host-gw',
    vxlan.replace('vxlan', 'host-gw').replace('backend', 'mtu: 1400, backend'),
    '',
    'takes the MTU',
  ],
])('%s is refused in the inventory', (_, network, vars, text) => {
  expect(thrownBy(() => inventoryOf(network, vars))).toContain(text);
});

test('what all pods have is the same for all nodes', () => {
  const text = inventoryText({
    vars: `    network: ${vxlan}`,
    rest: '    odd: { hosts: { node2: { cni: { bin_dir: /usr/lib/cni } } } }',
  });
  expect(thrownBy(() => parseInventory('/i.yaml', text, { homeFolder: '/' }))).toContain(
    'cni.bin_dir differs between node1 and node2',
  );
});

test('the API says more of a container than the manifest, and that is no difference', () => {
  const wanted = { containers: [{ name: 'a', image: 'x:1' }], tolerations: [{ operator: 'Exists' }] };
  const live = (containers: object[], tolerations: object[] = [{ operator: 'Exists' }]) =>
    ({ apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, containers, tolerations }) as unknown as Manifest;
  const manifest = live(wanted.containers);
  expect(fits(live([{ name: 'a', image: 'x:1', terminationMessagePath: '/dev/log' }]), manifest)).toBe(true);
  expect(fits(live([{ name: 'a', image: 'x:2' }]), manifest)).toBe(false);
  expect(fits(live([{ name: 'b', image: 'x:1' }]), manifest)).toBe(false);
  expect(fits(live([...wanted.containers, { name: 'b' }]), manifest)).toBe(false);
  expect(fits(live(wanted.containers, [{ operator: 'Exists', effect: 'NoSchedule' }]), manifest)).toBe(false);
});

const content = render(vxlan);
const digest = configDigestOf(daemonSetOf(manifestsOf(vxlan)));
const owner = { uid: 'ds', kind: 'DaemonSet', title: 'DaemonSet provision-flannel' };
const flannelPod = (more: Partial<PodState> = {}) =>
  readyPod('provision-flannel-1', {
    namespace: 'kube-flannel',
    owner,
    ...(digest !== undefined && { configDigest: digest }),
    ...more,
  });

test.each<[string, readonly PodState[], boolean, readonly string[]]>([
  ['as it is to be', [flannelPod()], false, []],
  ['as it is to be, and something changed', [flannelPod()], true, ['its pod stays Ready on a']],
  ['none', [], false, ['gets a Ready pod on a']],
  ['on another node', [flannelPod({ node: 'b' })], false, ['gets a Ready pod on a']],
  ['of somebody else', [flannelPod({ namespace: 'kube-system' })], false, ['gets a Ready pod on a']],
  ['with other settings', [flannelPod({ configDigest: 'old' })], false, ['gets a Ready pod on a']],
  ['not Ready', [flannelPod({ isReady: false })], false, ['gets a Ready pod on a']],
  ['ending, with its follower', [flannelPod({ isLeaving: true }), flannelPod()], false, []],
])('a pod of the DaemonSet: %s', (_, pods, batchChanged, expected) => {
  const desired = daemonsetRolledOut.schema.parse({ content }) as never;
  const changes = daemonsetRolledOut.diff(viewOfOne({ pods, batchChanged }), desired);
  expect(changes.map(({ action }) => action)).toEqual(expected);
});

test.each<[string, readonly PodState[], readonly string[]]>([
  ['as it is to be', [flannelPod()], []],
  ['with other settings', [flannelPod({ configDigest: 'old' })], ['pod provision-flannel-1']],
  ['with other settings, ending already', [flannelPod({ configDigest: 'old', isLeaving: true })], []],
  ['of somebody else', [flannelPod({ configDigest: 'old', namespace: 'kube-system' })], []],
])('a pod that is made anew together with the others: %s', (_, pods, expected) => {
  const desired = daemonsetAnew.schema.parse({ content }) as never;
  expect(daemonsetAnew.diff(viewOfOne({ pods }), desired).map(({ subject }) => subject)).toEqual(expected);
});

test('our own DaemonSet goes as well where none is to be', () => {
  const metadata = { name: 'provision-flannel', namespace: 'kube-flannel' };
  const live = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata } as LiveObject;
  const objects = {
    get: (one: Manifest) =>
      one.metadata.name === metadata.name && one.metadata.namespace === metadata.namespace ? live : undefined,
  } as unknown as NonNullable<ClusterView['snapshot']['objects']>;
  const seen = viewOfOne({ snapshot: { nodes: [], leader: undefined, objects } });
  expect(otherFlannels.diff(seen, { namespace: 'kube-flannel', timeout_seconds: 1 })).toEqual([]);
  expect(otherFlannels.diff(seen, { timeout_seconds: 1 })).toEqual([
    {
      subject: 'DaemonSet kube-flannel/provision-flannel',
      action: 'remove with its pods; what they have set stays',
    },
  ]);
});

test('another flannel goes, and is remembered as it can be made again', () => {
  const live = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: 'kube-flannel-ds',
      namespace: 'kube-system',
      uid: '1',
      resourceVersion: '7',
      annotations: { 'deprecated.daemonset.template.generation': '1', own: 'yes' },
    },
    spec: { selector: {} },
    status: { numberReady: 2 },
  } as LiveObject;
  const objects = {
    get: ({ metadata: { name, namespace } }: Manifest) =>
      name === live.metadata.name && namespace === live.metadata.namespace ? live : undefined,
  } as unknown as NonNullable<ClusterView['snapshot']['objects']>;
  const desired = { namespace: 'kube-flannel', timeout_seconds: 1 };
  const seen = viewOfOne({ snapshot: { nodes: [], leader: undefined, objects } });
  expect(otherFlannels.diff(seen, desired).map(({ subject }) => subject)).toEqual([
    'DaemonSet kube-system/kube-flannel-ds',
  ]);
  expect(otherFlannels.remember?.(seen, desired)).toEqual([
    {
      before: {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'kube-flannel-ds', namespace: 'kube-system', annotations: { own: 'yes' } },
        spec: { selector: {} },
      },
      left: {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'kube-flannel-ds', namespace: 'kube-system' },
      },
      isRemoved: true,
    },
  ]);
});
