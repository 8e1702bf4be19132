import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type LiveObject, type Manifest, nameObject, type ObjectReference } from '../../kubernetes/cluster/manifest.ts';
import { knownDaemonSets, ownDaemonSet } from '../../kubernetes/network/flannel-daemonsets.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  namespace: z.string().optional().describe('where ours is; none of ours stays either when not given'),
  timeout_seconds: z.number().int().positive().default(120).describe('how long pods of the others may take to end'),
});

type Desired = z.output<typeof schema>;

const recheckMs = 500;

const isOurs = ({ metadata }: ObjectReference, { namespace }: Desired): boolean =>
  metadata.name === ownDaemonSet && metadata.namespace === namespace;

const othersIn = ({ snapshot }: ClusterView, desired: Desired): readonly LiveObject[] =>
  knownDaemonSets.flatMap((one) => (isOurs(one, desired) ? [] : (snapshot.objects?.get(one) ?? [])));

/** As it can be made again: without what the API has added. */
export function asManifest({ apiVersion, kind, metadata, ...rest }: LiveObject): Manifest {
  const { name, namespace, labels, annotations } = metadata;
  const { status: _, ...fields } = rest as Record<string, unknown>;
  const { 'deprecated.daemonset.template.generation': __, ...kept } = annotations ?? {};
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }), annotations: kept },
    ...fields,
  };
}

/** No DaemonSet of flannel but ours: two write routes, rules and subnet.env of each other. What they have set stays for the one to come. */
export const otherFlannels = defineClusterOperation({
  scope: 'cluster',
  name: 'other_flannels',
  summary: 'no DaemonSet of flannel is there but ours (without `namespace` none at all), and their pods have ended',
  schema,
  countsAsChange: true,
  references: () => knownDaemonSets,
  remember: (view, desired) =>
    othersIn(view, desired).map((live) => {
      const { apiVersion, kind, metadata } = live;
      const { name, namespace } = metadata;
      return {
        before: asManifest(live),
        left: { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } },
        isRemoved: true,
      };
    }),
  diff: (view, desired) =>
    othersIn(view, desired).map((live) => ({
      subject: nameObject(live),
      action:
        desired.namespace === undefined
          ? 'remove with its pods; what they have set stays'
          : `remove with its pods, for DaemonSet ${desired.namespace}/${ownDaemonSet} to take over`,
    })),
  async apply({ api, progress }, first, desired) {
    const all = othersIn(first, desired);
    for (const live of all) await api.objects.remove(live);
    const deadline = Date.now() + desired.timeout_seconds * 1000;
    for (;;) {
      const left = othersIn({ ...first, snapshot: await api.snapshot() }, desired);
      if (left.length === 0) return `${all.length} removed`;
      if (Date.now() > deadline) throw stays(left, desired.timeout_seconds);
      progress(`pods of ${left.map(nameObject).join(', ')} are ending`);
      await sleep(recheckMs);
    }
  },
});

/** Also of an object of ours that is taken back. */
export const stays = (left: readonly ObjectReference[], seconds: number): ProvisionError =>
  new ProvisionError({
    code: 'OBJECT_STAYS',
    kind: 'cluster',
    what: `still there after ${seconds} s: ${left.map(nameObject).join(', ')}`,
    why: 'a DaemonSet goes when the last of its pods has ended; the kubelet of the node ends them',
    fix: 'See which of its pods are still there, and on what node: kubectl get pods -A -o wide. Then run again.',
  });
