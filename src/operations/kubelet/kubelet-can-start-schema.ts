import { z } from 'zod';
import { absolutePath } from '../fields.ts';
import { dropUnknownFlags, flagsSchema, unitName } from '../units/unit-flags.ts';

export const kubeletCanStartSchema = z.strictObject({
  unit: unitName.describe("the kubelet's systemd unit"),
  flags: flagsSchema().describe('flags that it is to have, those of the inventory'),
  config: z.record(z.string(), z.unknown()).default({}).describe('fields of its configuration that it is to have'),
  drop_unknown_flags: dropUnknownFlags(),
  runtime: z.enum(['containerd', 'docker']).describe('the runtime it drives'),
  runtime_unit: unitName.describe("the runtime's systemd unit"),
  is_ready: z.boolean().default(false).describe('whether its Node is Ready, and so is to stay with its cgroup driver'),
  runtime_config: absolutePath.default('/etc/containerd/config.toml').describe("containerd's configuration file"),
});

export type NodeWish = z.output<typeof kubeletCanStartSchema>;
