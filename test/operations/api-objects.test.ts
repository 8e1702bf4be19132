import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openTemplates } from '../../src/config/template.ts';
import { ProvisionErrors } from '../../src/errors.ts';
import type { ClusterApi } from '../../src/kubernetes/cluster/cluster.ts';
import { type LiveObject, type Manifest, nameObject } from '../../src/kubernetes/cluster/manifest.ts';
import { apiObjects } from '../../src/operations/cluster/api-objects.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { takeBackObjects } from '../../src/operations/take-back/take-back-objects.ts';

const templates = openTemplates(fileURLToPath(new URL('../../templates', import.meta.url)));
const content = templates.render('flannel.rbac.yaml.hbs', {});
const desired = { ...apiObjects.schema.parse({ content }), timeout_seconds: 0 } as {
  readonly content: readonly Manifest[];
  readonly timeout_seconds: number;
};
const managed = { 'app.kubernetes.io/managed-by': 'provision' };
const find = (kind: string): Manifest => {
  const found = desired.content.find((one) => one.kind === kind);
  if (!found) throw new Error(`no ${kind}`);
  return found;
};

const alive = (manifest: Manifest, more: object = {}, labels: Record<string, string> = managed): LiveObject => ({
  ...manifest,
  ...more,
  metadata: { ...manifest.metadata, labels, uid: '1', resourceVersion: '7' },
});

/** A cluster of these objects, whose token controller fills Secrets at once, if at all. */
function cluster(objects: readonly LiveObject[] = [], fills = true) {
  const live = new Map(objects.map((one) => [nameObject(one), one]));
  const written: string[] = [];
  const unused = () => Promise.reject(new Error('not in this test'));
  const seen = () => {
    const now = new Map(live);
    return {
      get: (one: Manifest) => now.get(nameObject(one)),
      token: (one: Manifest) => (fills && now.has(nameObject(one)) ? 'token-of-flannel' : undefined),
    } as NonNullable<ClusterView['snapshot']['objects']>;
  };
  const snapshot = () => ({ nodes: [], leader: undefined, objects: seen() });
  const api = {
    snapshot: async () => snapshot(),
    objects: {
      async create(manifest: Manifest) {
        written.push(`create ${nameObject(manifest)}`);
        live.set(nameObject(manifest), alive(manifest, {}, { ...manifest.metadata.labels }));
      },
      async patch(one: LiveObject, fields: Manifest) {
        written.push(`patch ${nameObject(one)}`);
        live.set(nameObject(one), alive(one, fields, { ...one.metadata.labels, ...fields.metadata.labels }));
      },
      async remove(one: LiveObject) {
        written.push(`remove ${nameObject(one)}`);
        live.delete(nameObject(one));
      },
    },
  } as unknown as ClusterApi;
  const deps: ClusterDeps = {
    run: 'run-1',
    api,
    isAlone: true,
    pushImage: () => Promise.reject(new Error('nothing is pushed')),
    atEnd() {},
    look: unused,
    lastLines: unused,
    markProven: unused,
    progress: () => {},
  };
  const view = (): ClusterView => ({
    snapshot: snapshot(),
    hosts: [],
    changing: [],
    others: [],
    changed: false,
    batchChanged: false,
    verify: false,
  });
  return { live, written, deps, view, diff: () => apiObjects.diff(view(), desired) };
}

const everything = () => desired.content.map((manifest) => alive(manifest));
const actions = (changes: readonly { subject: string; action: string }[]) =>
  changes.map(({ subject, action }) => `${subject}: ${action}`);
const names = [
  'ServiceAccount kube-system/provision-flannel',
  'ClusterRole provision-flannel',
  'ClusterRoleBinding provision-flannel',
  'Secret kube-system/provision-flannel-token',
];

describe('the credential of flannel', () => {
  it('allows what flannel needs and nothing else', () => {
    expect(find('ClusterRole')['rules']).toEqual([
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
    ]);
    expect(find('ClusterRoleBinding')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'provision-flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'provision-flannel', namespace: 'kube-system' }],
    });
  });

  it('has a token of its own account that does not expire', () => {
    const { metadata, type } = find('Secret');
    expect(type).toBe('kubernetes.io/service-account-token');
    expect(metadata.annotations).toEqual({ 'kubernetes.io/service-account.name': 'provision-flannel' });
  });

  it('is nothing that the API would have to be asked twice for', () => {
    expect([...new Set(desired.content.map(({ apiVersion }) => apiVersion))]).toEqual([
      'v1',
      'rbac.authorization.k8s.io/v1',
    ]);
  });
});

describe('api_objects', () => {
  it('makes what is not there, in the order of the manifest, with its label, and then has nothing to do', async () => {
    const { diff, deps, view, written, live } = cluster();
    expect(actions(diff())).toEqual(names.map((name) => `${name}: create`));
    expect(await apiObjects.apply(deps, view(), { ...desired, timeout_seconds: 5 })).toBe('4 objects are there');
    expect(written).toEqual(names.map((name) => `create ${name}`));
    for (const one of live.values()) expect(one.metadata.labels).toMatchObject(managed);
    expect(diff()).toEqual([]);
  });

  it('leaves alone what somebody added, but for lists', () => {
    const added = everything().map((one) => ({
      ...one,
      more: 1,
      metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, a: 'b' } },
    }));
    expect(cluster(added).diff()).toEqual([]);
    const rules = [
      ...(find('ClusterRole')['rules'] as object[]),
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    ];
    const widened = everything().map((one) => (one.kind === 'ClusterRole' ? { ...one, rules } : one));
    const [change, ...others] = cluster(widened).diff();
    expect(others).toEqual([]);
    expect(change).toMatchObject({ subject: 'ClusterRole provision-flannel', action: 'correct' });
    expect(change?.before).toContain('pods');
    expect(change?.after).not.toContain('pods');
  });

  it('takes what is right already, whoever made it', () => {
    expect(cluster(desired.content.map((one) => alive(one, {}, {}))).diff()).toEqual([]);
  });

  it('refuses to overwrite what somebody else made, before anything is changed', () => {
    const foreign = alive(find('ClusterRole'), { rules: [] }, { of: 'others' });
    const { view } = cluster([foreign]);
    expect(() => apiObjects.refuse?.(view(), desired)).toThrow(ProvisionErrors);
    try {
      apiObjects.refuse?.(view(), desired);
    } catch (error) {
      const [first] = (error as ProvisionErrors).errors;
      expect(first).toMatchObject({ code: 'OBJECT_FOREIGN' });
      expect(first?.what).toContain('ClusterRole provision-flannel');
    }
  });

  it('waits for the token, and says when none comes', async () => {
    const { diff, deps, view } = cluster(everything(), false);
    expect(actions(diff())).toEqual(['Secret kube-system/provision-flannel-token: gets its token']);
    await expect(apiObjects.apply(deps, view(), { ...desired, timeout_seconds: -1 })).rejects.toMatchObject({
      code: 'TOKEN_MISSING',
    });
  });

  it.each([
    ['no YAML', 'a: [', 'Not a manifest'],
    ['no object', '# nothing\n', 'it has no object'],
    ['no name', 'apiVersion: v1\nkind: Pod\n', 'object 1 has no metadata.name'],
    ['a Secret with contents', 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: b}\n', 'contents'],
  ])('%s is no manifest', (_what, text, why) => {
    expect(apiObjects.schema.safeParse({ content: text }).error?.issues[0]?.message).toContain(why);
  });
});

describe('taken back', () => {
  /** What a run did to a cluster, as its journal has it, and the cluster afterwards. */
  async function afterRun(objects: readonly LiveObject[] = []) {
    const all = cluster(objects);
    const changes = apiObjects.remember?.(all.view(), desired) ?? [];
    await apiObjects.apply(all.deps, all.view(), { ...desired, timeout_seconds: 5 });
    all.written.length = 0;
    // as it comes back from a journal
    const wish = takeBackObjects.schema.parse(
      JSON.parse(JSON.stringify({ run: 'r1', force: false, objects: changes })),
    );
    return { ...all, wish };
  }

  it('what a run made goes again, the last one first, and nothing is left to do', async () => {
    const { wish, deps, view, written, live } = await afterRun();
    expect(actions(takeBackObjects.diff(view(), wish))).toEqual(names.map((name) => `${name}: remove`));
    await takeBackObjects.apply(deps, view(), wish);
    expect(written).toEqual(names.toReversed().map((name) => `remove ${name}`));
    expect(live.size).toBe(0);
    expect(takeBackObjects.diff(view(), wish)).toEqual([]);
  });

  it('what a run corrected is as it was', async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    const before = everything().map((one) => (one.kind === 'ClusterRole' ? { ...one, rules } : one));
    const { wish, deps, view, written, live } = await afterRun(before);
    expect(live.get('ClusterRole provision-flannel')?.['rules']).toHaveLength(2);
    await takeBackObjects.apply(deps, view(), wish);
    expect(written).toEqual(['patch ClusterRole provision-flannel']);
    expect(live.get('ClusterRole provision-flannel')?.['rules']).toEqual(rules);
  });

  it('what somebody changed since is named and left, unless forced', async () => {
    const { wish, view, live } = await afterRun();
    live.set('ClusterRole provision-flannel', alive(find('ClusterRole'), { rules: [] }));
    expect(() => takeBackObjects.refuse?.(view(), wish)).toThrow(expect.objectContaining({ code: 'DRIFTED' }));
    expect(takeBackObjects.diff(view(), { ...wish, force: true })).toHaveLength(4);
  });

  it('what is gone by itself needs nothing', async () => {
    const { wish, view, live } = await afterRun();
    live.clear();
    expect(takeBackObjects.diff(view(), wish)).toEqual([]);
  });
});
