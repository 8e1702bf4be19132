import { isIPv6 } from 'node:net';
import type { Connection } from '../../config/connection.ts';
import type { Inventory, Host as InventoryHost } from '../../config/host.ts';
import { readSshConfig } from '../../config/read-ssh-config.ts';
import type { SshDirective } from '../../config/ssh-config-text.ts';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import type { Location } from '../../location.ts';
import type { SshTarget } from '../../transport/ssh-target.ts';
import { type Here, resolveLogin, type Wish } from './ssh-login.ts';

/** How each of these hosts is reached, by name; jump hosts that several share are one object. Throws ProvisionErrors. */
export function toSshTargets(
  hosts: readonly InventoryHost[],
  inventory: Inventory,
  here: Here,
): ReadonlyMap<string, SshTarget> {
  const toTarget = openTargets(inventory, here);
  const mistakes: ProvisionError[] = [];
  const targets = hosts.flatMap((host): (readonly [string, SshTarget])[] => {
    try {
      return [[host.name, toTarget(host)]];
    } catch (error) {
      if (!(error instanceof ProvisionError)) throw error;
      mistakes.push(error);
      return [];
    }
  });
  if (mistakes.length > 0) throw new ProvisionErrors(withoutDoubles(mistakes));
  return new Map(targets);
}

/** One line of ssh_config may be wrong for many hosts. */
const withoutDoubles = (mistakes: readonly ProvisionError[]): readonly ProvisionError[] => [
  ...new Map(mistakes.map((mistake) => [JSON.stringify([mistake.code, mistake.where]), mistake])).values(),
];

/** On the way to a host: what mistakes are located at, and the jump hosts so far as they were written. */
interface Way {
  readonly where: Location;
  readonly names: readonly string[];
}

function openTargets(inventory: Inventory, here: Here): (host: InventoryHost) => SshTarget {
  const configs = new Map<string | undefined, readonly SshDirective[]>();
  const made = new Map<string, SshTarget>();

  function configOf(file: string | undefined): readonly SshDirective[] {
    const config = configs.get(file) ?? (file === 'none' ? [] : readSshConfig(here.homeFolder, file));
    configs.set(file, config);
    return config;
  }

  /** The same wish gives the same object. */
  function make(wish: Wish, behind: Connection, way: Way): SshTarget {
    const key = JSON.stringify(wish);
    const known = made.get(key);
    if (known) return known;
    const { target, proxyJump } = resolveLogin(wish, configOf(wish.own.sshConfigFile), here);
    const jump =
      proxyJump === undefined || isItself(proxyJump, target, behind, way) ? undefined : jumpOf(proxyJump, behind, way);
    const whole = jump ? { ...target, jump } : target;
    made.set(key, whole);
    return whole;
  }

  const hostTarget = ({ name, connection }: InventoryHost, { where, names }: Way): SshTarget =>
    make({ name, own: connection, defaultUser: 'root' }, connection, { where, names: [...names, name] });

  /** What a hop says goes before what the inventory says of that host, and hops in front of it before its own way. */
  function toWish({ host, ...login }: Hop, hopsBefore: readonly string[], behind: Connection): Wish {
    const written = { ...login, ...(hopsBefore.length > 0 && { proxyJump: hopsBefore.join(',') }) };
    const known = inventory.hosts.find(({ name }) => name === host);
    if (known) return { name: host, own: { ...known.connection, ...written }, defaultUser: 'root' };
    const { sshConfigFile, privateKeyFile, keyPassphrase, knownHostsFile } = behind;
    return {
      name: `jump host ${host}`,
      own: { address: host, ...written, ...(sshConfigFile !== undefined && { sshConfigFile }) },
      lent: {
        ...(privateKeyFile !== undefined && { privateKeyFile }),
        ...(keyPassphrase !== undefined && { keyPassphrase }),
        ...(knownHostsFile !== undefined && { knownHostsFile }),
      },
      defaultUser: here.localUser,
    };
  }

  function jumpOf(chain: string, behind: Connection, { where, names }: Way): SshTarget {
    const hops = chain.split(',').map((hop) => hop.trim());
    const last = hops.pop() ?? '';
    const hop = readHop(last, where);
    if (names.includes(last)) throw circle([...names, last], where);
    const known = inventory.hosts.find(({ name }) => name === hop.host);
    return make(toWish(hop, hops, behind), known?.connection ?? behind, { where, names: [...names, last] });
  }

  /** So that a jump host may be named for all hosts, itself among them. */
  function isItself(proxyJump: string, { address, port }: SshTarget, behind: Connection, { where }: Way): boolean {
    if (proxyJump.includes(',')) return false;
    const wish = toWish(readHop(proxyJump, where), [], behind);
    const { target } = resolveLogin(wish, configOf(wish.own.sshConfigFile), here);
    return target.address === address && target.port === port;
  }

  return (host) => {
    const where = host.connection.proxyJump === undefined ? host.location : host.locate(['ssh_proxy_jump']);
    return hostTarget(host, { where, names: [] });
  };
}

interface Hop {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** `[user@]host[:port]`, also behind `ssh://`; an IPv6 address with a port stands in brackets. */
function readHop(text: string, where: Location): Hop {
  const [, user, rest = ''] = /^(?:ssh:\/\/)?(?:([^@]+)@)?(.+?)\/?$/.exec(text) ?? [];
  const login = user === undefined ? {} : { user };
  if (isIPv6(rest)) return { host: rest, ...login };
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]\s@]+))(?::(\d+))?$/.exec(rest) ?? [];
  const host = inBrackets ?? plain;
  if (host !== undefined) return { host, ...login, ...(port !== undefined && { port: Number(port) }) };
  throw new ProvisionError({
    code: 'CONFIG_INVALID',
    kind: 'config',
    what: `Not a jump host: "${text}"`,
    where,
    fix: 'Write [user@]host[:port], several separated by commas, the one to be reached first in front.',
  });
}

const circle = (names: readonly string[], where: Location): ProvisionError =>
  new ProvisionError({
    code: 'JUMP_CIRCLE',
    kind: 'config',
    what: `The jump hosts lead in a circle: ${names.join(' → ')}`,
    where,
    fix: 'Give the first of them ssh_proxy_jump: none, or ProxyJump none in ssh_config.',
  });
