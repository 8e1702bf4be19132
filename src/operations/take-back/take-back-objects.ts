import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { ClusterApi } from '../../kubernetes/cluster/cluster.ts';
import {
  fits,
  type LiveObject,
  type Manifest,
  nameObject,
  project,
  referTo,
  showObject,
} from '../../kubernetes/cluster/manifest.ts';
import { type NodeObject, nodeObject, nodePatch } from '../../kubernetes/cluster/node-object.ts';
import { writeNode } from '../cluster/write-node.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { stays } from '../flannel/other-flannels.ts';

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
}) as unknown as z.ZodType<Manifest>;

const schema = z.strictObject({
  run: z.string().describe('the run to take back'),
  force: z.boolean().describe('also what somebody changed since'),
  objects: z
    .array(z.strictObject({ before: manifest.nullable(), left: manifest, isRemoved: z.boolean().optional() }))
    .describe('as they were before the run, by the fields that it set, and as it left them'),
});

type Desired = z.output<typeof schema>;
type Record = Desired['objects'][number];

/** What is to be done to one object. */
interface Step extends Record {
  readonly live: LiveObject | undefined;
}

/** Objects that are not as they were before the run. */
const stepsOf = (view: ClusterView, { objects }: Desired): readonly Step[] =>
  objects.flatMap((one): Step[] => {
    if (isNode(one.left)) return nodeStep(view, one);
    const live = view.snapshot.objects?.get(one.left);
    const isBack = live === undefined ? one.before === null : one.before !== null && fits(live, one.before);
    return isBack ? [] : [{ ...one, live }];
  });

const isNode = ({ apiVersion, kind }: Manifest): boolean => apiVersion === 'v1' && kind === 'Node';

/** Of a Node every label and taint counts by itself; one that is gone is registered anew by its kubelet. */
function nodeStep({ snapshot }: ClusterView, one: Record): Step[] {
  const node = snapshot.nodes.find(({ name }) => name === one.left.metadata.name);
  const live =
    node && ({ ...nodeObject(node), metadata: { ...nodeObject(node).metadata, ...unversioned } } as LiveObject);
  return live === undefined || one.before === null || fits(live, one.before) ? [] : [{ ...one, live }];
}

const unversioned = { uid: '', resourceVersion: '' };

const hasDrifted = ({ live, left, isRemoved }: Step): boolean =>
  isRemoved ? live !== undefined : live === undefined || !fits(live, left);

/** Objects of the API that a run made or changed, taken back by what its journal remembers. */
export const takeBackObjects = defineClusterOperation({
  scope: 'cluster',
  name: 'take_back_objects',
  schema,
  countsAsChange: true,
  references: ({ objects }) => objects.filter(({ left }) => !isNode(left)).map(({ left }) => referTo(left)),
  refuse(view, desired) {
    const drifted = stepsOf(view, desired).filter(hasDrifted);
    if (drifted.length > 0 && !desired.force) throw driftedSince(drifted, desired.run);
  },
  diff(view, desired) {
    takeBackObjects.refuse?.(view, desired);
    return stepsOf(view, desired).map(({ live, left, before }) => ({
      subject: nameObject(left),
      action: before === null ? 'remove' : 'as before',
      ...(live && { before: showObject(project(live, left)) }),
      after: before === null ? '' : showObject(before),
    }));
  },
  async apply({ api, progress }, view, desired) {
    const steps = stepsOf(view, desired);
    for (const { live } of steps.filter(({ before }) => before === null).toReversed()) {
      if (live === undefined) continue;
      await api.objects.remove(live);
      if (live.kind !== 'DaemonSet') continue;
      progress(`pods of ${nameObject(live)} end`);
      await untilGone(api, live);
    }
    // in the order of the manifest: what pods are made of comes before them
    for (const { live, left, before } of steps) {
      if (before === null) continue;
      if (isNode(left)) await writeNode(api, left.metadata.name, (node) => nodePatch(node, before as NodeObject));
      else if (live) await api.objects.patch(live, before);
      else await api.objects.create(withoutNulls(before));
    }
    return `${steps.length} ${steps.length === 1 ? 'object is' : 'objects are'} as before`;
  },
});

/** How long pods of a DaemonSet may take to end, in seconds. */
const endingSeconds = 120;

/** Its pods set up the hosts: those are taken back when nobody sets them up any more. */
async function untilGone(api: ClusterApi, live: LiveObject): Promise<void> {
  const deadline = Date.now() + endingSeconds * 1000;
  while ((await api.snapshot()).objects?.get(live) !== undefined) {
    if (Date.now() > deadline) throw stays([live], endingSeconds);
    await sleep(500);
  }
}

/** Null stands for a field that was not there. */
const withoutNulls = (object: Manifest): Manifest =>
  JSON.parse(JSON.stringify(object, (_, value: unknown) => value ?? undefined));

function driftedSince(steps: readonly Step[], run: string): ProvisionError {
  const explain = ({ live, left }: Step): string =>
    live === undefined
      ? `${nameObject(left)} was removed`
      : `${nameObject(left)} was changed; it has now:\n${showObject(project(live, left)).trimEnd()}`;
  return new ProvisionError({
    code: 'DRIFTED',
    kind: 'operation',
    what: `${steps.length === 1 ? 'an object of the API is' : `${steps.length} objects of the API are`} not as run ${run} left ${steps.length === 1 ? 'it' : 'them'}`,
    why: steps.map(explain).join('\n'),
    fix: 'Take a later run that changed them back first, or see what they are for; --force overwrites or removes them.',
  });
}
