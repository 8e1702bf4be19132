import { isIPv4 } from 'node:net';
import type { Inventory } from '../../config/host.ts';
import type { Host } from '../../engine/host.ts';
import type { HostKeyChange } from '../../events.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import type { HostIdentity } from '../../kubernetes/cluster/identity.ts';
import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import type { NewMachine } from '../login/connect-host.ts';
import { type HostKeyWish, settleHostKey } from '../login/settle-host-key.ts';

/** The host that a rebuild is for: another machine answers in its place, with another key and maybe at another address. */
export interface RebuiltHost extends NewMachine {
  readonly identity: NonNullable<HostIdentity['rebuilt']>;
  /** It is no node: what comes back is its controller-manager. */
  readonly isControlPlane: boolean;
  /** The key that was accepted for it, where that is another one than before. */
  readonly keyChange: HostKeyChange | undefined;
  /** Tells it what was found on the hosts. */
  meet(hosts: readonly Host[], inventory: Inventory): RebuiltHost;
  /** The cluster as it will be once its kubelet runs: the Node has the address of the machine that is there now. */
  expect(snapshot: ClusterSnapshot): ClusterSnapshot;
}

/** `onKeyChange` is told of a key as soon as it was accepted. */
export function rebuiltHost(
  { host, isControlPlane }: Pick<RebuiltHost, 'host' | 'isControlPlane'>,
  identity: RebuiltHost['identity'],
  hostKey: HostKeyWish,
  onKeyChange: (change: HostKeyChange) => void,
): RebuiltHost {
  let keyChange: HostKeyChange | undefined;
  let found: { readonly machine: Host; readonly address: string | undefined } | undefined;
  const rebuilt: RebuiltHost = {
    host,
    isControlPlane,
    identity,
    get keyChange() {
      return keyChange;
    },
    async settleKey(target, options) {
      const accepted = await settleHostKey(target, options, hostKey);
      keyChange = accepted?.change;
      if (keyChange) onKeyChange(keyChange);
      return accepted?.key;
    },
    meet(hosts, inventory) {
      const machine = hosts.find(({ name }) => name === host);
      found = machine && { machine, address: addressToBe(machine, inventory) };
      return rebuilt;
    },
    expect(snapshot) {
      const { machine, address } = found ?? {};
      if (machine === undefined || address === undefined) return snapshot;
      const own = addressesOf(machine);
      const isThere = ({ addresses }: { readonly addresses: readonly string[] }) =>
        addresses.some((one) => own.includes(one));
      const nodes = snapshot.nodes.map((node) =>
        node.name !== machine.nodeName || isThere(node) ? node : { ...node, addresses: [address] },
      );
      return { ...snapshot, nodes };
    },
  };
  return rebuilt;
}

const addressesOf = ({ facts }: Host): readonly string[] =>
  facts.addresses.map(({ cidr }) => cidr.replace(/\/\d+$/, ''));

/** The address its kubelet will give the Node: the one it is told to, or where the host is reached, if that is its own. */
function addressToBe(machine: Host, inventory: Inventory): string | undefined {
  const own = inventory.hosts.find(({ name }) => name === machine.name);
  if (own === undefined) return undefined;
  const { kubelet, network } = own.settings;
  const commandLine = machine.facts.units.get(kubelet.unit)?.commandLine ?? [];
  const said = [
    kubelet.flags['node-ip'],
    effectiveFlag(commandLine, 'node-ip'),
    network.interface,
    own.connection.address,
  ];
  const owned = addressesOf(machine);
  return said.filter((one) => typeof one === 'string').find((address) => isIPv4(address) && owned.includes(address));
}
