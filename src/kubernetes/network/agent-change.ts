import type { NetworkChange } from '../../events.ts';
import { type AgentOfHost, describeAgent, isFlannel, isOther, type NetworkAgent } from './agents.ts';

interface Verdict {
  /** Whether pods of hosts with the one and with the other reach each other meanwhile. */
  readonly sideBySide: boolean;
  readonly why: string;
}

const yes = (why: string): Verdict => ({ sideBySide: true, why });
const no = (why: string): Verdict => ({ sideBySide: false, why });

/** Whether hosts that have changed and hosts that have not reach each other's pods, and by what. */
export function judgeChange(from: NetworkAgent, to: NetworkAgent): Verdict {
  const areScripts = !isFlannel(from.agent) && !isFlannel(to.agent);
  if (from.backend === 'vxlan' && to.backend === 'vxlan') return judgeVxlan(from, to);
  if (from.backend === to.backend) return yes('both keep the same routes of the kernel, which stay throughout');
  if (areScripts) return no('a host sends in the new way at once, also to hosts that still go by the old one');
  if (to.backend === 'host-gw')
    return yes('the VXLAN device of before stays until all hosts have changed, and takes what the others still send');
  return isFlannel(to.agent)
    ? yes(
        'flanneld sends over VXLAN only to nodes whose flanneld has told of its device; routes of before stay till then',
      )
    : no('a host sends over VXLAN at once, also to hosts that have no such device yet');
}

function judgeVxlan(from: NetworkAgent, to: NetworkAgent): Verdict {
  if (from.port !== to.port || from.vni !== to.vni)
    return no('VXLAN of another port or number is another network: a device takes no packets of the other one');
  if (isFlannel(from.agent) && isFlannel(to.agent)) return yes('the device is the same, and stays');
  return isFlannel(to.agent)
    ? yes('flannel takes the VXLAN device over, with its address')
    : no('the VXLAN device is made anew, with another address than the others send to');
}

const shrinks =
  'pods that run keep an MTU 50 bytes larger than VXLAN carries: their full packets depend on ICMP (path MTU discovery) until the pods are made anew, by kubectl rollout restart or by draining node after node';
const grows = 'pods that run keep the smaller MTU until they are made anew, which harms nothing';

function mtuOf(others: readonly NetworkAgent[], to: NetworkAgent): string | undefined {
  if (others.every(({ backend }) => backend === to.backend)) return undefined;
  return to.backend === 'vxlan' ? shrinks : grows;
}

/** What hosts have and how it becomes what is wanted; `from` is empty where all have that. */
export function planAgentChange(installed: readonly AgentOfHost[], to: NetworkAgent): NetworkChange {
  const others = installed.filter((one) => isOther(one, to));
  const kinds = [...new Set(others.map(describeAgent))];
  const verdicts = others.map((one) => judgeChange(one, to));
  // one kind that does not get along decides
  const verdict = verdicts.find(({ sideBySide }) => !sideBySide) ?? verdicts[0] ?? yes('nothing changes');
  const mtu = mtuOf(others, to);
  const wanted = describeAgent(to);
  return {
    from: kinds.map((what) => ({
      what,
      hosts: others.filter((one) => describeAgent(one) === what).map(({ host }) => host),
    })),
    to: wanted,
    ...verdict,
    cut: verdict.sideBySide
      ? 'none, or single packets'
      : 'seconds: from the first host that changes to the last one; all change at once',
    order: [
      'programs, images and the credential are brought to the hosts; nothing stops',
      `on all hosts at once: ${kinds.join(' and ')} is stopped and what it has set stays; ${wanted} starts and takes that over`,
      'it is proven that pods of all nodes reach each other; where that fails all hosts go back',
      'what is left of before (units, files, devices, packet rules) is removed',
    ],
    ...(mtu !== undefined && { mtu }),
  };
}
