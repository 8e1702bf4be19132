import { z } from 'zod';
import { cidrSchema } from './cidr.ts';

const path = () => z.string().min(1);
const unit = () =>
  z
    .string()
    .regex(/^[\w@.:-]+\.service$/, 'Not the name of a systemd service: expected something like kubelet.service');
const hostFolder = () => z.string().regex(/^\/./, 'Not an absolute path on the host');

const flags = () =>
  z
    .record(
      z.string().regex(/^[A-Za-z0-9][\w-]*$/, 'Not the name of a flag: write it without the leading "--"'),
      z.union([z.string(), z.number(), z.boolean()]).transform(String),
    )
    .default({});

const artifactSchema = z.strictObject({
  path: path().describe('a local file; relative to the inventory'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'Not a SHA-256: expected 64 hexadecimal digits')
    .toLowerCase()
    .describe('its SHA-256, as `sha256sum` prints it'),
});

const clusterSchema = z.strictObject({
  kubeconfig: path().describe('kubeconfig of an administrator; relative to the inventory'),
  pod_cidr: cidrSchema.describe('the range all pods take their addresses from'),
  service_cidr: cidrSchema.describe('the range of service addresses, as the API server has it'),
  node_cidr_mask_size: z
    .int()
    .min(8)
    .max(30)
    .default(24)
    .describe("the mask length of one Node's part of the pod range"),
});

const cniSchema = z.strictObject({
  bin_dir: hostFolder().default('/opt/cni/bin').describe('where the plugins are on every host'),
  conf_dir: hostFolder().default('/etc/cni/net.d').describe('where the network configuration is on every host'),
  replace: z.string().min(1).optional().describe('the name of a network in use that may be replaced'),
});

const networkSchema = z.strictObject({
  agent: z.enum(['static-routes']).default('static-routes').describe('what carries packets from host to host'),
  backend: z.enum(['host-gw']).default('host-gw').describe('how it carries them'),
  masquerade: z.boolean().default(true).describe('whether pods leave the pod range under the address of their host'),
  mtu: z.int().min(576).max(65535).optional().describe("the MTU of pods; the interface's if left out"),
});

const kubeletSchema = z.strictObject({
  unit: unit().default('kubelet.service').describe("the kubelet's systemd unit"),
  flags: flags().describe('flags to set on its command line, without the leading `--`'),
  health_url: z
    .url()
    .default('http://127.0.0.1:10248/healthz')
    .describe('where it says on its host that it is well; see its `--healthz-port`'),
});

const controllerManagerSchema = z.strictObject({
  unit: unit().default('kube-controller-manager.service').describe("the controller-manager's systemd unit"),
  flags: flags().describe('flags to set on its command line, without the leading `--`'),
  health_url: z
    .url()
    .default('https://127.0.0.1:10257/healthz')
    .describe('where it says on its host that it is well; see its `--secure-port` and `--bind-address`'),
});

const runtimeSchema = z.strictObject({
  type: z.enum(['containerd']).default('containerd').describe('the container runtime'),
  unit: unit().default('containerd.service').describe('its systemd unit'),
  config: hostFolder().default('/etc/containerd/config.toml').describe('its configuration file'),
});

const artifactsSchema = z.strictObject({
  cni_plugins: artifactSchema.describe('the archive (.tgz or .tar) of the CNI plugins'),
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

/** What an inventory can say about the cluster and its hosts, by section. */
export const settingsSchema = z.strictObject({
  cluster: clusterSchema.describe('the cluster itself'),
  cni: cniSchema.prefault({}).describe('plugins and their configuration'),
  network: networkSchema.prefault({}).describe('the pod network between hosts'),
  kubelet: kubeletSchema.prefault({}).describe('the kubelet of a host'),
  controller_manager: controllerManagerSchema.prefault({}).describe('the controller-manager of a control-plane host'),
  runtime: runtimeSchema.prefault({}).describe('the container runtime of a host'),
  artifacts: artifactsSchema.describe('local files that hosts need'),
  verify: verifySchema.prefault({}).describe('the proof that pods reach each other'),
  timeouts: timeoutsSchema.prefault({}).describe('time limits'),
  node_name: z.string().min(1).optional().describe("the Node this host is, where the host's name does not say so"),
});

export type Settings = z.output<typeof settingsSchema>;

/** Settings that are one for the whole cluster, whatever level they are written at. */
export const clusterWideSettings: readonly (readonly string[])[] = [
  ['cluster'],
  ['network', 'agent'],
  ['network', 'backend'],
  ['network', 'masquerade'],
  ['verify'],
  ['timeouts'],
];
