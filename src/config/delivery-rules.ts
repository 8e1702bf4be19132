import type { ProvisionError } from '../errors.ts';
import { mistake, valueAt } from './check.ts';
import type { Host, Inventory } from './host.ts';

/** What one image has for all nodes. */
const shared: readonly (readonly string[])[] = [
  ['artifacts', 'cni_plugins', 'sha256'],
  ['artifacts', 'flannel_cni_plugin', 'sha256'],
];

/** Settings that do not go together about how the CNI plugins come to nodes, and images to a registry. */
export const checkDelivery = (inventory: Inventory): readonly ProvisionError[] => [
  ...checkPush(inventory),
  ...(inventory.settings.cni.delivery === 'init-container' ? checkImage(inventory) : checkUnused(inventory)),
];

const checkUnused = ({ settings, locate }: Inventory): readonly ProvisionError[] =>
  settings.cni.carrier.push
    ? [
        mistake(
          'cni.carrier.push means nothing with the delivery host: no image is made',
          locate(['cni', 'carrier', 'push']),
          'Take it out, or set cni.delivery to init-container.',
        ),
      ]
    : [];

function checkImage({ settings, locate, hosts, groups }: Inventory): readonly ProvisionError[] {
  if (settings.network.agent !== 'flannel-daemonset')
    return [
      mistake(
        `With the agent ${settings.network.agent} there are no pods whose init container could bring the CNI plugins`,
        locate(['cni', 'delivery']),
        'Set cni.delivery to host, or network.agent to flannel-daemonset.',
      ),
    ];
  const nodes = hosts.filter(({ name }) => groups.get('nodes')?.includes(name));
  if (settings.artifacts.carrier_base === undefined)
    return [
      mistake(
        'The image that brings the CNI plugins needs a base, and artifacts.carrier_base names none',
        locate(['cni', 'delivery']),
        'Name an image with busybox, as `docker save` writes it, as artifacts.carrier_base: { path: …, sha256: … }.',
      ),
    ];
  return [...shared, ['cni', 'delivery']].flatMap((path) => differing(path, nodes));
}

function differing(path: readonly string[], nodes: readonly Host[]): readonly ProvisionError[] {
  const [first] = nodes;
  const other = nodes.find((node) => valueAt(node.settings, path) !== valueAt(first?.settings, path));
  if (first === undefined || other === undefined) return [];
  return [
    mistake(
      `${path.join('.')} differs between ${first.name} and ${other.name}, and one image brings the plugins to all nodes`,
      other.locate(path),
      'Give all nodes the same, or set cni.delivery to host.',
    ),
  ];
}

function checkPush({ settings: { images, cni }, locate }: Inventory): readonly ProvisionError[] {
  const at = (key: string) => locate(['images', key]);
  return [
    ...(cni.carrier.push && images.registry === undefined
      ? [
          mistake(
            'An image is to be pushed, and images.registry does not say where',
            locate(['cni', 'carrier', 'push']),
            'Write images: { registry: registry.example:5000 }.',
          ),
        ]
      : []),
    ...((images.user === undefined) === (images.password === undefined)
      ? []
      : [
          mistake(
            'A registry asks for a user and a password, and images has only one of them',
            at(images.user === undefined ? 'password' : 'user'),
            'Write both, or neither.',
          ),
        ]),
    ...(images.plain_http && images.ca !== undefined
      ? [mistake('images.ca means nothing without TLS', at('ca'), 'Take out ca, or plain_http.')]
      : []),
  ];
}
