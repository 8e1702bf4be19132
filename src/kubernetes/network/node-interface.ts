import { ProvisionError } from '../../errors.ts';

export interface InterfaceWish {
  readonly host: string;
  /** `network.interface`: a name or an address. */
  readonly wanted?: string | undefined;
  /** InternalIPs of its Node; empty while there is none. */
  readonly nodeAddresses: readonly string[];
  /** IPv4 addresses by interface, without prefix. */
  readonly addresses: readonly { readonly device: string; readonly address: string }[];
}

/** Whether there is an interface towards the other nodes; a default route plays no part. */
export function checkInterface({ host, wanted, nodeAddresses, addresses }: InterfaceWish): ProvisionError[] {
  const has = (word: string): boolean => addresses.some(({ device, address }) => word === device || word === address);
  const looked = wanted === undefined ? nodeAddresses.filter((address) => !address.includes(':')) : [wanted];
  if (looked.length === 0 || looked.some(has)) return [];
  const usable = addresses.filter(({ device }) => device !== 'lo' && !/^(cni0|docker0|veth|flannel\.)/.test(device));
  return [
    new ProvisionError({
      code: 'INTERFACE_NOT_FOUND',
      kind: 'operation',
      what:
        wanted === undefined
          ? `${host}: no interface has ${looked.join(' or ')}, the InternalIP of its Node`
          : `${host}: no interface has the name or IPv4 address ${wanted} (network.interface)`,
      why: `it has ${usable.map(({ device, address }) => `${device} ${address}`).join(', ') || 'none but its own loopback'}`,
      fix:
        wanted === undefined
          ? 'Restart its kubelet if the host has got another address, correct its --node-ip, or set network.interface of this host.'
          : 'Set network.interface of this host to one of these, or leave it out: then it is the one with the address of the Node.',
    }),
  ];
}
