import type { V1APIResource } from '@kubernetes/client-node';

/**
 * What every API server from 1.16 to 1.34 serves under this very version (pkg/controlplane/instance.go, pkg/master/master.go),
 * and no other version of it is asked for: CoreV1Api, CoordinationV1Api, AuthorizationV1Api and RbacAuthorizationV1Api are
 * clients of these. Anything else, such as the Eviction of a pod, comes from discovery.
 */
export const fixedApiVersions = [
  'v1',
  'apps/v1',
  'coordination.k8s.io/v1',
  'authorization.k8s.io/v1',
  'rbac.authorization.k8s.io/v1',
] as const;

type FixedKind = `${(typeof fixedApiVersions)[number]} ${string}`;

/** How the commonest objects are called in a path, so that the API need not be asked: one round trip less. */
const fixedResources: Readonly<Partial<Record<FixedKind, Pick<V1APIResource, 'name' | 'namespaced'>>>> = {
  'v1 Node': { name: 'nodes', namespaced: false },
  'v1 Namespace': { name: 'namespaces', namespaced: false },
  'v1 ConfigMap': { name: 'configmaps', namespaced: true },
  'v1 Secret': { name: 'secrets', namespaced: true },
  'v1 ServiceAccount': { name: 'serviceaccounts', namespaced: true },
  'apps/v1 DaemonSet': { name: 'daemonsets', namespaced: true },
  'rbac.authorization.k8s.io/v1 Role': { name: 'roles', namespaced: true },
  'rbac.authorization.k8s.io/v1 RoleBinding': { name: 'rolebindings', namespaced: true },
  'rbac.authorization.k8s.io/v1 ClusterRole': { name: 'clusterroles', namespaced: false },
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': { name: 'clusterrolebindings', namespaced: false },
};

/** Undefined for what has to be discovered. */
export const fixedResource = (apiVersion: string, kind: string): V1APIResource | undefined => {
  const known = fixedResources[`${apiVersion} ${kind}` as FixedKind];
  return known && { ...known, kind, singularName: '', verbs: [] };
};
