import { z } from 'zod';
import { networkAgents } from '../kubernetes/network/agents.ts';
import { artifactSchema, packageSchema, programSchema } from './artifact-schema.ts';
import { batchSize, oneOrMore } from './batch-size.ts';
import { cidrSchema } from './cidr.ts';
import { etcdSchema } from './etcd-schema.ts';
import { imagesSchema } from './images-schema.ts';
import { installSchema } from './install-schema.ts';
import { kubeletConfigSchema } from './kubelet-config-schema.ts';

const path = () => z.string().min(1);
const unit = () =>
  z
    .string()
    .regex(/^[\w@.:-]+\.service$/, 'Not the name of a systemd service')
    .meta({ examples: ['kubelet.service'] });
const hostPattern = () => z.string().min(1);
const hostFolder = () => z.string().regex(/^\/./, 'Not an absolute path on the host');

const flags = () =>
  z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9][\w-]*$/, 'Not the name of a flag: write it without the leading "--"')
        .meta({ examples: ['max-pods'] }),
      z
        .union([z.string(), z.number(), z.boolean()], {
          error: 'Not the value of a flag as on a command line ("a=1,b=2")',
        })
        .transform(String),
    )
    .default({});

const dropUnknownFlags = () =>
  z
    .boolean()
    .default(false)
    .describe('whether flags of its unit that it does not know are left out, instead of refused');

const imageName = () =>
  z
    .string()
    .regex(/^[a-z0-9][\w.:/-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$/, 'Not an image with its tag')
    .meta({ examples: ['busybox:1.36'] });

const flannelVersion = () =>
  z
    .string()
    .regex(/^v?\d+\.\d+\.\d+$/, 'Not a version of flannel')
    .meta({ examples: ['0.28.7'] });

const clusterSchema = z.strictObject({
  kubeconfig: path().describe('kubeconfig of an administrator; relative to the inventory'),
  pod_cidr: cidrSchema.describe('the range all pods take their addresses from'),
  service_cidr: cidrSchema
    .meta({ examples: ['10.6.0.0/16'] })
    .describe('the range of service addresses, as the API server has it'),
  node_cidr_mask_size: z
    .int()
    .min(8)
    .max(30)
    .default(24)
    .describe("the mask length of one Node's part of the pod range"),
});

const carrierSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9./:_-]*[a-z0-9]$/, 'Not the name of an image without its tag')
    .default('localhost/provision/cni-plugins')
    .describe('its name, without the tag, which follows its content'),
  push: z
    .boolean()
    .default(false)
    .describe(
      "whether it is pushed to `images.registry`, where nodes pull it; else it is loaded into each node's runtime",
    ),
});

const pluginsSchema = z.strictObject({
  bin_dir: hostFolder().default('/opt/cni/bin').describe('where the plugins are on every host'),
  conf_dir: hostFolder().default('/etc/cni/net.d').describe('where the network configuration is on every host'),
  replace: z.string().min(1).optional().describe('the name of a network in use that may be replaced'),
  delivery: z
    .enum(['host', 'init-container'])
    .default('host')
    .describe(
      'how the plugins come there: sent to each host, or unpacked by the pods of flannel out of an image that provision builds',
    ),
  carrier: carrierSchema.prefault({}).describe('that image'),
});

/** `none` stands in the place of all of it; where the plugins would be is known all the same. */
const cniSchema = z
  .union([pluginsSchema, z.literal('none', { error: 'Not settings of cni' })])
  .transform((cni) => (cni === 'none' ? { ...pluginsSchema.parse({}), isNone: true } : { ...cni, isNone: false }));

const vxlanSchema = z.strictObject({
  port: z.int().min(1).max(65535).default(8472).describe('the UDP port that carries the packets'),
  vni: z.int().min(1).max(16777215).default(1).describe('the number of the VXLAN network'),
  direct_routing: z.boolean().default(false).describe('whether nodes on one link reach each other without VXLAN'),
});

const flannelSchema = z.strictObject({
  api_server: z
    .url({ protocol: /^https?$/ })
    .meta({ examples: ['https://10.0.0.1:6443'] })
    .optional()
    .describe('address of the API as nodes reach it; that of `cluster.kubeconfig` if left out'),
  health_port: z
    .int()
    .min(1)
    .max(65535)
    .default(10261)
    .describe('the TCP port of 127.0.0.1 where flanneld says that it is well'),
  version: flannelVersion().optional().describe('the release of flannel, for the agent `flannel-daemonset`'),
  image: imageName()
    .optional()
    .describe('its image; the one that the project has published for that release if left out'),
  clean_cni_conf: z
    .boolean()
    .default(false)
    .describe('whether each pod of flannel, when it starts, puts network configurations of others aside'),
});

const networkSchema = z.strictObject({
  agent: z
    .enum(networkAgents)
    .default('static-routes')
    .describe(
      'what carries packets from host to host: routes kept by provision, flanneld as a service of the host, in pods, or with etcd',
    ),
  backend: z
    .enum(['host-gw', 'vxlan'])
    .default('host-gw')
    .describe('how it carries them: by routes, where all nodes are on one link, or within UDP packets'),
  vxlan: vxlanSchema.prefault({}).describe('settings of the backend `vxlan`'),
  flannel: flannelSchema.prefault({}).describe('settings of the agents of flannel'),
  etcd: etcdSchema.optional().describe('where flannel has its ranges, for the agent `flannel-etcd`'),
  interface: z
    .string()
    .regex(/^[\w.:@-]{1,15}$/, 'Not the name or IPv4 address of an interface')
    .meta({ examples: ['eth0'] })
    .optional()
    .describe("name or address of the interface towards the other nodes; the one with the Node's address if left out"),
  masquerade: z.boolean().default(true).describe('whether pods leave the pod range under the address of their host'),
  mtu: z.int().min(576).max(65535).optional().describe("the MTU of pods; the interface's if left out"),
});

const kubeletSchema = z.strictObject({
  unit: unit().default('kubelet.service').describe("the kubelet's systemd unit"),
  flags: flags().describe('flags to set on its command line, without the leading `--`'),
  config: kubeletConfigSchema().describe('fields of its configuration to set, nested as in KubeletConfiguration'),
  drop_unknown_flags: dropUnknownFlags(),
  health_url: z
    .url()
    .default('http://127.0.0.1:10248/healthz')
    .describe('where it says on its host that it is well; see its `--healthz-port`'),
});

const controllerManagerSchema = z.strictObject({
  unit: unit().default('kube-controller-manager.service').describe("the controller-manager's systemd unit"),
  flags: flags().describe('flags to set on its command line, without the leading `--`'),
  drop_unknown_flags: dropUnknownFlags(),
  health_url: z
    .url()
    .default('https://127.0.0.1:10257/healthz')
    .describe('where it says on its host that it is well; see its `--secure-port` and `--bind-address`'),
});

const kubeProxySchema = z
  .strictObject({
    unit: unit().default('kube-proxy.service').describe("kube-proxy's systemd unit; a host without it is left alone"),
    manage: z
      .boolean()
      .default(false)
      .describe('whether it is given the pod range, and restarted; else it is only checked'),
    flags: flags().describe('flags to set on its command line, without the leading `--`'),
    config: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('fields to set in the file of its `--config`, nested as in KubeProxyConfiguration'),
    drop_unknown_flags: dropUnknownFlags(),
    health_url: z
      .url()
      .default('http://127.0.0.1:10256/healthz')
      .describe('where it says on its host that it is well; see its `--healthz-bind-address`'),
  })
  .refine(
    ({ manage, flags, config, drop_unknown_flags: drops }) =>
      manage || (!drops && Object.keys({ ...flags, ...config }).length === 0),
    {
      error: 'flags and config of kube-proxy are set, and flags dropped, only with manage: true',
      params: { fix: 'Write manage: true beside them, or take them out.' },
    },
  );

const runtimeSchema = z.strictObject({
  type: z
    .enum(['containerd', 'docker'])
    .default('containerd')
    .describe('the container runtime; `docker` is Docker through dockershim, before Kubernetes 1.24'),
  unit: unit().optional().describe('its systemd unit; `containerd.service` or `docker.service` if left out'),
  config: hostFolder().default('/etc/containerd/config.toml').describe("containerd's configuration file"),
});

const artifactsSchema = z.strictObject({
  cni_plugins: artifactSchema
    .optional()
    .describe('the archive (.tgz or .tar) of the CNI plugins; needed but with `cni: none`'),
  flannel_cni_plugin: artifactSchema
    .optional()
    .describe('the CNI plugin `flannel`, a program; archives of CNI plugins have had none since 1.0'),
  carrier_base: artifactSchema
    .optional()
    .describe(
      'a small image (docker-archive or OCI) or root file system with busybox, for `cni.delivery: init-container`',
    ),
  flanneld: artifactSchema
    .extend({
      version: flannelVersion().describe('its version, as `flanneld -version` prints it'),
    })
    .optional()
    .describe('the program flanneld, for the agents `flannel` and `flannel-etcd`'),
  kubelet: programSchema('kubelet --version').optional().describe('the kubelet of a host that has none'),
  kube_proxy: programSchema('kube-proxy --version').optional().describe('and its kube-proxy'),
  kube_controller_manager: programSchema('kube-controller-manager --version')
    .optional()
    .describe('the controller-manager of a control-plane host that is rebuilt'),
  containerd: programSchema('containerd --version')
    .optional()
    .describe(
      'the archive (.tgz or .tar) of containerd for a host that has none, its programs at the top or under bin/',
    ),
  runc: programSchema('runc --version').optional().describe('and its runc, a program'),
  packages: z
    .array(packageSchema)
    .default([])
    .describe('packages of Debian that a new node gets, each with `path` and `sha256`: containerd, for instance'),
  images: z
    .array(
      artifactSchema.extend({
        names: z.array(imageName()).min(1).describe('the images in it that nodes are to have, as pods call them'),
      }),
    )
    .default([])
    .describe(
      "archives of images (docker-archive or OCI) that are loaded into each node's runtime where they are missing",
    ),
});

const identitySchema = z
  .strictObject({
    method: z
      .enum(['ca', 'bootstrap'])
      .optional()
      .describe(
        "how a kubelet gets its client certificate: signed with the CA's key, or by TLS bootstrap; it is left alone if left out",
      ),
    ca: z
      .strictObject({
        certificate: path().describe('a local file; relative to the inventory'),
        key: path().describe('a local file; relative to the inventory'),
      })
      .optional()
      .describe('the CA that client certificates are of, on the machine provision runs on'),
    ca_on_host: z
      .strictObject({
        host: hostPattern().describe('the host, by its name in the inventory'),
        certificate: hostFolder().describe('a file there'),
        key: hostFolder().describe('a file there, which never leaves it'),
      })
      .optional()
      .describe('the same, on a control-plane host'),
    valid_days: z.int().min(1).max(3650).default(365).describe('how long a certificate that `up` makes is good'),
    renew_days: z.int().min(0).default(30).describe('how long before its end a certificate is replaced'),
    api_server: z
      .url({ protocol: /^https$/ })
      .meta({ examples: ['https://10.0.0.1:6443'] })
      .optional()
      .describe('address of the API as nodes reach it; that of `cluster.kubeconfig` if left out'),
    kubeconfig: hostFolder()
      .default('/etc/kubernetes/kubelet.kubeconfig')
      .describe("the kubelet's kubeconfig, its `--kubeconfig`"),
    certificate: hostFolder()
      .default('/etc/kubernetes/pki/kubelet-client.pem')
      .describe("the file of the kubelet's key and certificate, for the method `ca`"),
    bootstrap_kubeconfig: hostFolder()
      .default('/etc/kubernetes/bootstrap.kubeconfig')
      .describe("the kubelet's `--bootstrap-kubeconfig`, for the method `bootstrap`; it is removed again"),
    cert_dir: hostFolder()
      .default('/var/lib/kubelet/pki')
      .describe("the folder of the kubelet's certificates, its `--cert-dir`, for the method `bootstrap`"),
    kube_proxy: z
      .strictObject({
        manage: z.boolean().default(false).describe('whether it gets one as well'),
        kubeconfig: hostFolder().default('/etc/kubernetes/kube-proxy.kubeconfig').describe("kube-proxy's kubeconfig"),
        certificate: hostFolder()
          .default('/etc/kubernetes/pki/kube-proxy-client.pem')
          .describe("the file of kube-proxy's key and certificate, for the method `ca`"),
      })
      .prefault({})
      .describe('the same for kube-proxy'),
  })
  .refine(({ method, ca, ca_on_host }) => method !== 'ca' || (ca === undefined) !== (ca_on_host === undefined), {
    error: 'the method `ca` needs the CA: either ca, or ca_on_host',
    params: { fix: 'Write ca where its key is on this machine, ca_on_host where it is on a control-plane host.' },
  });

const verifySchema = z.strictObject({
  image: z
    .string()
    .min(1)
    .optional()
    .describe('an image every node has already, for the pods that prove the datapath; no proof if left out'),
});

const timeoutsSchema = z.strictObject({
  ready_seconds: z.int().min(1).default(300).describe('how long a Node may take to turn Ready'),
});

export const rollSchema = z.strictObject({
  batches: oneOrMore(batchSize)
    .default([1, '25%'])
    .describe('how many nodes at a time: numbers, or parts of those to be changed, rounded up; the last one repeats'),
  canary: oneOrMore(hostPattern())
    .optional()
    .describe('a group, a host, or a list of them: the first batch, instead of the first of `batches`'),
  order: oneOrMore(hostPattern())
    .default([])
    .describe('groups or hosts in the order to take them, before all others; within one by the label of the zone'),
  max_unavailable: batchSize
    .optional()
    .describe('of all Nodes of the cluster, how many may be down; as many as the largest batch if left out'),
  drain: z.boolean().default(false).describe('whether a node is drained before it is changed'),
  drain_seconds: z.int().min(1).default(300).describe('how long draining one batch may take'),
  delete_bare_pods: z.boolean().default(false).describe('whether draining may end pods that nobody makes again'),
  delete_empty_dir: z
    .boolean()
    .default(false)
    .describe('whether draining may end pods with an emptyDir, whose files go'),
  patch_nodes: z
    .boolean()
    .default(false)
    .describe('whether labels and taints that flags give a new Node are given to registered ones through the API'),
  soak_seconds: z.int().min(0).default(10).describe('how long a batch has to stay well before the next one begins'),
});

/** What an inventory can say about the cluster and its hosts, by section. */
export const settingsSchema = z.strictObject({
  cluster: clusterSchema.describe('the cluster itself'),
  cni: cniSchema.prefault({}).describe('plugins and their configuration, or `none`: with the agent `flannel-etcd`'),
  network: networkSchema.prefault({}).describe('the pod network between hosts'),
  kubelet: kubeletSchema.prefault({}).describe('the kubelet of a host'),
  controller_manager: controllerManagerSchema.prefault({}).describe('the controller-manager of a control-plane host'),
  kube_proxy: kubeProxySchema.prefault({}).describe('kube-proxy of a host'),
  runtime: runtimeSchema.prefault({}).describe('the container runtime of a host'),
  artifacts: artifactsSchema.describe('local files that hosts need'),
  identity: identitySchema.prefault({}).describe('the client certificates of a node'),
  install: installSchema.prefault({}).describe('where a new node has its software, and what goes with it'),
  images: imagesSchema.prefault({}).describe('where images of pods come from'),
  verify: verifySchema.prefault({}).describe('the proof that pods reach each other'),
  roll: rollSchema.prefault({}).describe('how `provision roll` goes from node to node'),
  timeouts: timeoutsSchema.prefault({}).describe('time limits'),
  node_pod_cidr: cidrSchema
    .meta({ examples: ['10.5.1.0/24'] })
    .optional()
    .describe('the podCIDR of its Node, should that have to be made anew; the one that runs have seen if left out'),
  node_name: z.string().min(1).optional().describe("the Node this host is, where the host's name does not say so"),
});

export type Settings = z.output<typeof settingsSchema>;

/** Settings that are one for the whole cluster, whatever level they are written at. */
export const clusterWideSettings: readonly (readonly string[])[] = [
  ['cluster'],
  ['cni', 'delivery'],
  ['cni', 'carrier'],
  ['network', 'agent'],
  ['network', 'backend'],
  ['network', 'vxlan'],
  ['network', 'masquerade'],
  ['network', 'etcd'],
  ['identity', 'ca'],
  ['identity', 'ca_on_host'],
  ['network', 'flannel', 'version'],
  ['network', 'flannel', 'image'],
  ['network', 'flannel', 'clean_cni_conf'],
  ['artifacts', 'carrier_base'],
  ['images'],
  ['verify'],
  ['roll'],
  ['timeouts'],
];
