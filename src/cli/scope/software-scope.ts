import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Unknown } from '../../config/expression.ts';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import type { Settings } from '../../config/settings.ts';
import type { Host } from '../../engine/host.ts';
import { afterInstallation } from '../../engine/stage.ts';
import type { ClusterSnapshot } from '../../kubernetes/cluster/cluster.ts';
import { atLeast } from '../../kubernetes/flags/versions.ts';
import { roomNeeds } from './room-scope.ts';

const ownFiles = [
  'ca',
  'containerd_config',
  'containerd_unit',
  'kube_proxy_config',
  'kube_proxy_kubeconfig',
  'kube_proxy_unit',
  'kubelet_config',
  'kubelet_kubeconfig',
  'kubelet_unit',
] as const;

/** What a host gets that has no kubelet, or one that provision installed; `software` in the scope of a task. */
export const softwareVariables = z.object({
  node: z.boolean().describe('whether provision installs its kubelet'),
  kube_proxy: z.boolean().describe('and its kube-proxy'),
  containerd: z.boolean().describe('and its containerd, from an archive'),
  units: z
    .object({ kubelet: z.string(), kube_proxy: z.string(), runtime: z.string() })
    .describe('names of units, also before they are there'),
  ca: z.string().describe('certificates of those who vouch for the API, as PEM'),
  kubeconfigs: z.object({ kubelet: z.string(), kube_proxy: z.string() }).describe('where their kubeconfigs are'),
  credential: z
    .string()
    .describe(
      'the file of its identity that its kubelet only reads: the kubeconfig, or with TLS bootstrap, which writes that, the CA',
    ),
  cert_dir: z.string().describe('where its kubelet keeps certificates that it makes itself'),
  kubelet_flags: z.array(z.string()).describe('flags of its kubelet that depend on the version'),
  has_endpoint_field: z.boolean().describe('whether the configuration of its kubelet says where the runtime is'),
  has_systemd_cgroups: z.boolean().describe('whether pods are put into cgroups by systemd'),
  is_containerd_2: z.boolean().describe('whether its containerd is of the second generation'),
  keeps_swap: z.boolean().describe('whether its kubelet starts beside swap'),
  runc: z
    .array(z.object({ path: z.string(), sha256: z.string(), version: z.string() }))
    .describe('the artifact, none or one'),
  sysctl: z.array(z.record(z.string(), z.string())).describe('further kernel parameters, none or one map'),
  room: z
    .array(z.object({ path: z.string(), bytes: z.number() }))
    .describe('what is stored on the host where it is not installed yet'),
  writes: z
    .record(z.enum(ownFiles), z.boolean())
    .describe('files of ours; not where one of the operator goes to their place'),
  files: z
    .array(z.object({ path: z.string(), content: z.string(), mode: z.string(), secret: z.boolean() }))
    .describe('files of the operator'),
  hooks: z
    .object({ before: z.array(z.string()), after: z.array(z.string()) })
    .describe('scripts of the operator, none or one each'),
});

/** Read once from the files that the inventory names. */
export type OwnFiles = Pick<z.output<typeof softwareVariables>, 'files' | 'hooks'>;

/** By host. Whatever only its owner may read is a secret. */
export const readOwnFiles = (inventory: Inventory, hide: (secret: string) => void): ReadonlyMap<string, OwnFiles> =>
  new Map(inventory.hosts.map(({ name, settings: { install } }) => [name, readFilesOf(install, hide)]));

function readFilesOf({ files, hooks }: Settings['install'], hide: (secret: string) => void): OwnFiles {
  const read = (path: string | undefined): string[] => (path === undefined ? [] : [readFileSync(path, 'utf8')]);
  return {
    files: files.map(({ source, path, mode }) => {
      const [content = ''] = read(source);
      const secret = /00$/.test(mode);
      if (secret) hide(content);
      return { path, content, mode, secret };
    }),
    hooks: { before: read(hooks.before), after: read(hooks.after) },
  };
}

const later = new Unknown(afterInstallation);

type Units = z.output<typeof softwareVariables>['units'];

/** Which programs of a host provision installs: those it did install, and those of which an artifact is there and no unit. */
function installedPrograms({ facts }: Pick<Host, 'facts'>, { artifacts }: Settings, units: Units) {
  const isWanted = (program: string, unit: keyof Units, artifact: unknown): boolean =>
    artifact !== undefined && (facts.software.has(program) || facts.units.get(units[unit])?.isMissing === true);
  const node = isWanted('kubelet', 'kubelet', artifacts.kubelet);
  return {
    node,
    kube_proxy: node && isWanted('kube-proxy', 'kube_proxy', artifacts.kube_proxy),
    containerd: node && isWanted('containerd', 'runtime', artifacts.containerd),
  };
}

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
  const { artifacts, identity, install, kubelet, kube_proxy, runtime } = settings;
  const units: Units = {
    kubelet: kubelet.unit,
    kube_proxy: kube_proxy.unit,
    runtime: runtime.unit ?? '',
  };
  const programs = installedPrograms(host, settings, units);
  const node = isNode && programs.node;
  const version = artifacts.kubelet?.version ?? '';
  const kubeconfigs = {
    kubelet: identity.method === undefined ? `${install.conf_dir}/kubelet.kubeconfig` : identity.kubeconfig,
    kube_proxy:
      identity.method !== undefined && identity.kube_proxy.manage
        ? identity.kube_proxy.kubeconfig
        : `${install.conf_dir}/kube-proxy.kubeconfig`,
  };
  const paths: Readonly<Record<(typeof ownFiles)[number], string>> = {
    ca: `${install.ssl_dir}/ca.pem`,
    containerd_config: runtime.config,
    containerd_unit: unitPath(units.runtime),
    kube_proxy_config: `${install.conf_dir}/kube-proxy.yaml`,
    kube_proxy_kubeconfig: kubeconfigs.kube_proxy,
    kube_proxy_unit: unitPath(units.kube_proxy),
    kubelet_config: `${install.conf_dir}/kubelet.yaml`,
    kubelet_kubeconfig: kubeconfigs.kubelet,
    kubelet_unit: unitPath(units.kubelet),
  };
  const software = {
    node,
    kube_proxy: node && programs.kube_proxy,
    containerd: node && programs.containerd,
    units,
    ca: endpoint?.ca === undefined ? null : Buffer.from(endpoint.ca, 'base64').toString('utf8'),
    kubeconfigs,
    credential: identity.method === 'bootstrap' ? paths.ca : kubeconfigs.kubelet,
    cert_dir: identity.method === 'bootstrap' ? identity.cert_dir : install.ssl_dir,
    kubelet_flags: kubeletFlags(version, settings),
    has_endpoint_field: atLeast(version, '1.27.0'),
    has_systemd_cgroups: kubelet.config['cgroupDriver'] !== 'cgroupfs',
    is_containerd_2: atLeast(artifacts.containerd?.version ?? '', '2.0.0'),
    keeps_swap: kubelet.config['failSwapOn'] === false,
    runc: artifacts.runc === undefined ? [] : [artifacts.runc],
    sysctl: Object.keys(install.sysctl).length === 0 ? [] : [install.sysctl],
    room: node && host.facts.units.get(units.kubelet)?.isMissing === true ? roomNeeds(settings) : [],
    writes: Object.fromEntries(
      Object.entries(paths).map(([name, path]) => [name, files.files.every((file) => file.path !== path)]),
    ),
    ...files,
  };
  const isToCome = (name: keyof Units, isOurs: boolean): boolean =>
    isOurs && host.facts.units.get(units[name])?.isMissing === true;
  const toCome = {
    kubelet: isToCome('kubelet', node),
    kube_proxy: isToCome('kube_proxy', software.kube_proxy),
    runtime: isToCome('runtime', node),
  };
  return { software, ...withoutUnits(scope, toCome) };
}

/** Sections of the scope whose unit is not there yet: what goes by it is known later. */
const withoutUnits = (scope: Settings, toCome: Readonly<Record<keyof Units, boolean>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(toCome)
      .filter(([, isToCome]) => isToCome)
      .map(([name]) => [name, { ...scope[name as keyof Units], unit: later }]),
  );

const unitPath = (unit: string): string => `/etc/systemd/system/${unit}`;

/** Where the runtime is was a flag until 1.27 brought the field; that there is one, until 1.24. */
function kubeletFlags(version: string, { identity, runtime, install }: Settings): readonly string[] {
  const bootstrap = identity.method === 'bootstrap' ? [`--bootstrap-kubeconfig=${identity.bootstrap_kubeconfig}`] : [];
  if (atLeast(version, '1.27.0') || runtime.type === 'docker') return bootstrap;
  return [
    ...bootstrap,
    ...(atLeast(version, '1.24.0') ? [] : ['--container-runtime=remote']),
    '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
    ...(install.sandbox_image === undefined ? [] : [`--pod-infra-container-image=${install.sandbox_image}`]),
  ];
}
