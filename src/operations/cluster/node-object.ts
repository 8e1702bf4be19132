import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { NodeState } from '../../kubernetes/cluster/cluster.ts';
import { showObject } from '../../kubernetes/cluster/manifest.ts';
import { nodeManifest } from '../../kubernetes/cluster/node-record.ts';
import { containsCidr, overlaps, parseCidr, tryParseCidr } from '../../kubernetes/network/cidr.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const texts = z.record(z.string(), z.string());

/** A NodeRecord. */
export const recordSchema = z.strictObject({
  name: z.string(),
  pod_cidrs: z.array(z.string()),
  labels: texts,
  annotations: texts,
  taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  unschedulable: z.boolean(),
  addresses: z.array(z.string()),
  machine_id: z.string(),
});

const schema = z.strictObject({
  node: z.string().min(1).describe('the name of the Node'),
  recorded: recordSchema.optional().describe('what runs have seen of it'),
  pod_cidr: z.string().optional().describe('the podCIDR it gets; the recorded one if left out'),
  cluster_cidr: z.string().describe('the range of all pods'),
});

type Desired = z.output<typeof schema>;

const isThere = ({ snapshot }: ClusterView, { node }: Desired): boolean =>
  snapshot.nodes.some(({ name }) => name === node);

const rangesOf = ({ pod_cidr, recorded }: Desired): readonly string[] =>
  pod_cidr === undefined ? (recorded?.pod_cidrs ?? []) : [pod_cidr];

/** Other Nodes whose range shares addresses with what this one is to have. */
const holders = (nodes: readonly NodeState[], desired: Desired): readonly NodeState[] =>
  nodes.filter(({ name, podCidr, podCidrs }) => {
    const theirs = [...(podCidrs ?? []), ...(podCidr ? [podCidr] : [])];
    return name !== desired.node && theirs.some((one) => rangesOf(desired).some((range) => share(one, range)));
  });

function share(one: string, other: string): boolean {
  const [a, b] = [tryParseCidr(one), tryParseCidr(other)];
  return a && b ? overlaps(a, b) : one === other;
}

/** Throws NODE_NOT_RECORDED, NODE_RANGE_OUTSIDE, NODE_RANGE_TAKEN. */
function refuse(view: ClusterView, desired: Desired): void {
  const { node, cluster_cidr } = desired;
  if (isThere(view, desired)) return;
  const [range] = rangesOf(desired);
  if (range === undefined) throw notRecorded(node);
  const taken = holders(view.snapshot.nodes, desired);
  if (taken.length > 0) throw rangeTaken(desired, taken);
  if (!containsCidr(parseCidr(cluster_cidr), parseCidr(range))) throw outside(desired, range);
}

/**
 * A lost Node is there under its name with the podCIDR it had, before its kubelet is: one that is there is kept as it is. No
 * controller refuses a podCIDR that another Node holds, so that is looked at before and after.
 */
export const nodeObject = defineClusterOperation({
  scope: 'cluster',
  name: 'node_object',
  summary:
    'a Node that is gone is there again with the podCIDR, labels, taints, annotations and cordon it had; one that is there is left as it is',
  schema,
  countsAsChange: true,
  irreversible: 'a Node that was made anew stays, and its podCIDR with it',
  refuse,
  diff(view, desired) {
    refuse(view, desired);
    if (isThere(view, desired)) return [];
    const { metadata, spec } = manifestOf(desired);
    const after = showObject({ metadata, spec });
    return [
      {
        subject: `Node ${desired.node}`,
        action: `make it anew with ${rangesOf(desired).join(', ')}`,
        before: '',
        after,
      },
    ];
  },
  async apply({ api }, view, desired) {
    const now = { ...view, snapshot: await api.snapshot() };
    refuse(now, desired);
    if (!isThere(now, desired)) await api.objects.create(manifestOf(desired));
    const taken = holders((await api.snapshot()).nodes, desired);
    if (taken.length === 0) return `${desired.node} is there, with ${rangesOf(desired).join(', ')}`;
    await api.deleteNode(desired.node);
    throw rangeTaken(desired, taken);
  },
});

const manifestOf = (desired: Desired) => nodeManifest(desired.node, rangesOf(desired), desired.recorded);

const notRecorded = (node: string): ProvisionError =>
  new ProvisionError({
    code: 'NODE_NOT_RECORDED',
    kind: 'cluster',
    what: `there is no Node ${node}, and no run from here has seen which podCIDR it had`,
    why: 'with another podCIDR it would be another node to the rest of the cluster',
    fix: `Write the range it had, as \`node_pod_cidr\` of its host in the inventory; a lost one can be seen in an old /run/flannel/subnet.env, or as the gap between those of kubectl get nodes -o custom-columns=N:.metadata.name,C:.spec.podCIDR.`,
  });

const rangeTaken = (desired: Desired, taken: readonly NodeState[]): ProvisionError =>
  new ProvisionError({
    code: 'NODE_RANGE_TAKEN',
    kind: 'cluster',
    what: `the Node ${desired.node} cannot have ${rangesOf(desired).join(', ')}: another Node has it by now`,
    why: taken.map(({ name, podCidr }) => `${name} has ${podCidr}`).join('\n'),
    fix: `Give ${desired.node} a free range, as \`node_pod_cidr\` of its host in the inventory. Or drain and delete ${taken.map(({ name }) => name).join(', ')}, and run again before its kubelet starts anew.`,
  });

const outside = ({ node, cluster_cidr }: Desired, range: string): ProvisionError =>
  new ProvisionError({
    code: 'NODE_RANGE_OUTSIDE',
    kind: 'cluster',
    what: `the Node ${node} cannot have ${range}: it is not part of the pod range ${cluster_cidr}`,
    why: 'a controller-manager ends itself again and again over such a Node',
    fix: 'Correct `node_pod_cidr` of its host in the inventory.',
  });
