import type { Host as InventoryHost } from '../../config/host.ts';
import type { Settings } from '../../config/settings.ts';
import type { Host } from '../../engine/host.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { atLeast } from '../../kubernetes/flags/versions.ts';
import { newKubelet } from './new-kubelet.ts';
import type { OwnFiles } from './own-files.ts';
import { roomNeeds } from './room-scope.ts';
import { kubeconfigsOf, pathsOf } from './software-paths.ts';
import { installedPrograms, isMissing, unitsOf, withoutUnits } from './software-units.ts';

/** What a host is, and the files of the operator that go there. */
interface Role {
  readonly isNode: boolean;
  readonly files: OwnFiles;
}

/** `software` of a host, and its settings with the units that are not there yet as unknown ones. */
export function softwareScope(
  host: Pick<Host, 'facts'>,
  { endpoint }: Pick<ClusterSnapshot, 'endpoint'>,
  { settings }: InventoryHost,
  scope: Settings,
  { isNode, files }: Role,
) {
  const { artifacts, identity, install } = settings;
  const units = unitsOf(settings);
  const programs = installedPrograms(host, settings, units);
  const node = isNode && programs.node;
  const kubeconfigs = kubeconfigsOf(settings);
  const paths = pathsOf(settings, units);
  const isBootstrapped = identity.method === 'bootstrap';
  const software = {
    node,
    kube_proxy: node && programs.kube_proxy,
    containerd: node && programs.containerd,
    units,
    ca: endpoint?.ca === undefined ? null : Buffer.from(endpoint.ca, 'base64').toString('utf8'),
    kubeconfigs,
    credential: isBootstrapped ? paths.ca : kubeconfigs.kubelet,
    cert_dir: isBootstrapped ? identity.cert_dir : install.ssl_dir,
    ...newKubelet(settings),
    is_containerd_2: atLeast(artifacts.containerd?.version ?? '', '2.0.0'),
    runc: artifacts.runc === undefined ? [] : [artifacts.runc],
    sysctl: Object.keys(install.sysctl).length === 0 ? [] : [install.sysctl],
    room: node && isMissing(host, units.kubelet) ? roomNeeds(settings) : [],
    writes: Object.fromEntries(
      Object.entries(paths).map(([name, path]) => [name, files.files.every((file) => file.path !== path)]),
    ),
    ...files,
  };
  return { software, ...withoutUnits(scope, host, software) };
}
