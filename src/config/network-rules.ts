import type { ProvisionError } from '../errors.ts';
import { atLeast } from '../kubernetes/flags/versions.ts';
import { firstMultiArch, flannelImage } from '../kubernetes/network/flannel-daemonsets.ts';
import { mistake, valueAt } from './check.ts';
import { checkEtcdSettings } from './etcd-rules.ts';
import type { Host, Inventory } from './host.ts';

/** The first flannel whose vxlan backend takes an MTU. */
const flannelWithMtu = '0.21.3';

/** Settings of the pod network that do not go together. */
export function checkNetworkSettings(inventory: Inventory): readonly ProvisionError[] {
  const nodes = inventory.hosts.filter(({ name }) => inventory.groups.get('nodes')?.includes(name));
  const found = [
    ...checkVxlan(inventory),
    ...nodes.flatMap(checkFlannel),
    ...checkDaemonSet(inventory, nodes),
    ...checkEtcdSettings(inventory, nodes),
  ];
  // hosts share what is said once for all of them
  return [...new Map(found.map((one) => [JSON.stringify([one.what, one.where]), one])).values()];
}

function checkVxlan({ settings: { network }, locate }: Inventory): readonly ProvisionError[] {
  const { backend, vxlan } = network;
  if (backend === 'vxlan') return [];
  return Object.entries({ port: 8472, vni: 1, direct_routing: false }).flatMap(([key, usual]) =>
    vxlan[key as keyof typeof vxlan] === usual
      ? []
      : [
          mistake(
            `network.vxlan.${key} means nothing with the backend ${backend}`,
            locate(['network', 'vxlan', key]),
            'Take it out, or set network.backend to vxlan.',
          ),
        ],
  );
}

function checkFlannel({ settings, locate }: Host): readonly ProvisionError[] {
  const { network, artifacts } = settings;
  const { flanneld } = artifacts;
  if (network.agent !== 'flannel' && network.agent !== 'flannel-etcd') return [];
  if (flanneld === undefined)
    return [
      mistake(
        `The agent ${network.agent} needs its program, and artifacts.flanneld names none`,
        locate(['network', 'agent']),
        'Name the program flanneld as artifacts.flanneld: { path: …, sha256: …, version: … }.',
      ),
    ];
  return checkMtu({ settings, locate }, flanneld.version);
}

function checkMtu(
  { settings: { network }, locate }: Pick<Host, 'settings' | 'locate'>,
  version: string,
): readonly ProvisionError[] {
  if (network.mtu === undefined) return [];
  const reason =
    network.backend !== 'vxlan'
      ? `flannel's backend ${network.backend} takes the MTU of the interface and no other`
      : atLeast(version, flannelWithMtu)
        ? undefined
        : `flannel ${version} takes the MTU of the interface and no other; it can be set from ${flannelWithMtu} on`;
  if (reason === undefined) return [];
  return [mistake(reason, locate(['network', 'mtu']), 'Take network.mtu out, or set the MTU of the interface.')];
}

/** Settings that one DaemonSet gives all of its pods. */
const shared: readonly (readonly string[])[] = [
  ['network', 'interface'],
  ['network', 'mtu'],
  ['cni', 'bin_dir'],
  ['cni', 'conf_dir'],
];

function checkDaemonSet(inventory: Inventory, nodes: readonly Host[]): readonly ProvisionError[] {
  const { network } = inventory.settings;
  const { version, image } = network.flannel;
  const { locate } = inventory;
  if (network.agent !== 'flannel-daemonset')
    return (['version', 'image', 'clean_cni_conf'] as const).flatMap((key) =>
      network.flannel[key] === undefined || network.flannel[key] === false
        ? []
        : [
            mistake(
              `network.flannel.${key} means nothing with the agent ${network.agent}`,
              locate(['network', 'flannel', key]),
              'Take it out, or set network.agent to flannel-daemonset.',
            ),
          ],
    );
  if (version === undefined)
    return [
      mistake(
        'The agent flannel-daemonset needs to know which flannel it is, and network.flannel.version does not say',
        locate(['network', 'agent']),
        'Write network.flannel: { version: 0.28.7 }, the release that its image is of.',
      ),
    ];
  if (image === undefined && flannelImage(version) === undefined)
    return [
      mistake(
        `flannel ${version} has no image that is for every architecture; there is one from ${firstMultiArch} on`,
        locate(['network', 'flannel', 'version']),
        'Name the image of your architecture as network.flannel.image, or take a later release.',
      ),
    ];
  return [...nodes.flatMap((node) => checkMtu(node, version)), ...checkShared(nodes)];
}

const checkShared = (nodes: readonly Host[]): readonly ProvisionError[] =>
  shared.flatMap((path) => {
    const [first] = nodes;
    const other = nodes.find((node) => valueAt(node.settings, path) !== valueAt(first?.settings, path));
    if (first === undefined || other === undefined) return [];
    return [
      mistake(
        `${path.join('.')} differs between ${first.name} and ${other.name}, and all pods of a DaemonSet have the same`,
        other.locate(path),
        path[1] === 'interface'
          ? 'Leave it out: flannel takes the interface with the address of the Node. Or take the agent flannel.'
          : 'Give all nodes the same, or take the agent flannel.',
      ),
    ];
  });
