import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  unit: z.string().describe('the kubelet unit'),
  timeout_seconds: z.number().int().positive().default(300).describe('how long a Node may take'),
  hold_seconds: z.number().int().min(0).default(10).describe('how long it has to stay Ready'),
  only_changed: z
    .boolean()
    .default(false)
    .describe('only of Nodes that the stage changes, or that an earlier run changed and did not see to the end'),
});

type Desired = z.output<typeof schema>;

/** The view of those nodes alone that are to be Ready. */
const concerned = (view: ClusterView, { only_changed }: Desired): ClusterView =>
  only_changed
    ? { ...view, hosts: view.hosts.filter((host) => view.changing.includes(host) || host.facts.isUnproven) }
    : view;

const nodeOf = (view: ClusterView, host: ClusterHost) =>
  view.snapshot.nodes.find((node) => node.name === host.nodeName);

/**
 * Ready as said by the kubelet process that runs now: its start, read on the host, is earlier than both the Lease's
 * renewal and the Ready condition's heartbeat, which the API rounds down to a second.
 */
function whyNotReady(view: ClusterView, host: ClusterHost, unit: string): string | undefined {
  const node = nodeOf(view, host);
  const kubelet = host.facts.units.get(unit);
  if (!kubelet?.active) return `${unit} is not running`;
  if (!node) return 'there is no such Node';
  if (!node.ready) return node.reason || 'its Ready condition is not True';
  if (node.leaseAt <= kubelet.startedAt) return 'the kubelet has not renewed its Lease since it started';
  if (node.heartbeatAt + 1 <= kubelet.startedAt) return 'the kubelet has not reported its state since it started';
  return undefined;
}

const processes = (view: ClusterView, unit: string): string =>
  view.hosts
    .map((host) => {
      const kubelet = host.facts.units.get(unit);
      return `${host.name} ${kubelet?.invocationId} ${kubelet?.restarts}`;
    })
    .join('\n');

/** Done when every Node of the batch is Ready by its present kubelet, and still is when `hold_seconds` have passed. */
export const nodeReady = defineClusterOperation({
  scope: 'cluster',
  name: 'node_ready',
  summary: 'every Node of the batch is Ready by the kubelet process that runs now, and still is ten seconds later',
  schema,
  diff: (view, desired) =>
    concerned(view, desired)
      .hosts.filter((host) => view.batchChanged || whyNotReady(view, host, desired.unit) !== undefined)
      .map((host) => ({
        subject: `Node ${host.nodeName ?? host.name}`,
        action: whyNotReady(view, host, desired.unit) === undefined ? 'stays Ready' : 'becomes Ready',
      })),
  async apply(deps, first, desired) {
    const { unit, timeout_seconds, hold_seconds } = desired;
    const mine = new Set(concerned(first, desired).hosts.map((host) => host.name));
    const narrow = (wide: ClusterView): ClusterView => ({
      ...wide,
      hosts: wide.hosts.filter((host) => mine.has(host.name)),
    });
    let view = narrow(first);
    const waiting = () => view.hosts.filter((host) => whyNotReady(view, host, unit) !== undefined);
    const deadline = Date.now() + timeout_seconds * 1000;
    while (Date.now() < deadline) {
      await deps.api.watchUntil('nodes', deadline - Date.now(), async () => {
        view = narrow(await deps.look());
        deps.progress(`${view.hosts.length - waiting().length} of ${view.hosts.length} Nodes Ready`);
        return waiting().length === 0;
      });
      if (waiting().length > 0) break;
      const before = processes(view, unit);
      deps.progress(`Ready, watching ${hold_seconds} s whether it stays`);
      await sleep(hold_seconds * 1000);
      view = narrow(await deps.look());
      if (waiting().length === 0 && processes(view, unit) === before) {
        return `${view.hosts.map((host) => host.nodeName).join(', ')} Ready`;
      }
    }
    const reasons = await Promise.all(
      waiting().map(async (host) => {
        const lines = await deps.lastLines(host.name, unit);
        return `${host.nodeName ?? host.name}: ${whyNotReady(view, host, unit)}\n${lines.replace(/^/gm, '  ')}`;
      }),
    );
    throw new ProvisionError({
      code: 'NODE_NOT_READY',
      kind: 'cluster',
      what: `not Ready after ${timeout_seconds} s: ${waiting()
        .map((host) => host.nodeName ?? host.name)
        .join(', ')}`,
      why: reasons.join('\n'),
      fix: `Mend what the Node's condition or ${unit}'s last lines name, then run again.`,
    });
  },
});
