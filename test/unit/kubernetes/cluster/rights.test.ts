import { describe, expect, it } from 'vitest';
import { bindingsThatGive } from '../../../../src/kubernetes/cluster/rights.ts';

const user = 'system:serviceaccount:kube-system:provision-flannel';
const role = (name: string, resources: string[], verbs: string[]) => ({
  metadata: { name },
  rules: [{ apiGroups: [''], resources, verbs }],
});
const roles = [
  { metadata: { name: 'admin' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
  role('secret-reader', ['secrets'], ['get', 'list']),
  role('node-reader', ['nodes'], ['get', 'list']),
  {
    metadata: { name: 'one-secret' },
    rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] }],
  },
];
const bind = (to: string, kind: string, name: string, namespace?: string) => ({
  metadata: { name: 'b' },
  roleRef: { apiGroup: '', kind: 'ClusterRole', name: to },
  subjects: [{ kind, name, ...(namespace && { namespace }) }],
});
const secrets = [{ verb: 'list', resource: 'secrets' }];

describe('who gave a right', () => {
  it.each([
    ['the account itself', bind('secret-reader', 'ServiceAccount', 'provision-flannel', 'kube-system')],
    ['all accounts', bind('admin', 'Group', 'system:serviceaccounts')],
    ['all accounts of its namespace', bind('admin', 'Group', 'system:serviceaccounts:kube-system')],
    ['everybody', bind('admin', 'Group', 'system:authenticated')],
    ['its user name', bind('admin', 'User', user)],
  ])('%s', (_what, binding) => {
    const [found, ...others] = bindingsThatGive(secrets, user, [binding], roles);
    expect(found).toContain(`ClusterRoleBinding b gives ${binding.subjects[0]?.kind}`);
    expect(others).toEqual([]);
  });

  it.each([
    ['another right', bind('node-reader', 'Group', 'system:authenticated')],
    ['one Secret by its name', bind('one-secret', 'Group', 'system:authenticated')],
    ['another namespace', bind('admin', 'Group', 'system:serviceaccounts:default')],
    ['an account of the same name elsewhere', bind('admin', 'ServiceAccount', 'provision-flannel', 'default')],
    ['a role that is not there', bind('gone', 'Group', 'system:authenticated')],
  ])('not %s', (_what, binding) => {
    expect(bindingsThatGive(secrets, user, [binding], roles)).toEqual([]);
  });

  it('a subresource is not its resource', () => {
    const patch = [{ verb: 'get', resource: 'nodes/status' }];
    expect(bindingsThatGive(patch, user, [bind('node-reader', 'Group', 'system:authenticated')], roles)).toEqual([]);
    expect(bindingsThatGive(patch, user, [bind('admin', 'Group', 'system:authenticated')], roles)).toHaveLength(1);
  });
});
