import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { PodState } from '../../kubernetes/cluster/cluster.ts';
import { titleOf } from '../../kubernetes/cluster/pods.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';

const schema = z.strictObject({
  timeout_seconds: z.number().int().positive().default(300).describe('how long pods may take to run again'),
});

/** It ran as its kubelet said last, or is being made again by the new one. */
const counts = (pod: PodState): boolean =>
  !pod.isLeaving &&
  !pod.hasEnded &&
  pod.isOfProof === undefined &&
  (pod.runs || /^(ContainerCreating|PodInitializing)/.test(pod.reason));

/** Pods bound to these hosts whose containers are those of the machine before, as far as the API knows; a line each. */
function notBack({ hosts, podsBefore = [], pods = [] }: ClusterView): readonly string[] {
  return hosts.flatMap(({ nodeName, facts }) =>
    podsBefore
      .filter((pod) => pod.node === nodeName && counts(pod))
      .flatMap((before) => {
        const now = pods.find(({ uid }) => uid === before.uid);
        if (now === undefined || now.isLeaving || now.hasEnded) return [];
        const runs = now.runs && (now.startedAt ?? 0) >= facts.startedAt;
        return runs ? [] : [`${titleOf(now)}: ${now.reason || 'it has not been started on this machine'}`];
      }),
  );
}

const nodesOf = ({ hosts }: ClusterView): string => hosts.flatMap(({ nodeName }) => nodeName ?? []).join(', ');

/** What ran on a machine that was lost, and is bound to its Node, runs on the machine that has come for it. */
export const podsBack = defineClusterOperation({
  scope: 'cluster',
  name: 'pods_back',
  summary: 'what ran on a machine that was lost, and is bound to its Node, runs on the one that has come for it',
  schema,
  readsPods: true,
  comparesPods: 'run',
  diff: (view) => (notBack(view).length === 0 ? [] : [{ subject: `Pods of ${nodesOf(view)}`, action: 'run again' }]),
  async apply({ api, look, progress }, first, { timeout_seconds }) {
    let view = first;
    const areBack = async (): Promise<boolean> => {
      view = await look();
      const missing = notBack(view);
      if (missing.length > 0) progress(`pods that do not run yet: ${missing.join('; ')}`);
      return missing.length === 0;
    };
    if (await api.watchUntil('pods', timeout_seconds * 1000, areBack)) return `all that ran on ${nodesOf(view)}`;
    throw new ProvisionError({
      code: 'PODS_NOT_RUNNING',
      kind: 'cluster',
      what: `pods that ran on ${nodesOf(view)} before its machine was lost do not run again after ${timeout_seconds} s`,
      why: notBack(view).join('\n'),
      fix: 'Mend what these lines name, or delete those pods (kubectl describe pod says more), then run again: until then the Node stays cordoned.',
    });
  },
});
