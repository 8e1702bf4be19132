import { cordon } from '../operations/cluster/cordon.ts';
import { drain } from '../operations/cluster/drain.ts';
import { nodeRemoved } from '../operations/cluster/node-removed.ts';
import { nodeUnused } from '../operations/cluster/node-unused.ts';
import { uncordon } from '../operations/cluster/uncordon.ts';
import type { HostFacts } from '../operations/facts/facts.ts';
import { podsEnded } from '../operations/runtime/pods-ended.ts';
import { nodeLeftovers } from '../operations/system/node-leftovers.ts';
import { noRecord } from '../operations/take-back/no-record.ts';
import { takeBackAll } from '../operations/take-back/take-back-all.ts';
import { service } from '../operations/units/service.ts';
import type { Stage, StageTask } from './stage.ts';
import { restoringObjects, task, type UndoWish } from './undo-stages.ts';

export interface ResetWish {
  readonly host: string;
  /** Go on although pods run there or somebody changed files since. */
  readonly force: boolean;
  /** How pods leave the node first; undefined where they are not asked to. */
  readonly drain: unknown;
  /** Services, as they are to run: not older than their files. One of a program that provision has installed goes instead. */
  readonly services: readonly { readonly unit: string; readonly program: string; readonly desired: unknown }[];
  /** What the other hosts have to do when the node is gone. */
  readonly peers: readonly Stage[];
  /** Runs of this folder that stand on the host, the newest first: what they changed of its Node object no host knows. */
  readonly runs: readonly UndoWish['run'][];
}

/** What tasks of a reset decide by: the host as it was seen last. */
export interface ResetScope {
  readonly facts: Pick<HostFacts, 'software' | 'units'>;
}

/**
 * The stages of a reset: pods leave, all runs are taken back at once, services of others run with their files of before, the
 * other hosts forget the way there, a Node that provision has made goes, and at last what the host remembers.
 */
export function resetStages({ host, force, drain: wish, services, peers, runs }: ResetWish): readonly Stage[] {
  const only = (name: string, tasks: readonly StageTask[]): Stage => ({
    name,
    hosts: [host],
    serial: undefined,
    order: undefined,
    protectReady: false,
    rolling: undefined,
    beyondLimit: false,
    tasks,
  });
  const always = (name: string, operation: unknown, desired: unknown = {}): StageTask =>
    task(name, operation, () => desired);
  const where = (name: string, operation: unknown, isMeant: (scope: ResetScope) => boolean, desired: unknown = {}) => ({
    ...always(name, operation),
    resolve: (scope: Readonly<Record<string, unknown>>) =>
      isMeant(scope['reset'] as ResetScope) ? always(name, operation, desired).resolve(scope) : [],
  });
  const isOurs = ({ facts }: ResetScope): boolean => facts.software.has('kubelet');
  return [
    only('The host is as it was before the first run', [
      ...(wish === undefined
        ? [always('No pods are left on the node', nodeUnused, { force })]
        : [always('The Node takes no new pods', cordon), always('The Node is drained', drain, wish)]),
      always('Pods of a node that provision has made have ended', podsEnded),
      always('What all runs did is taken back', takeBackAll, { force }),
    ]),
    only('Only what others have set up is left, and runs as before', [
      always('Programs of provision have left nothing behind', nodeLeftovers, { drained: wish !== undefined }),
      ...services.map(({ unit, program, desired }) => {
        const stays = ({ facts }: ResetScope): boolean =>
          !facts.software.has(program) && facts.units.get(unit)?.active === true;
        return where(`${unit} runs with its files of before`, service, stays, desired);
      }),
    ]),
    // an earlier run finds what a later one left: that is seen to before
    ...runs.flatMap((run, index) =>
      restoringObjects({ run, hosts: [host], force: force || index > 0, isWhole: false }),
    ),
    ...peers.map((stage) => ({ ...stage, hosts: stage.hosts.filter((name) => name !== host) })),
    only('The cluster is as before', [
      where('A Node that provision has made is gone', nodeRemoved, isOurs),
      where('The Node takes pods as before', uncordon, (scope) => !isOurs(scope)),
    ]),
    only('The host remembers nothing', [always('No record of runs is left', noRecord)]),
  ];
}
