import type { ApplyingEntry, JournalEntry, LaterWish, ObjectRecord } from '../journal/entry.ts';
import { entriesOf, type RecordedRun, standingCordons } from '../journal/recorded-run.ts';
import { nodeReady } from '../operations/cluster/node-ready.ts';
import { uncordon } from '../operations/cluster/uncordon.ts';
import type { Operation } from '../operations/registry.ts';
import { takeBack } from '../operations/take-back/take-back.ts';
import { takeBackObjects } from '../operations/take-back/take-back-objects.ts';
import type { Resolution, Scope, Serial, Stage, StageTask } from './stage.ts';

export interface UndoWish {
  readonly run: Pick<RecordedRun, 'id'> & { readonly entries: readonly JournalEntry[] };
  readonly hosts: readonly string[];
  /** No other host has what the run did. */
  readonly isWhole: boolean;
  /** Overwrite files that somebody changed since. */
  readonly force: boolean;
  findOperation(name: string): Operation;
  /** How a Node is seen to be Ready. */
  gate(host: string): { readonly unit: string; readonly timeout_seconds: number } | undefined;
  /** All hosts of a stage together, whatever the run did. */
  readonly atOnce?: true;
}

/**
 * The stages that take a run back: first a DaemonSet and what goes with it, because its pods set up the hosts; what the
 * stages of the run did, the last one first; then what they left running, the first one first, with its files as they are
 * then, until the Nodes that were Ready before are Ready again; then all other objects of the API, which no host needs any
 * more.
 */
export function undoStages(wish: UndoWish): readonly Stage[] {
  const applying = entriesOf(wish.run, 'applying').filter((entry) => wish.hosts.includes(entry.host));
  const names = [...new Set(applying.map((entry) => entry.stage))];
  const ofStage = (name: string) => applying.filter((entry) => entry.stage === name);
  return [
    ...restoringObjects(wish, setsUpHosts),
    ...names.toReversed().map((name) => restoring(name, ofStage(name), wish)),
    ...names.flatMap((name) => converging(name, ofStage(name), wish)),
    ...restoringObjects(wish, (objects) => !setsUpHosts(objects)),
    ...lifting(wish),
  ];
}

/** One task, wanted on those hosts alone that `desired` has a value for. */
export function task(name: string, operation: unknown, desired: (host: string) => unknown): StageTask {
  return {
    name,
    operation: operation as StageTask['operation'],
    resolve(scope: Scope): readonly Resolution[] {
      const wanted = desired(String(scope['host']));
      return wanted === undefined ? [] : [{ status: 'known', task: name, desired: wanted }];
    },
  };
}

const hostsOf = (entries: readonly ApplyingEntry[]): string[] => [...new Set(entries.map((entry) => entry.host))];

function restoring(name: string, entries: readonly ApplyingEntry[], { run, force }: UndoWish): Stage {
  const applied = entriesOf(run, 'applied').filter((entry) => entry.stage === name);
  return {
    name: `Taken back: ${name}`,
    hosts: hostsOf(entries),
    serial: undefined,
    order: undefined,
    protectReady: false,
    rolling: undefined,
    beyondLimit: false,
    tasks: [
      task(`What run ${run.id} did is taken back`, takeBack, (host) => ({
        run: run.id,
        stage: name,
        force,
        expected: applied.some((entry) => entry.host === host),
      })),
    ],
  };
}

type Objects = readonly ObjectRecord[];

const setsUpHosts = (objects: Objects): boolean => objects.some(({ left }) => left['kind'] === 'DaemonSet');

/** Nodes go with their hosts, all else with the last one. */
export function restoringObjects(
  { run, hosts, force, isWhole }: Pick<UndoWish, 'run' | 'hosts' | 'force' | 'isWhole'>,
  isMeant: (objects: Objects) => boolean = () => true,
): readonly Stage[] {
  const hostOfNode = new Map(
    entriesOf(run, 'nodes').flatMap(({ nodes }) => nodes.map(({ name, host }) => [name, host])),
  );
  return entriesOf(run, 'awaiting')
    .toReversed()
    .flatMap(({ stage, objects: all = [], hosts: theirs }) => {
      const objects = all.filter(({ left }) =>
        left['kind'] === 'Node' ? hosts.includes(hostOfNode.get(nameOf(left)) ?? '') : isWhole,
      );
      if (objects.length === 0 || !isMeant(objects)) return [];
      const chosen = hosts.filter((host) => theirs.includes(host));
      const title = `Objects that run ${run.id} made or changed are as before`;
      return {
        name: setsUpHosts(objects) ? `Taken back first: pods of '${stage}'` : `Taken back: ${stage}`,
        hosts: chosen.length > 0 ? chosen : hosts.slice(0, 1),
        serial: undefined,
        order: undefined,
        protectReady: false,
        rolling: undefined,
        beyondLimit: false,
        tasks: [task(title, takeBackObjects, () => ({ run: run.id, force, objects }))],
      };
    });
}

const nameOf = (object: ObjectRecord['left']): string => (object['metadata'] as { name: string }).name;

/** Nodes take pods again once they are as before; what somebody else cordoned stays so. */
function lifting({ run, hosts }: UndoWish): readonly Stage[] {
  const cordoned = standingCordons(run).filter((host) => hosts.includes(host));
  if (cordoned.length === 0) return [];
  return [
    {
      name: 'Nodes take pods as before',
      hosts: cordoned,
      serial: undefined,
      order: undefined,
      protectReady: false,
      rolling: undefined,
      beyondLimit: false,
      tasks: [task(`No Node stays cordoned by run ${run.id}`, uncordon, () => ({}))],
    },
  ];
}

/** What stages of the run did before this one, as far as it is taken back with it. */
function entriesBefore(name: string, { run, hosts }: UndoWish): readonly ApplyingEntry[] {
  const all = entriesOf(run, 'applying').filter((entry) => hosts.includes(entry.host));
  return all.slice(
    0,
    all.findIndex((entry) => entry.stage === name),
  );
}

/** It ran before the stage because the run itself had started it: before the run it did not. */
const isStartedBy = (earlier: readonly ApplyingEntry[], host: string, { task: title, operation }: LaterWish): boolean =>
  earlier.some(
    (entry) =>
      entry.host === host &&
      entry.tasks.some((one) => one.task === title && one.operation === operation) &&
      !entry.afterUndo.some((one) => one.task === title),
  );

function converging(name: string, entries: readonly ApplyingEntry[], wish: UndoWish): readonly Stage[] {
  const [first] = entries;
  if (!first) return [];
  const earlier = entriesBefore(name, wish);
  const wishes = entries.flatMap(({ host, afterUndo }) =>
    afterUndo.filter((one) => !isStartedBy(earlier, host, one)).map((one) => ({ host, ...one })),
  );
  const tasks = [...new Map(wishes.map((one) => [one.task, one.operation]))].map(([title, operation]) =>
    task(
      title,
      wish.findOperation(operation),
      (host) =>
        // what was there before the run is what its first look found
        wishes.find((one) => one.host === host && one.task === title)?.desired,
    ),
  );
  const wereReady = entriesOf(wish.run, 'nodes').flatMap(({ nodes }) => nodes.filter((node) => node.ready));
  const gate = task('Nodes that were Ready are Ready again', nodeReady, (host) =>
    wereReady.some((node) => node.host === host) ? gateOf(host) : undefined,
  );
  const gateOf = (host: string) => {
    const gate = wish.gate(host);
    return gate && { hold_seconds: 10, only_changed: false, ...gate };
  };
  if (tasks.length === 0 && !first.protectReady) return [];
  return [
    {
      name: `As before: ${name}`,
      hosts: hostsOf(entries),
      serial: wish.atOnce ? undefined : (first.serial as Serial | undefined),
      order: first.order,
      protectReady: first.protectReady && !wish.atOnce,
      rolling: undefined,
      beyondLimit: false,
      tasks: first.protectReady ? [...tasks, gate] : tasks,
    },
  ];
}
