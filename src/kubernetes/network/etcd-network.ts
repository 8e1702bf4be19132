import { ProvisionError } from '../../errors.ts';
import type { FlannelKeys } from './etcd-keys.ts';

/** A network configuration of flannel, with what it takes where nothing is said. */
interface Network {
  readonly Network?: string;
  readonly SubnetLen?: number;
  readonly Backend?: Readonly<Record<string, unknown>>;
}

const usual: Readonly<Record<string, unknown>> = { VNI: 1, Port: 8472, DirectRouting: false, MTU: 0 };

/** Null for a text that is no JSON object. */
function parseNetwork(text: string): Network | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

const settingOf = ({ Backend = {} }: Network, name: string): unknown => {
  const value = Backend[name];
  // that is what 0 means to flannel as well
  return value === undefined || value === 0 ? usual[name] : value;
};

const rangeOf = ({ Network: range, SubnetLen = 24 }: Network): string => `${range}, a /${SubnetLen} for each node`;

const carries = (network: Network): string => {
  const type = network.Backend?.['Type'] ?? 'udp';
  return type === 'vxlan'
    ? `vxlan, port ${settingOf(network, 'Port')}, VNI ${settingOf(network, 'VNI')}`
    : String(type);
};

const details = (network: Network): string =>
  JSON.stringify(['DirectRouting', 'MTU'].map((name) => settingOf(network, name)));

/** Whether the configuration in etcd means what the wanted one says; what it says besides is its owner's. */
export function meansTheSame(seen: string, wanted: string): boolean {
  const [one, other] = [parseNetwork(seen), parseNetwork(wanted)];
  return (
    one !== null &&
    other !== null &&
    rangeOf(one) === rangeOf(other) &&
    carries(one) === carries(other) &&
    (carries(other).startsWith('vxlan') ? details(one) === details(other) : true)
  );
}

/** Refuses another range or backend where hosts have ranges by the one that is there: they would lose each other's packets. */
export function refuseOther({ config, subnets }: FlannelKeys, wanted: string, place: string): void {
  const [one, other] = [parseNetwork(config?.text ?? ''), parseNetwork(wanted)];
  if (config === null || other === null || subnets.length === 0) return;
  const holders = `${subnets.length} ${subnets.length === 1 ? 'range is' : 'ranges are'} taken by it (${subnets.slice(0, 3).join(', ')}${subnets.length > 3 ? ', …' : ''})`;
  const leave = `Set it back in the inventory; or stop every flanneld that goes by it and let go of the ranges (the keys below ${place}/subnets), then run again.`;
  if (one === null || rangeOf(one) !== rangeOf(other))
    throw new ProvisionError({
      code: 'RANGES_DISAGREE',
      kind: 'cluster',
      what: `etcd has ${one === null ? 'what is no configuration of flannel' : `the network ${rangeOf(one)}`} in ${place}/config, the inventory says ${rangeOf(other)}`,
      why: `${holders}; hosts with ranges of different networks do not reach each other's pods`,
      fix: leave,
    });
  if (carries(one) !== carries(other))
    throw new ProvisionError({
      code: 'AGENT_CHANGES',
      kind: 'cluster',
      what: `etcd has the backend ${carries(one)} in ${place}/config, the inventory says ${carries(other)}`,
      why: `${holders}; hosts with different ones lose the packets between their pods`,
      fix: leave,
    });
}
