import { z } from 'zod';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { checkClusterRanges } from '../../kubernetes/network/range-facts.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  cluster_cidr: z.string().describe('the range of all pods'),
  unit: z.string().describe('the controller-manager unit whose newest start a leader has to be younger than'),
  timeout_seconds: z.number().int().positive().default(120).describe('how long to wait'),
});

/** A leader counts once it has renewed its lock after its own host's process started, so with that process's flags. */
function leads(view: ClusterView, unit: string): boolean {
  const { leader } = view.snapshot;
  const host = view.hosts.find((one) => one.facts.hostname === leader?.hostname);
  if (!leader) return false;
  const startedAt = host?.facts.units.get(unit)?.startedAt ?? 0;
  return leader.renewedAt > startedAt;
}

/** A podCIDR outside the range, or two that overlap, is for a person to sort out. */
function refuseWrongRanges(view: ClusterView, clusterCidr: string): void {
  const nodes = view.snapshot.nodes.map(({ name, podCidr }) => ({ name, ...(podCidr && { podCIDR: podCidr }) }));
  const wrong = checkClusterRanges(clusterCidr, { nodes });
  if (wrong.length > 0) throw new ProvisionErrors(wrong);
}

/** Done when a leader holds the lock under the flags at hand and every Node has a podCIDR of its own inside the range. */
export const podCidrs = defineClusterOperation({
  scope: 'cluster',
  name: 'pod_cidrs',
  summary: 'a controller-manager leads that started after its flags were set, and every Node has a podCIDR',
  schema,
  irreversible: 'a podCIDR stays with its Node for as long as the Node exists',
  diff(view, { unit, cluster_cidr }) {
    refuseWrongRanges(view, cluster_cidr);
    const changes: Change[] = view.snapshot.nodes
      .filter((node) => !node.podCidr)
      .map((node) => ({ subject: `Node ${node.name}`, action: 'gets a podCIDR' }));
    return leads(view, unit) ? changes : [{ subject: 'controller-manager', action: 'gets a leader' }, ...changes];
  },
  foresee: (view, { unit }) =>
    view.changed && leads(view, unit) ? [{ subject: 'controller-manager', action: 'gets a leader again' }] : [],
  async apply(deps, first, { unit, cluster_cidr, timeout_seconds }) {
    let view = first;
    const met = await deps.api.watchUntil('nodes', timeout_seconds * 1000, async () => {
      view = await deps.look();
      const missing = view.snapshot.nodes.filter((node) => !node.podCidr).length;
      deps.progress(leads(view, unit) ? `${missing} Nodes without a podCIDR` : 'no leader yet');
      return missing === 0 && leads(view, unit);
    });
    if (!met) {
      const without = view.snapshot.nodes.filter((node) => !node.podCidr).map((node) => node.name);
      const host = view.hosts.find((one) => one.facts.hostname === view.snapshot.leader?.hostname) ?? view.hosts[0];
      throw new ProvisionError({
        code: 'POD_CIDRS_MISSING',
        kind: 'cluster',
        what:
          without.length > 0
            ? `no podCIDR after ${timeout_seconds} s: ${without.join(', ')}`
            : `no controller-manager leads after ${timeout_seconds} s`,
        why: host ? await deps.lastLines(host.name, unit) : 'no controller-manager host is at hand',
        fix: `See what ${unit} says above; the pod range has to have room for every Node.`,
      });
    }
    refuseWrongRanges(view, cluster_cidr);
    return `${view.snapshot.leader?.hostname} leads, ${view.snapshot.nodes.length} Nodes have a podCIDR`;
  },
});
