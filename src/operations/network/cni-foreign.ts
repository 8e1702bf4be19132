import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { readCniConfig } from '../../kubernetes/network/conflist.ts';
import { decodeBase64, readLines } from '../fields.ts';
import { parseFile, type SeenFile } from '../files/managed-file.ts';

export interface ForeignConfig {
  readonly name: string;
  /** The name of its network; null when the file cannot be read as a configuration. */
  readonly network: string | null;
  readonly types: readonly string[];
}

export interface CniActual {
  readonly file: SeenFile;
  readonly foreign: readonly ForeignConfig[];
  /** Names that this run has moved away before. */
  readonly moved: readonly string[];
  readonly processes: readonly string[];
  /** File names of libcni's cache, NETWORK-CONTAINER-INTERFACE, of sandboxes that live. */
  readonly results: readonly string[];
  /** Networks in which a living sandbox holds an address. */
  readonly leases: readonly string[];
}

interface Plugin {
  readonly processes: readonly string[];
  /** Who puts such a file there. */
  readonly writer: string;
}

const plugins: Readonly<Record<string, Plugin>> = {
  calico: {
    processes: ['calico-node', 'calico-felix', 'felix'],
    writer: 'the DaemonSet calico-node (its container install-cni)',
  },
  'cilium-cni': { processes: ['cilium-agent'], writer: 'the DaemonSet cilium' },
  'weave-net': { processes: ['weaver'], writer: 'the DaemonSet weave-net' },
  bridge: { processes: ['kube-router'], writer: 'the DaemonSet kube-router, or the package of the container runtime' },
  flannel: { processes: ['flanneld'], writer: 'the DaemonSet kube-flannel-ds (its container install-cni)' },
  antrea: { processes: ['antrea-agent'], writer: 'the DaemonSet antrea-agent' },
  'kube-ovn': { processes: ['kube-ovn-daemon'], writer: 'the DaemonSet kube-ovn-cni' },
  multus: { processes: [], writer: 'the DaemonSet kube-multus-ds' },
};

function readConfig(name: string, text: string): ForeignConfig {
  const { name: network, types } = readCniConfig(text);
  return { name, network: network ?? null, types };
}

export function parseCni(output: string): CniActual {
  const [first = '', ...rest] = output.split('\n');
  const lines = readLines(rest.join('\n'));
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  return {
    file: parseFile(first),
    foreign: valuesOf('config').map((value) => {
      const [text = ''] = value.split(' ').slice(-1);
      return readConfig(value.slice(0, value.length - text.length - 1), decodeBase64(text));
    }),
    moved: valuesOf('moved'),
    processes: valuesOf('process'),
    results: valuesOf('result'),
    leases: valuesOf('lease'),
  };
}

interface Ours {
  readonly name: string;
  readonly content: string;
  readonly replace?: string | undefined;
}

/** What shows that pods live in that network; undefined when nothing does. */
function evidenceOfUse(config: ForeignConfig, actual: CniActual, ours: Ours): string | undefined {
  const agent = config.types
    .flatMap((type) => plugins[type]?.processes ?? [])
    .find((process) => actual.processes.includes(process));
  if (agent !== undefined) return `its agent ${agent} runs here`;
  const { network } = config;
  // Sandboxes of a network that has the name of ours are taken over, not lost.
  if (network === null || network === readConfig(ours.name, ours.content).network) return undefined;
  const sandboxes = actual.results.filter((file) => file.startsWith(`${network}-`)).length;
  if (sandboxes > 0) return `${sandboxes} running pods on this node have an address of it`;
  return actual.leases.includes(network) ? 'running pods on this node have an address of it' : undefined;
}

/** One change for every configuration to move away; throws CNI_CONFIG_RETURNED and CNI_IN_USE. */
export function foreignChanges(actual: CniActual, ours: Ours & { readonly directory: string }): readonly Change[] {
  return actual.foreign.map((config) => {
    const where = `${ours.directory}/${config.name}`;
    if (actual.moved.includes(config.name)) {
      const writer = config.types.map((type) => plugins[type]?.writer).find((name) => name !== undefined);
      throw new ProvisionError({
        code: 'CNI_CONFIG_RETURNED',
        kind: 'operation',
        what: `${config.name} was moved away and came back`,
        where,
        why: `likely written by ${writer ?? `whatever installs ${config.types.join(', ') || 'it'}`}`,
        fix: 'remove its writer from the cluster, then run again',
      });
    }
    const evidence = evidenceOfUse(config, actual, ours);
    if (evidence !== undefined && (config.network === null || config.network !== ours.replace))
      throw new ProvisionError({
        code: 'CNI_IN_USE',
        kind: 'operation',
        what: `${config.name} configures the network ${config.network ?? '(unnamed)'}, which is in use`,
        where,
        why: evidence,
        fix: `remove that network first, or say cni.replace: ${config.network ?? '(its name)'} to put ours in its place`,
      });
    const order = config.name < ours.name ? `it would win over ${ours.name}` : `${ours.name} wins over it`;
    return { subject: where, action: `move to quarantine; ${order}` };
  });
}
