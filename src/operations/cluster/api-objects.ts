import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { Change } from '../../events.ts';
import {
  fits,
  type LiveObject,
  type Manifest,
  nameObject,
  type ObjectReference,
  project,
  referTo,
  showObject,
} from '../../kubernetes/cluster/manifest.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { manifestsField } from './manifests-field.ts';

const schema = z.strictObject({
  content: manifestsField,
  timeout_seconds: z.number().int().positive().default(60).describe('how long a token may take to be there'),
});

/** The token controller fills a Secret within moments. */
const recheckMs = 300;

const label = 'app.kubernetes.io/managed-by';

const isOurs = (live: LiveObject): boolean => live.metadata.labels?.[label] === 'provision';

const asOurs = (manifest: Manifest): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, [label]: 'provision' } },
});

/** The manifest and what there is in its place, where that is not it already. */
interface Difference {
  readonly wanted: Manifest;
  readonly live: LiveObject | undefined;
}

/** Throws OBJECT_FOREIGN. */
function differencesOf(view: ClusterView, manifests: readonly Manifest[]): readonly Difference[] {
  const foreign: ProvisionError[] = [];
  const differences = manifests.flatMap((manifest): Difference[] => {
    const live = view.snapshot.objects?.get(manifest);
    const wanted = asOurs(manifest);
    if (live === undefined) return [{ wanted, live }];
    if (fits(live, isOurs(live) ? wanted : manifest)) return [];
    if (!isOurs(live)) foreign.push(notOurs(live, manifest));
    return [{ wanted, live }];
  });
  if (foreign.length > 0) throw new ProvisionErrors(foreign);
  return differences;
}

const isToken = (manifest: Manifest): boolean => manifest['type'] === 'kubernetes.io/service-account-token';

/** Secrets that the token controller has still to fill. */
const emptyTokens = (view: ClusterView, manifests: readonly Manifest[]): readonly ObjectReference[] =>
  manifests.filter((manifest) => isToken(manifest) && view.snapshot.objects?.token(manifest) === undefined);

function describe({ wanted, live }: Difference): Change {
  const subject = nameObject(wanted);
  if (live === undefined) return { subject, action: 'create', before: '', after: showObject(wanted) };
  return { subject, action: 'correct', before: showObject(project(live, wanted)), after: showObject(wanted) };
}

/** Objects of the API as a manifest says, made and kept by this tool alone. */
export const apiObjects = defineClusterOperation({
  scope: 'cluster',
  name: 'api_objects',
  summary: 'objects of the API are there with the fields of a manifest',
  schema,
  countsAsChange: true,
  references: ({ content }) => content.map(referTo),
  refuse(view, { content }) {
    differencesOf(view, content);
  },
  remember: (view, { content }) =>
    differencesOf(view, content).map(({ wanted, live }) => ({
      before: live === undefined ? null : (project(live, wanted) as Manifest),
      left: wanted,
    })),
  diff(view, { content }) {
    const changes = differencesOf(view, content).map(describe);
    const named = new Set(changes.map(({ subject }) => subject));
    const waits = emptyTokens(view, content)
      .map(nameObject)
      .filter((subject) => !named.has(subject))
      .map((subject) => ({ subject, action: 'gets its token' }));
    return [...changes, ...waits];
  },
  async apply({ api, progress }, first, { content, timeout_seconds }) {
    const deadline = Date.now() + timeout_seconds * 1000;
    for (let view = first; ; view = { ...view, snapshot: await api.snapshot() }) {
      const differences = differencesOf(view, content);
      const empty = emptyTokens(view, content);
      if (differences.length + empty.length === 0) break;
      if (Date.now() > deadline) throw empty.length > 0 ? tokenMissing(empty, timeout_seconds) : notKept(differences);
      // in the order of the manifest: a Secret for the token of an account that is not there is deleted
      for (const { wanted, live } of differences)
        await (live === undefined ? api.objects.create(wanted) : api.objects.patch(live, wanted));
      if (empty.length > 0) progress(`the token in ${empty.map(nameObject).join(', ')}`);
      await sleep(recheckMs);
    }
    return `${content.length} ${content.length === 1 ? 'object is' : 'objects are'} there`;
  },
});

const notOurs = (live: LiveObject, manifest: Manifest): ProvisionError =>
  new ProvisionError({
    code: 'OBJECT_FOREIGN',
    kind: 'cluster',
    what: `there is a ${nameObject(manifest)} of somebody else, and it is not as it has to be`,
    why: `it has no label ${label}=provision, and these fields differ:\n${showObject(project(live, manifest)).trimEnd()}`,
    fix: 'See what uses it. Delete or rename it, and it is made anew; or give it that label, and it is corrected.',
  });

const notKept = (differences: readonly Difference[]): ProvisionError =>
  new ProvisionError({
    code: 'OBJECT_REFUSED',
    kind: 'cluster',
    what: `the API takes ${differences.map(({ wanted }) => nameObject(wanted)).join(', ')} and keeps something else`,
    why: differences.map(({ wanted, live }) => showObject(project(live, wanted))).join('\n'),
    fix: 'See what else writes it: another tool, or a webhook of the API server.',
  });

const tokenMissing = (secrets: readonly ObjectReference[], seconds: number): ProvisionError =>
  new ProvisionError({
    code: 'TOKEN_MISSING',
    kind: 'cluster',
    what: `no token after ${seconds} s in ${secrets.map(nameObject).join(', ')}`,
    why: 'the controller-manager fills such Secrets: its controller serviceaccount-token, with the key of --service-account-private-key-file',
    fix: 'See that a controller-manager leads, has that flag, and does not leave the controller out with --controllers; then run again.',
  });
