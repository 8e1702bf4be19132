import type { NodeState, Taint } from './cluster.ts';
import type { Manifest } from './manifest.ts';
import { taintKey } from './registration.ts';

/** Labels and taints of a Node as an object, the taints by key and effect, so that each can be told and set alone. */
export interface NodeObject extends Manifest {
  readonly taints: Readonly<Record<string, string | null>>;
}

const reference = (name: string) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } }) as const;

/** A Node by the fields that are given. */
export const nodeFields = (
  name: string,
  labels: Readonly<Record<string, string | null>>,
  taints: Readonly<Record<string, string | null>>,
): NodeObject =>
  ({ ...reference(name), metadata: { name, labels: labels as Record<string, string> }, taints }) satisfies NodeObject;

/** All labels and taints of a Node. */
export const nodeObject = ({ name, labels, taints }: NodeState): NodeObject =>
  nodeFields(name, labels, Object.fromEntries(taints.map((one) => [taintKey(one), one.value ?? ''])));

/** The fields of the API's Node that make it what an object says; the list of taints is written as a whole. */
export function nodePatch(node: NodeState, { metadata, taints = {} }: Partial<NodeObject>): object {
  const { labels } = metadata ?? {};
  const isChanged = Object.keys(taints).length > 0;
  return {
    ...(labels && { metadata: { labels } }),
    ...(isChanged && { spec: { taints: mergeTaints(node.taints, taints) } }),
  };
}

function mergeTaints(now: readonly Taint[], wanted: NodeObject['taints']): Taint[] {
  const others = now.filter((one) => !(taintKey(one) in wanted) || (one.value ?? '') === wanted[taintKey(one)]);
  const added = Object.entries(wanted).flatMap(([name, value]): Taint[] => {
    if (value === null || others.some((one) => taintKey(one) === name)) return [];
    const colon = name.lastIndexOf(':');
    return [{ key: name.slice(0, colon), ...(value && { value }), effect: name.slice(colon + 1) }];
  });
  return [...others, ...added];
}
