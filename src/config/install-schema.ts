import { z } from 'zod';
import { localPath } from './artifact-schema.ts';

const folder = () => z.string().regex(/^(\/[^/\s]+)+$/, 'Not an absolute path on the host without a slash at its end');

const fileSchema = z.strictObject({
  source: localPath().describe('a local file of text; relative to the inventory'),
  path: folder().describe('where it goes'),
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, 'Not a mode in octal digits')
    .default('0644')
    .describe('permissions in octal; one that only its owner may read is kept out of plans and output'),
});

/** How a host that has no kubelet yet gets one. */
export const installSchema = z.strictObject({
  bin_dir: folder().default('/opt/k8s/bin').describe('where programs of Kubernetes go on a new node'),
  runtime_dir: folder().default('/usr/local/bin').describe('where containerd and runc go, unless they are packages'),
  conf_dir: folder().default('/opt/k8s/conf').describe('where configuration files and kubeconfigs go'),
  ssl_dir: folder().default('/opt/k8s/ssl').describe('where certificates and keys go'),
  sandbox_image: z
    .string()
    .min(1)
    .optional()
    .describe("the image of pods' sandboxes (pause), where it is not the runtime's own"),
  modules: z
    .array(z.string().regex(/^[A-Za-z0-9_-]+$/, 'Not the name of a kernel module'))
    .default(['overlay', 'br_netfilter'])
    .describe('kernel modules that are loaded, now and at boot'),
  sysctl: z
    .record(z.string(), z.union([z.string(), z.number()]).transform(String))
    .default({})
    .describe('further kernel parameters, by name'),
  files: z
    .array(fileSchema)
    .default([])
    .describe('files of your own: `source`, `path`, `mode`; one that goes where one of ours would takes its place'),
  hooks: z
    .strictObject({
      before: localPath().optional().describe('a script of yours that runs on the host before anything is installed'),
      after: localPath().optional().describe('one that runs when its Node is Ready for the first time'),
    })
    .prefault({})
    .describe('scripts of yours'),
});
