import { ProvisionError } from '../../errors.ts';
import { parseFlags } from '../flags/flags.ts';
import { firstAddress, networkOf, overlaps, parseCidr } from '../network/cidr.ts';
import { renderDropIn } from './drop-in-text.ts';
import { editCommand } from './edit-command.ts';
import { environmentFiles } from './environment.ts';
import { binaryIndex, readBase, type UnitRequest } from './unit-command.ts';
import { parseSystemctlCat } from './unit-file.ts';

/** What somebody else's network tells dockerd of its bridge. */
export const bridgeFlags: readonly string[] = ['bip', 'mtu', 'ip-masq'];

/** The ranges that Docker takes for bridges, in its order (ipamutils of libnetwork). */
const ownRanges = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${16 * index}.0/20`),
];

/**
 * The address that Docker would give a bridge of its own, clear of these networks. It has to be said: Docker remembers the
 * bridge it had, and makes it anew with the address that flannel gave it. Throws DOCKER_RANGE_TAKEN.
 */
export function chooseBridge(taken: readonly string[]): string {
  const networks = taken.flatMap((text) => networkOf(text) ?? []).filter(({ prefixLength }) => prefixLength > 0);
  const free = ownRanges.map(parseCidr).find((range) => !networks.some((one) => overlaps(one, range)));
  if (free) return `${firstAddress(free)}/${free.prefixLength}`;
  throw new ProvisionError({
    code: 'DOCKER_RANGE_TAKEN',
    kind: 'operation',
    what: 'every range that Docker takes for a bridge of its own is in use on this host',
    why: taken.join(', '),
    fix: 'Free one of 172.17.0.0/16 to 172.31.0.0/16, or of 192.168.0.0/16 a part of /20.',
  });
}

/** The text of our drop-in, with which dockerd sees to its own bridge. */
export interface OwnBridge {
  /** Null where nobody tells dockerd of its bridge. */
  readonly content: string | null;
  /** The command line without our file, and with it. */
  readonly base: readonly string[];
  readonly effective: readonly string[];
  /** The `$VAR`s written out because a flag of the bridge stood in them. */
  readonly flattened: readonly string[];
  /** Environment files that the network wrote and that nothing else is read from: without them Docker would not start. */
  readonly unread: readonly string[];
}

/** Files there that go with a reboot are written by whoever runs, not by an operator. */
const isPassing = (path: string): boolean => /^\/(var\/)?run\//.test(path);

/** The values of those flags in a command line. */
export const bridgeFlagsIn = (argv: readonly string[]): readonly string[] =>
  parseFlags(argv)
    .filter(({ name }) => bridgeFlags.includes(name))
    .map(({ name, value }) => `--${name}=${value}`);

/** Takes out of dockerd's command line what a flannel of before gave it, with this address in place of its; throws what reading a unit throws. */
export function compileOwnBridge(request: UnitRequest, bip: string): OwnBridge {
  const { command, words, environment } = readBase(request);
  const base = words.map((word) => word.value);
  const all = parseFlags(base).filter((flag) => flag.start > binaryIndex(base));
  const given = all.filter(({ name }) => bridgeFlags.includes(name));
  if (given.length === 0) return { content: null, base, effective: base, flattened: [], unread: [] };
  const replaces = given.filter(({ name }) => name === 'bip');
  const edits = replaces.length === 0 ? [] : [{ name: 'bip', value: bip, replaces }];
  const others = given.filter(({ name }) => name !== 'bip');
  const { lines, argv, flattened } = editCommand(command, words, all, edits, others);
  const used = [...lines.join(' ').matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
  const files = environmentFiles(parseSystemctlCat(request.unitText).filter((file) => file.path !== request.path));
  const isUsed = (path: string): boolean => used.some((name) => environment.get(name)?.file === path);
  const unread = files.filter(({ path }) => isPassing(path) && !isUsed(path)).map(({ path }) => path);
  const kept = files.filter(({ path }) => !unread.includes(path));
  const reset = [
    'EnvironmentFile=',
    ...kept.map(({ path, isOptional }) => `EnvironmentFile=${isOptional ? '-' : ''}${path}`),
  ];
  const content = renderDropIn(lines);
  return {
    content: unread.length === 0 ? content : content.replace('[Service]\n', `[Service]\n${reset.join('\n')}\n`),
    base,
    effective: argv,
    flattened,
    unread,
  };
}
