import type { AgentName } from './agents.ts';
import { findFlannelRules, flannelChains, readSavedRules, type SavedRule } from './flannel-rules.ts';

/** One back end of iptables of a host. */
export interface BackEnd {
  readonly name: 'legacy' | 'nft';
  /** Whether the kubelet or kube-proxy have rules there. */
  readonly inUse: boolean;
  /** What iptables-save prints, as far as it concerns POSTROUTING, FORWARD and the chains of flannel. */
  readonly save: string;
}

export interface Standing {
  readonly clusterCidr: string;
  readonly agent: AgentName;
  readonly backEnds: readonly BackEnd[];
}

/** A rule that goes. */
export interface StaleRule extends SavedRule {
  readonly because: string;
}

export interface Stale {
  readonly backEnd: BackEnd['name'];
  readonly rules: readonly StaleRule[];
  /** Chains of flannel with nothing in them afterwards. */
  readonly chains: readonly { readonly table: string; readonly chain: string }[];
}

/** Why everything of flannel's in a back end goes; undefined where only what is for another network does. */
function reasonForAll(backEnd: BackEnd, { agent, backEnds }: Standing): string | undefined {
  if (agent === 'static-routes') return 'left by a flannel that runs no more';
  // one in a pod takes the iptables of its image, and writes there again
  if (agent === 'flannel-daemonset') return undefined;
  const used = backEnds.find(({ inUse }) => inUse);
  return used === undefined || backEnd.inUse ? undefined : `the rules of Kubernetes are in ${used.name}`;
}

const declaredChains = (save: string): Stale['chains'] => {
  let table = '';
  return save.split('\n').flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) /.exec(line)?.[1] ?? '';
    return Object.values(flannelChains).includes(chain) ? [{ table, chain }] : [];
  });
};

/** Rules and chains that a flannel of before has left in one back end. */
export function findStale(backEnd: BackEnd, standing: Standing): Stale {
  const { name, save } = backEnd;
  const found = findFlannelRules(save);
  const all = reasonForAll(backEnd, standing);
  // what somebody else put into a chain of flannel's keeps it, and the jump to it
  const isShared = (chain: string): boolean =>
    readSavedRules(save).filter((rule) => rule.chain === chain).length >
    found.filter((rule) => rule.chain === chain).length;
  return {
    backEnd: name,
    rules: found.flatMap(({ table, chain, position, text, network }): StaleRule[] => {
      const because =
        network !== undefined && network !== standing.clusterCidr ? `made by flannel for ${network}` : all;
      const leadsTo = network === undefined ? flannelChains[chain] : undefined;
      if (because === undefined || (leadsTo !== undefined && isShared(leadsTo))) return [];
      return [{ table, chain, position, text, because }];
    }),
    chains: all === undefined ? [] : declaredChains(save).filter(({ chain }) => !isShared(chain)),
  };
}
