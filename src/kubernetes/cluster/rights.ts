import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig, V1ClusterRole, V1ClusterRoleBinding, V1PolicyRule } from '@kubernetes/client-node';
import type * as Client from './client.ts';

/** Something to do with objects of the core group, in all namespaces. */
export interface Right {
  readonly verb: string;
  /** With its subresource: nodes/status. */
  readonly resource: string;
}

/** What the owner of a token has to be allowed, and what not. */
export interface RightsQuestion {
  readonly token: string;
  readonly allowed: readonly Right[];
  readonly denied: readonly Right[];
}

/** What is wrong with the rights of a token. */
export interface RightsAnswer {
  /** The user it stands for, as the token itself says. */
  readonly user: string;
  /** The API does not know the token. */
  readonly isRejected: boolean;
  readonly missing: readonly Right[];
  readonly excess: readonly Right[];
  /** What gives it the excess, as far as roles for the whole cluster do. */
  readonly bindings: readonly string[];
}

export const sayRight = ({ verb, resource }: Right): string => `${verb} ${resource}`;

/** An API server learns of new accounts and roles a moment after they were written. */
const patienceMs = 10_000;
const recheckMs = 500;

/** Asks the API with the token itself. */
export async function reviewRights(
  k8s: typeof Client,
  config: KubeConfig,
  { token, allowed, denied }: RightsQuestion,
): Promise<RightsAnswer> {
  const reviewed = new k8s.KubeConfig();
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new TypeError('a kubeconfig without a cluster was refused before');
  reviewed.loadFromClusterAndUser(cluster, { name: 'reviewed', token });
  const reviews = reviewed.makeApiClient(k8s.AuthorizationV1Api);
  const user = userOf(token);

  async function isAllowed({ verb, resource: path }: Right): Promise<boolean> {
    const [resource = '', subresource] = path.split('/');
    const spec = { resourceAttributes: { verb, group: '', resource, ...(subresource && { subresource }) } };
    return (await reviews.createSelfSubjectAccessReview({ body: { spec } })).status?.allowed === true;
  }
  const ask = (rights: readonly Right[]) => Promise.all(rights.map(isAllowed));

  for (const deadline = Date.now() + patienceMs; ; await sleep(recheckMs)) {
    const isLast = Date.now() > deadline;
    try {
      const [has, mayMore] = await Promise.all([ask(allowed), ask(denied)]);
      const missing = allowed.filter((_, index) => !has[index]);
      const excess = denied.filter((_, index) => mayMore[index]);
      if (missing.length > 0 && excess.length === 0 && !isLast) continue;
      const bindings = excess.length > 0 ? await findBindings(k8s, config, user, excess) : [];
      return { user, isRejected: false, missing, excess, bindings };
    } catch (error) {
      if ((error as { code?: number }).code !== 401) throw error;
      if (isLast) return { user, isRejected: true, missing: allowed, excess: [], bindings: [] };
    }
  }
}

function userOf(token: string): string {
  try {
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub?: string };
    return sub ?? '';
  } catch {
    return '';
  }
}

async function findBindings(
  k8s: typeof Client,
  config: KubeConfig,
  user: string,
  excess: readonly Right[],
): Promise<readonly string[]> {
  const rbac = config.makeApiClient(k8s.RbacAuthorizationV1Api);
  const [bindings, roles] = await Promise.all([rbac.listClusterRoleBinding(), rbac.listClusterRole()]);
  return bindingsThatGive(excess, user, bindings.items, roles.items);
}

/** The bindings for the whole cluster by which a user has one of these rights, with the subject they name. */
export function bindingsThatGive(
  rights: readonly Right[],
  user: string,
  bindings: readonly V1ClusterRoleBinding[],
  roles: readonly V1ClusterRole[],
): readonly string[] {
  const subjectsOfUser = subjectsOf(user);
  return bindings.flatMap(({ metadata, roleRef, subjects = [] }) => {
    const rules = roles.find((role) => role.metadata?.name === roleRef.name)?.rules ?? [];
    if (!rights.some((right) => rules.some((rule) => covers(rule, right)))) return [];
    return subjects
      .map(({ kind, name, namespace }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`)
      .filter((subject) => subjectsOfUser.includes(subject))
      .map((subject) => `ClusterRoleBinding ${metadata?.name} gives ${subject} the role ${roleRef.name}`);
  });
}

/** The subjects of bindings that mean an account, by its user name system:serviceaccount:NAMESPACE:NAME. */
function subjectsOf(user: string): readonly string[] {
  const [, , namespace, name] = user.split(':');
  return [
    `User ${user}`,
    `ServiceAccount ${namespace}/${name}`,
    `Group system:serviceaccounts:${namespace}`,
    'Group system:serviceaccounts',
    'Group system:authenticated',
  ];
}

function covers({ verbs, apiGroups = [], resources = [], resourceNames = [] }: V1PolicyRule, right: Right): boolean {
  const has = (names: readonly string[], name: string): boolean => names.includes('*') || names.includes(name);
  const [resource = ''] = right.resource.split('/');
  const hasResource = has(resources, right.resource) || (resource !== right.resource && resources.includes('*'));
  return resourceNames.length === 0 && has(verbs, right.verb) && has(apiGroups, '') && hasResource;
}
