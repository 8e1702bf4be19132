import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import type { Change } from '../events.ts';
import { type ClusterView, defineClusterOperation } from './cluster-operation.ts';

const schema = z.strictObject({
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

/** Done when a leader holds the lock under the flags at hand and every Node has a podCIDR. */
export const podCidrs = defineClusterOperation({
  scope: 'cluster',
  name: 'pod_cidrs',
  schema,
  diff(view, { unit }) {
    const changes: Change[] = view.snapshot.nodes
      .filter((node) => !node.podCidr)
      .map((node) => ({ subject: `Node ${node.name}`, action: 'gets a podCIDR' }));
    return leads(view, unit) ? changes : [{ subject: 'controller-manager', action: 'gets a leader' }, ...changes];
  },
  async apply(deps, first, { unit, timeout_seconds }) {
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
    return `${view.snapshot.leader?.hostname} leads, ${view.snapshot.nodes.length} Nodes have a podCIDR`;
  },
});
