import { join, resolve } from 'node:path';
import { ProvisionError } from '../errors.ts';
import { openKubectl } from './cluster.ts';
import { createDisk } from './disk.ts';
import { bareDisk, clusterDisk } from './disk-contents.ts';
import { exclusively } from './exclusively.ts';
import type { Execution } from './execute.ts';
import { cutPower, isOn, rebootHost, switchOff, switchOn, waitForSsh } from './host.ts';
import { acceptHostKey, paths, writeInventory } from './lab-folder.ts';
import { describeHost, type LabHost } from './lab-host.ts';
import { describeSlot, freeAddress, maximumControlPlanes, maximumNodes } from './slot.ts';
import { runOnHost, sshArguments } from './ssh.ts';
import { type LabState, readState, writeState } from './state.ts';

export interface WipeOptions {
  /** Trust the new host key in the lab's known_hosts. */
  readonly acceptNewKey?: boolean;
  /** Set the host up as the node it was, instead of leaving it bare. */
  readonly asNode?: boolean;
  /** At another address than before, which the lab's inventory says then. */
  readonly newAddress?: boolean;
}

/** A lab that exists in its folder, running or not. */
export interface Lab {
  readonly folder: string;
  readonly hosts: readonly LabHost[];
  readonly inventoryPath: string;
  readonly kubeconfigPath: string;
  readonly knownHostsPath: string;
  readonly keyPath: string;
  host(name: string): LabHost;
  isOn(name: string): Promise<boolean>;
  start(name: string): Promise<void>;
  /** An orderly shutdown. */
  stop(name: string): Promise<void>;
  /** A power cut. */
  cut(name: string): Promise<void>;
  /** From inside, until the host answers again. */
  reboot(name: string): Promise<void>;
  /** A new disk and a new host key under the same name, and the same address unless said. */
  wipe(name: string, options?: WipeOptions): Promise<void>;
  /** Another node of the cluster; returns its name. */
  addNode(): Promise<string>;
  /** Makes the operators' known_hosts say what the host's key is now. */
  acceptHostKey(name: string): Promise<void>;
  /** Runs a shell command line on a host as root. */
  exec(name: string, command: string, options?: { readonly input?: string }): Promise<Execution>;
  /** Runs kubectl against the cluster. */
  kubectl(args: readonly string[], input?: string): Promise<Execution>;
  sshArguments(name: string, user?: string): string[];
}

export function openLab(labFolder: string): Lab {
  const folder = resolve(labFolder);
  const find = (): LabState => readState(folder) ?? missing(folder);
  const host = (name: string): LabHost => {
    const state = find();
    if (!state.hosts.includes(name)) throw unknownHost(name, state.hosts);
    return describeHost(folder, describeSlot(state.slot), name, state.moved);
  };
  const start = async (name: string): Promise<void> => {
    await switchOn(host(name));
    await waitForSsh(host(name));
  };
  const move = (name: string): Promise<void> =>
    exclusively(`hosts ${folder}`, async () => {
      const state = find();
      const address = freeAddress(
        describeSlot(state.slot),
        state.hosts.map((one) => host(one).address),
      );
      const next = { ...state, moved: { ...state.moved, [name]: address } };
      await writeState(folder, next);
      await writeInventory(folder, next);
    });
  find();
  return {
    folder,
    get hosts() {
      return find().hosts.map(host);
    },
    inventoryPath: join(folder, paths.inventory),
    kubeconfigPath: join(folder, paths.kubeconfig),
    knownHostsPath: join(folder, paths.knownHosts),
    keyPath: join(folder, paths.key),
    host,
    isOn: (name) => isOn(host(name)),
    start,
    stop: (name) => switchOff(host(name)),
    cut: (name) => cutPower(host(name)),
    reboot: (name) => rebootHost(host(name)),
    wipe: async (name, { acceptNewKey = false, asNode = false, newAddress = false } = {}) => {
      await cutPower(host(name));
      if (newAddress) await move(name);
      await exclusively(`hosts ${folder}`, async () => {
        const others = (find().blankHosts ?? []).filter((one) => one !== name);
        await writeState(folder, { ...find(), blankHosts: asNode ? others : [...others, name] });
        await writeInventory(folder, find());
      });
      const disk = asNode ? await clusterDisk(folder, find(), name) : bareDisk(find());
      await createDisk(host(name), disk);
      if (acceptNewKey) await acceptHostKey(host(name));
      await start(name);
    },
    addNode: async () => {
      const name = await exclusively(`hosts ${folder}`, async () => {
        const state = find();
        const added = nextNode(state.hosts);
        const next = { ...state, hosts: [...state.hosts, added] };
        await createDisk(describeHost(folder, describeSlot(state.slot), added), await clusterDisk(folder, next, added));
        await writeState(folder, next);
        await writeInventory(folder, next);
        return added;
      });
      await acceptHostKey(host(name));
      await start(name);
      return name;
    },
    acceptHostKey: (name) => acceptHostKey(host(name)),
    exec: (name, command, options) => runOnHost(host(name), command, options),
    kubectl: (args, input) =>
      openKubectl(find().parts?.kubectl ?? 'kubectl', join(folder, paths.kubeconfig))(args, input),
    sshArguments: (name, user) => sshArguments(host(name), user),
  };
}

const nextNode = (hosts: readonly string[]): string =>
  `node${1 + Math.max(0, ...hosts.map((name) => Number(/^node(\d+)$/.exec(name)?.[1] ?? 0)))}`;

function missing(folder: string): never {
  throw new ProvisionError({
    code: 'LAB_MISSING',
    kind: 'usage',
    what: `There is no lab in ${folder}`,
    fix: 'Start one with `lab up`.',
  });
}

const unknownHost = (name: string, hosts: readonly string[]): ProvisionError =>
  new ProvisionError({
    code: 'LAB_HOST_UNKNOWN',
    kind: 'usage',
    what: `The lab has no host ${name}`,
    fix: `Its hosts are ${hosts.join(', ')}.`,
  });

/** The hosts a lab has and those it is to get as well; numbers go on where they end, so a name never changes its kind. */
export function chooseHosts(
  known: Pick<LabState, 'hosts' | 'dockerHosts' | 'blankHosts'> | undefined,
  wanted: {
    readonly nodes: number;
    readonly dockershimNodes?: number;
    readonly blankNodes?: number;
    readonly controlPlanes?: number;
  },
): Required<Pick<LabState, 'hosts' | 'dockerHosts' | 'blankHosts'>> {
  const hosts = [...new Set([...(known?.hosts ?? []), ...hostNames(wanted.nodes, wanted.controlPlanes)])];
  const dockerHosts = [...(known?.dockerHosts ?? [])];
  while (dockerHosts.length < (wanted.dockershimNodes ?? 0)) {
    const added = nextNode(hosts);
    hosts.push(added);
    dockerHosts.push(added);
  }
  const blankHosts = [...(known?.blankHosts ?? [])];
  while (blankHosts.length < (wanted.blankNodes ?? 0)) {
    const added = nextNode(hosts);
    hosts.push(added);
    blankHosts.push(added);
  }
  return { hosts, dockerHosts, blankHosts };
}

/** Names of a lab's hosts, control plane first. */
export function hostNames(nodes: number, controlPlanes = 2): string[] {
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > maximumNodes) {
    throw new ProvisionError({
      code: 'LAB_NODES_INVALID',
      kind: 'usage',
      what: `A lab cannot have ${nodes} nodes`,
      fix: `Say a whole number up to ${maximumNodes}.`,
    });
  }
  if (!Number.isInteger(controlPlanes) || controlPlanes < 1 || controlPlanes > maximumControlPlanes) {
    throw new ProvisionError({
      code: 'LAB_CONTROL_PLANES_INVALID',
      kind: 'usage',
      what: `A lab cannot have ${controlPlanes} control-plane hosts`,
      fix: `Say a whole number from 1 to ${maximumControlPlanes}.`,
    });
  }
  const names = (kind: string, length: number) => Array.from({ length }, (_, index) => `${kind}${index + 1}`);
  return [...names('cp', controlPlanes), ...names('node', nodes)];
}
