import type { ObjectReference } from '../cluster/manifest.ts';
import { atLeast } from '../flags/versions.ts';
import { atRegistry } from '../images/image-name.ts';

/** Where manifests of flannel are, and ours with them: kube-flannel from 0.19 on (Documentation/kube-flannel.yml of each release). */
export const flannelNamespace = (version: string): string =>
  atLeast(version, '0.19.0') ? 'kube-flannel' : 'kube-system';

/** The first release with one image for every architecture, and so with one DaemonSet. */
export const firstMultiArch = '0.13.0';

/** Where the project has put the image of a release, the latest place first. */
const repositories = [
  ['0.26.4', 'ghcr.io/flannel-io/flannel'],
  ['0.21.0', 'docker.io/flannel/flannel'],
  ['0.16.1', 'docker.io/rancher/mirrored-flannelcni-flannel'],
  [firstMultiArch, 'quay.io/coreos/flannel'],
] as const;

/** Its image, at that registry if one is named; undefined before there was one for every architecture. */
export function flannelImage(version: string, registry?: string): string | undefined {
  const repository = repositories.find(([since]) => atLeast(version, since))?.[1];
  return repository && atRegistry(`${repository}:v${version.replace(/^v/, '')}`, registry);
}

/** The name of our DaemonSet. */
export const ownDaemonSet = 'provision-flannel';

const architectures = ['amd64', 'arm64', 'arm', 'ppc64le', 's390x'];

/** The DaemonSets that manifests of flannel of any release make, and ours, in both namespaces. */
export const knownDaemonSets: readonly ObjectReference[] = [
  ...['kube-flannel', 'kube-system'].flatMap((namespace) =>
    ['kube-flannel-ds', ownDaemonSet].map((name) => ({ namespace, name })),
  ),
  ...architectures.map((one) => ({ namespace: 'kube-system', name: `kube-flannel-ds-${one}` })),
].map((metadata) => ({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata }));
