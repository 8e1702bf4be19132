import { z } from 'zod';
import { ProvisionErrors } from '../../errors.ts';
import {
  driverChange,
  driverInUse,
  type NodeRuntime,
  type PodsCgroup,
} from '../../kubernetes/kubelet/driver-in-effect.ts';
import { refuseChange } from '../../kubernetes/kubelet/kubelet-refusals.ts';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { containerdConfig } from '../runtime/containerd-config.ts';
import { unitName } from '../units/unit-flags.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { compareKubelet, parseRunning, type RunningKubelet, seeRunning } from './kubelet-sources.ts';
import { containerdDriver, containerdWish } from './node-conditions.ts';
import { parsePodsCgroups, seePodsCgroups } from './pods-cgroups.ts';

const schema = kubeletConfig.schema.extend({
  pod_cidr: z.string().nullable().default(null).describe("its Node's podCIDR, for how many pods it has addresses"),
  drains: z.boolean().default(false).describe('whether its node is drained before it changes'),
  runtime: z.enum(['containerd', 'docker']).default('containerd').describe('the runtime it drives'),
  runtime_unit: unitName.default('containerd.service').describe("the runtime's systemd unit"),
  runtime_config: absolutePath.default('/etc/containerd/config.toml').describe("containerd's configuration file"),
});

type Desired = z.output<typeof schema>;

interface Actual extends RunningKubelet {
  readonly podsCgroups: readonly PodsCgroup[];
  readonly containerd: ReturnType<typeof containerdConfig.parse> | undefined;
}

const runtimeMark = '== the runtime ==';

const runtimeOf = ({ containerd }: Actual, desired: Desired): NodeRuntime => ({
  type: desired.runtime,
  version: containerd?.version,
  driver: containerdDriver(containerd, desired),
});

/** The kubelet of a registered Node changes in nothing that would need the node set up anew, or drained. Changes nothing. */
export const kubeletChange = defineOperation({
  name: 'kubelet_change',
  summary: "nothing: it refuses changes of a live node's kubelet that do harm",
  schema,
  probe: (desired) =>
    joinScripts([
      seeRunning(desired.unit, desired.flags),
      seePodsCgroups,
      ...(desired.runtime === 'docker'
        ? []
        : [sh`echo ${runtimeMark}`, containerdConfig.probe(containerdWish(desired))]),
    ]),
  parse(output, desired): Actual {
    const [kubelet = '', runtime] = output.split(`${runtimeMark}\n`);
    return {
      ...parseRunning(kubelet, desired),
      podsCgroups: parsePodsCgroups(kubelet),
      containerd: runtime === undefined ? undefined : containerdConfig.parse(runtime, containerdWish(desired)),
    };
  },
  diff(actual, desired) {
    const { before, after } = compareKubelet(actual, desired);
    const { flags, config, pod_cidr, drains } = desired;
    const inUse = driverInUse(actual.podsCgroups, before, actual.running.length > 0);
    const refused = refuseChange({
      before,
      after,
      driver: driverChange(before, after, runtimeOf(actual, desired), inUse),
      hostname: actual.unit.unit?.specifiers?.['H'] ?? '',
      podRange: pod_cidr ?? undefined,
      setsMaxPods: 'max-pods' in flags || 'maxPods' in config,
      drains,
    });
    if (refused.length > 0) throw new ProvisionErrors(refused);
    return [];
  },
  apply: () => sh`:`,
  undo: () => sh`:`,
});
