import { ProvisionError } from '../errors.ts';
import { firstAddress, networkOf, parseCidr } from './cidr.ts';
import { parseEnvironmentFile } from './environment.ts';

/** What the `flannel` CNI plugin reads from /run/flannel/subnet.env. */
export interface SubnetEnv {
  readonly network: string;
  /** The node's range; the file itself says it with the bridge's address, 10.5.1.1/24. */
  readonly podCIDR: string;
  readonly mtu: number;
  readonly masquerades: boolean;
}

export function renderSubnetEnv({ network, podCIDR, mtu, masquerades }: SubnetEnv): string {
  const range = parseCidr(podCIDR);
  return [
    `FLANNEL_NETWORK=${parseCidr(network).text}`,
    `FLANNEL_SUBNET=${firstAddress(range)}/${range.prefixLength}`,
    `FLANNEL_MTU=${mtu}`,
    `FLANNEL_IPMASQ=${masquerades}`,
    '',
  ].join('\n');
}

/** Undefined for a text that lacks the network or the subnet. */
export function parseSubnetEnv(text: string): SubnetEnv | undefined {
  const variables = parseEnvironmentFile(text);
  const network = variables.get('FLANNEL_NETWORK');
  const podCIDR = networkOf(variables.get('FLANNEL_SUBNET') ?? '')?.text;
  if (network === undefined || podCIDR === undefined) return undefined;
  return {
    network,
    podCIDR,
    mtu: Number(variables.get('FLANNEL_MTU') ?? 0),
    masquerades: variables.get('FLANNEL_IPMASQ') === 'true',
  };
}

/** Undefined for a net-conf.json that agrees with the cluster's pod range. */
export function checkNetConf(text: string, clusterCidr: string, file: string): ProvisionError | undefined {
  const network = readNetwork(text);
  if (network === clusterCidr) return undefined;
  return new ProvisionError({
    code: 'RANGES_DISAGREE',
    kind: 'operation',
    what:
      network === undefined
        ? `${file} has no Network`
        : `${file} says Network ${network}, the pod range is ${clusterCidr}`,
    where: file,
    why: 'flannel would masquerade packets between pods on different nodes',
    fix: `Set "Network": "${clusterCidr}", restart flannel, and remove the rules it left for the old range`,
  });
}

function readNetwork(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const network = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'Network') : undefined;
    return typeof network === 'string' ? network : undefined;
  } catch {
    return undefined;
  }
}
