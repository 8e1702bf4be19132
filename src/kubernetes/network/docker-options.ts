import { ProvisionError } from '../../errors.ts';
import { effectiveFlag, parseFlags } from '../flags/flags.ts';

/** Where Docker has its settings. */
export interface DockerSources {
  /** Words of the process that runs; empty where none does. */
  readonly words: readonly string[];
  readonly path: string;
  /** The text of daemon.json; empty without one. */
  readonly text: string;
}

/** Settings of the bridge that flanneld decides; Docker does not start where one is in its file and among its flags. */
const ofBridge = ['bip', 'mtu', 'ip-masq', 'fixed-cidr', 'bridge'];

/** Flags that no flag of ours takes the place of. */
const foreign = ['fixed-cidr', 'bridge', 'b'];

function readOptions({ path, text }: DockerSources): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw conflict(`${path} is no JSON object`, `Correct ${path}: Docker does not start with it.`);
}

/** Refuses settings of the operator that would keep Docker from taking its range from flanneld. */
export function refuseBridgeOptions(sources: DockerSources): void {
  const { path, words } = sources;
  const found = Object.keys(readOptions(sources)).filter((name) => ofBridge.includes(name));
  if (found.length > 0)
    throw conflict(
      `${path} sets ${found.map((name) => `"${name}"`).join(', ')}, which Docker is to take from flanneld`,
      `Take ${found.length === 1 ? 'it' : 'them'} out of ${path}; Docker need not be restarted before.`,
    );
  const flag = parseFlags(words.slice(1)).find(({ name }) => foreign.includes(name));
  if (flag === undefined) return;
  const written = `${flag.name.length === 1 ? '-' : '--'}${flag.name}=${flag.value}`;
  throw conflict(
    `Docker runs with ${written}, and is to take its bridge and range from flanneld`,
    'Take the flag out of its unit, drop-ins and environment files, and systemctl daemon-reload.',
  );
}

/** Whether containers outlive a restart of Docker. */
export function keepsContainers(sources: DockerSources): boolean {
  const flag = effectiveFlag(sources.words, 'live-restore');
  return flag === undefined ? readOptions(sources)['live-restore'] === true : flag !== 'false';
}

/** Refuses a kubelet that has pods wired by plugins: those would not be on Docker's bridge. */
export function refuseNetworkPlugin(words: readonly string[]): void {
  const plugin = effectiveFlag(words, 'network-plugin');
  if (plugin === undefined || plugin === '') return;
  throw conflict(
    `The kubelet runs with --network-plugin=${plugin}, and pods are to be on Docker's bridge`,
    'Take the flag out of its unit, drop-ins and environment files and restart it; or take an agent that goes with CNI plugins.',
  );
}

const conflict = (what: string, fix: string): ProvisionError =>
  new ProvisionError({ code: 'DOCKER_BRIDGE_CONFLICT', kind: 'operation', what, fix });
