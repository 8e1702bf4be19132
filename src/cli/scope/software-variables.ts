import { z } from 'zod';

/** Files of ours on a new node, by the names that playbooks have for them. */
export const writtenFiles = [
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
    .record(z.enum(writtenFiles), z.boolean())
    .describe('files of ours; not where one of the operator goes to their place'),
  files: z
    .array(z.object({ path: z.string(), content: z.string(), mode: z.string(), secret: z.boolean() }))
    .describe('files of the operator'),
  hooks: z
    .object({ before: z.array(z.string()), after: z.array(z.string()) })
    .describe('scripts of the operator, none or one each'),
});

export type SoftwareScope = z.output<typeof softwareVariables>;
