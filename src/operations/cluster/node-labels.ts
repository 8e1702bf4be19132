import { z } from 'zod';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { NodeState, Taint } from '../../kubernetes/cluster/cluster.ts';
import { nodeFields, nodeObject, nodePatch } from '../../kubernetes/cluster/node-object.ts';
import { type Gap, gapOf, type Registration, registrationOf, taintKey } from '../../kubernetes/cluster/registration.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { kubeletChange } from '../kubelet/kubelet-change.ts';
import { compareKubelet, type RunningKubelet } from '../kubelet/kubelet-sources.ts';
import { writeNode } from './write-node.ts';

const schema = z.strictObject({
  patch: z
    .boolean()
    .describe('whether registered Nodes are given them through the API; else a change of them is refused'),
  drains: z.boolean().default(false).describe('whether nodes are drained before, so that a taint ends no pod'),
});

/** A registered Node, and what its kubelet says of it that runs and that is to come. */
interface Registered {
  readonly node: NodeState;
  readonly before: Registration;
  readonly after: Registration;
}

/** By what `kubelet_change` of the same stage saw. */
function registered(view: ClusterView): readonly Registered[] {
  return view.hosts.flatMap((host): Registered[] => {
    const node = view.snapshot.nodes.find((one) => one.name === host.nodeName);
    const look = view.looks?.get(host.name)?.find(({ operation }) => operation === kubeletChange.name);
    if (node === undefined || look === undefined) return [];
    const desired = kubeletChange.schema.parse(look.desired);
    const { before, after } = compareKubelet(look.actual as RunningKubelet, desired);
    return [{ node, before: registrationOf(before), after: registrationOf(after) }];
  });
}

interface NodeGap {
  readonly node: NodeState;
  readonly gap: Gap;
}

const gapsOf = (view: ClusterView, isChange: boolean): readonly NodeGap[] =>
  registered(view)
    .map(({ node, before, after }) => ({ node, gap: gapOf(node, before, after, isChange) }))
    .filter(({ gap }) => gap.labels.size + gap.taints.length + gap.goneTaints.length > 0);

/** The fields of a Node that close a gap. */
const fieldsOf = (name: string, { labels, taints, goneTaints }: Gap) =>
  nodeFields(
    name,
    Object.fromEntries(labels),
    Object.fromEntries([
      ...taints.map((one): [string, string] => [taintKey(one), one.value ?? '']),
      ...goneTaints.map((one): [string, null] => [taintKey(one), null]),
    ]),
  );

const showTaint = ({ key, value, effect }: Taint): string => `${key}${value ? `=${value}` : ''}:${effect}`;

const tell = ({ labels, taints, goneTaints }: Gap): readonly string[] => [
  ...[...labels].map(([key, value]) => (value === null ? `loses the label ${key}` : `gets the label ${key}=${value}`)),
  ...taints.map((one) => `gets the taint ${showTaint(one)}`),
  ...goneTaints.map((one) => `loses the taint ${showTaint(one)}`),
];

/**
 * Registered Nodes have the labels and taints that their kubelets would give new ones: a kubelet itself says them once, when
 * it registers. Labels and taints of others stay.
 */
export const nodeLabels = defineClusterOperation({
  scope: 'cluster',
  name: 'node_labels',
  summary: 'registered Nodes have the labels and taints that flags give new ones; those of others stay',
  schema,
  countsAsChange: true,
  refuse(view, { patch, drains }) {
    const gaps = gapsOf(view, !patch);
    const refused = patch ? (drains ? [] : evicting(gaps)) : [...unlabelled(gaps), ...untainted(gaps)];
    if (refused.length > 0) throw new ProvisionErrors(refused);
  },
  remember: (view, { patch }) =>
    (patch ? gapsOf(view, false) : []).map(({ node, gap }) => {
      const left = fieldsOf(node.name, gap);
      const { labels = {} } = left.metadata;
      const now = nodeObject(node);
      const pick = (from: Readonly<Record<string, string | null>>, keys: object) =>
        Object.fromEntries(Object.keys(keys).map((key) => [key, from[key] ?? null]));
      return { before: nodeFields(node.name, pick(node.labels, labels), pick(now.taints, left.taints)), left };
    }),
  diff: (view, { patch }) =>
    (patch ? gapsOf(view, false) : []).flatMap(({ node, gap }) =>
      tell(gap).map((action) => ({ subject: `Node ${node.name}`, action })),
    ),
  async apply({ api }, view) {
    const gaps = gapsOf(view, false);
    const all = registered(view);
    for (const {
      node: { name },
    } of gaps)
      await writeNode(api, name, (node) => {
        const own = all.find((one) => one.node.name === name);
        const gap = own && gapOf(node, own.before, own.after, false);
        return gap && tell(gap).length > 0 ? nodePatch(node, fieldsOf(name, gap)) : undefined;
      });
    return `${gaps.map(({ node }) => node.name).join(', ')} as the flags say`;
  },
});

const linesOf = (gaps: readonly NodeGap[], kind: 'label' | 'taint'): readonly string[] =>
  gaps.flatMap(({ node, gap }) => {
    const told = tell(gap).filter((line) => line.includes(` ${kind} `));
    return told.length === 0 ? [] : [`${node.name} ${told.join(', ')}`];
  });

const why = (lines: readonly string[]): string =>
  `A kubelet says them once, when it registers its Node. What is wanted:\n${lines.join('\n')}`;

const fix =
  'Let them be patched through the API: `roll: { patch_nodes: true }` in the inventory, or --patch-nodes. Or leave the flag as it is, for these hosts.';

function unlabelled(gaps: readonly NodeGap[]): readonly ProvisionError[] {
  const lines = linesOf(gaps, 'label');
  if (lines.length === 0) return [];
  return [
    new ProvisionError({
      code: 'LABELS_WITHOUT_EFFECT',
      kind: 'operation',
      what: 'changed --node-labels would do nothing for Nodes that are there',
      why: why(lines),
      fix,
    }),
  ];
}

function untainted(gaps: readonly NodeGap[]): readonly ProvisionError[] {
  const lines = linesOf(gaps, 'taint');
  if (lines.length === 0) return [];
  return [
    new ProvisionError({
      code: 'TAINTS_WITHOUT_EFFECT',
      kind: 'operation',
      what: 'changed --register-with-taints (registerWithTaints) would do nothing for Nodes that are there',
      why: why(lines),
      fix,
    }),
  ];
}

/** Pods that do not tolerate such a taint are deleted at once, whatever their PodDisruptionBudgets say. */
function evicting(gaps: readonly NodeGap[]): readonly ProvisionError[] {
  const lines = gaps.flatMap(({ node, gap }) =>
    gap.taints.filter(({ effect }) => effect === 'NoExecute').map((one) => `${node.name} gets ${showTaint(one)}`),
  );
  if (lines.length === 0) return [];
  return [
    new ProvisionError({
      code: 'TAINT_NEEDS_DRAIN',
      kind: 'operation',
      what: 'a taint with the effect NoExecute would end pods at once, against their PodDisruptionBudgets',
      why: lines.join('\n'),
      fix: 'Drain the nodes: `roll: { drain: true }` in the inventory, or --drain. Or take NoSchedule.',
    }),
  ];
}
