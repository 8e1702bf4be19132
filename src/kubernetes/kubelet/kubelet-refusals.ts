import { ProvisionError } from '../../errors.ts';
import { parseCidr } from '../network/cidr.ts';
import type { DriverChange } from './driver-in-effect.ts';
import { compare, type Difference, type Respect, whatSays } from './kubelet-comparison.ts';
import type { KubeletSources } from './kubelet-settings.ts';
import { policyChanges } from './manager-state.ts';
import { setUpAnew } from './set-up-anew.ts';

/** A kubelet of a registered Node, before and after a change. */
export interface KubeletChange {
  readonly before: KubeletSources;
  readonly after: KubeletSources;
  /** Of its cgroup driver, whoever decides that. */
  readonly driver: DriverChange | undefined;
  readonly hostname: string;
  /** The range that its pods take their addresses from, where it is known. */
  readonly podRange: string | undefined;
  /** Whether the inventory says how many pods it may have. */
  readonly setsMaxPods: boolean;
  /** Whether no pod is on the Node when it changes, but for those that draining leaves. */
  readonly drains: boolean;
}

/** Everything that forbids a change; empty where nothing does. */
export const refuseChange = (change: KubeletChange): readonly ProvisionError[] => [
  ...tooManyPods(change),
  ...rebuilds(change),
  ...(change.drains ? [] : undrained(change)),
];

/**
 * The addresses of a range that pods can have: not its first, its last, nor the bridge's (host-local: Range.Canonicalize takes
 * .1 for the gateway and ends before the broadcast address, the iterator leaves out the gateway).
 */
export const usableAddresses = (range: string): number => Math.max(0, 2 ** (32 - parseCidr(range).prefixLength) - 3);

function tooManyPods({ before, after, podRange, setsMaxPods }: KubeletChange): ProvisionError[] {
  const said = whatSays(after, 'maxPods');
  if (said === undefined || podRange === undefined) return [];
  const isOurs = setsMaxPods || compare(before, after, 'maxPods') !== undefined;
  const most = usableAddresses(podRange);
  if (!isOurs || !(Number(said.value) > most)) return [];
  return [
    new ProvisionError({
      code: 'MAX_PODS_ABOVE_RANGE',
      kind: 'operation',
      what: `the kubelet may have ${said.value} pods, and ${podRange} has addresses for ${most}`,
      why: `now: ${whatSays(before, 'maxPods')?.shown ?? 'not known'}\nthen: ${said.shown}\nOf the Node's range the first address, the last one and the bridge's are not for pods`,
      fix: `Let max-pods (maxPods) be ${most} at most. A larger range needs a shorter cluster.node_cidr_mask_size, and Nodes that are registered after that.`,
    }),
  ];
}

interface Rebuild {
  readonly code: string;
  readonly kind: 'operation';
  readonly name: string;
  readonly flag: string;
  readonly why: string;
}

const rebuilt: Partial<Record<Respect, Rebuild>> = {
  cgroupDriver: {
    code: 'CGROUP_DRIVER_CHANGED',
    kind: 'operation',
    name: 'cgroup driver',
    flag: 'cgroup-driver (cgroupDriver)',
    why: 'Pods that run are in the cgroups of the old driver; the kubelet would neither find nor limit them there',
  },
  rootDir: {
    code: 'ROOT_DIR_CHANGED',
    kind: 'operation',
    name: 'root directory',
    flag: 'root-dir',
    why: 'The volumes of its pods are mounted below the old one; the kubelet would know nothing of them',
  },
  nodeName: {
    code: 'NODE_NAME_CHANGED',
    kind: 'operation',
    name: "Node's name",
    flag: 'hostname-override',
    why: 'It would register a second Node with another podCIDR, and its pods would be those of a Node that is gone',
  },
  runtimeEndpoint: {
    code: 'RUNTIME_ENDPOINT_CHANGED',
    kind: 'operation',
    name: 'container runtime',
    flag: 'container-runtime-endpoint (containerRuntimeEndpoint)',
    why: 'Pods of the old runtime would go on where no kubelet looks after them, and be started a second time in the new one',
  },
};

function rebuilds({ before, after, driver, hostname }: KubeletChange): ProvisionError[] {
  return Object.entries(rebuilt).flatMap(([respect, { name, flag, why, ...code }]) => {
    const isDriver = respect === 'cgroupDriver';
    const found = isDriver ? driver : compare(before, after, respect as Respect);
    if (found === undefined || (respect === 'nodeName' && isSameName(found, hostname))) return [];
    return [
      new ProvisionError({
        ...code,
        what: `the kubelet would get another ${name}, which needs the node to be set up anew`,
        why: `${tell(found)}\n${why}`,
        fix: `${isDriver && driver ? keepDriver(driver, flag) : `Leave ${flag} as it is on this host`}. To change it: ${setUpAnew}.`,
      }),
    ];
  });
}

const keepDriver = ({ before, takeBack }: DriverChange, flag: string): string =>
  takeBack === undefined
    ? `Let ${flag} be ${before.value} on this host`
    : `Let containerd use ${before.value} again: ${takeBack}`;

const tell = ({ before, after }: { readonly before: { shown: string }; readonly after: { shown: string } }): string =>
  `now: ${before.shown}\nthen: ${after.shown}`;

/** Without the flag a Node has the host's name. */
const isSameName = ({ before, after }: Difference, hostname: string): boolean =>
  (before.value || hostname.toLowerCase()) === (after.value || hostname.toLowerCase());

const drain = 'Drain the nodes: `provision roll` with `roll: { drain: true }` in the inventory, or with --drain.';

function undrained({ before, after }: KubeletChange): ProvisionError[] {
  const topology = compare(before, after, 'topologyPolicy');
  const isStrict = ['restricted', 'single-numa-node'].includes(topology?.after.value ?? '');
  return [
    ...policyChanges(before, after).map(
      (change) =>
        new ProvisionError({
          code: 'POLICY_NEEDS_DRAIN',
          kind: 'operation',
          what: `the ${change.manager === 'cpu' ? 'CPU' : 'memory'} manager of the kubelet would go by something else while pods run`,
          why: `now: ${change.before}\nthen: ${change.after}\nA kubelet does not start with what it has kept for the pods of before`,
          fix: drain,
        }),
    ),
    ...(topology !== undefined && isStrict
      ? [
          new ProvisionError({
            code: 'POLICY_NEEDS_DRAIN',
            kind: 'operation',
            what: 'the topology manager of the kubelet would go by something else while pods run',
            why: `${tell(topology)}\nWhen a kubelet starts it admits the pods of its Node anew, and ends those that do not fit the policy`,
            fix: drain,
          }),
        ]
      : []),
  ];
}
