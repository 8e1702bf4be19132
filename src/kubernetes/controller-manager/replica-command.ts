import { effectiveFlag, parseFlags } from '../flags/flags.ts';
import { quoteWord } from '../units/command-line.ts';
import { binaryIndex } from '../units/unit-command.ts';

/** Flags whose value is an address of the host itself. */
const ownAddress = ['address', 'bind-address'];

/** Credentials, which are made anew for each host. */
const kubeconfigs = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];

/** What the host serves with under its own name. */
export const servingFlags: readonly string[] = ['tls-cert-file', 'tls-private-key-file'];

const folderFlags = ['log-dir', 'cert-dir', 'flex-volume-plugin-dir'];

/** What a controller-manager has to have on its host before it can start. */
export interface ReplicaNeeds {
  /** Paths of its kubeconfigs. */
  readonly kubeconfigs: readonly string[];
  readonly folders: readonly string[];
  /** Files by the flag that names them. */
  readonly files: ReadonlyMap<string, string>;
  /** The kind of object that those who want to lead write. */
  readonly lock: 'leases' | 'endpoints' | 'configmaps';
  readonly electsLeader: boolean;
}

/** The words of another controller-manager behind its binary, with this host's address where that one has its own. */
export function wordsLike(
  peer: { readonly argv: readonly string[]; readonly addresses: readonly string[] },
  address: string,
): readonly string[] {
  const words = peer.argv.slice(binaryIndex(peer.argv) + 1);
  const own = parseFlags(words).filter(
    ({ name, value }) => ownAddress.includes(name) && peer.addresses.includes(value),
  );
  return words.map((word, index) => {
    const flag = own.find(({ start, length }) => start + length - 1 === index);
    return flag === undefined ? word : word.slice(0, word.length - flag.value.length) + address;
  });
}

/** An ExecStart of a flag on each line. */
export const renderStart = (binary: string, words: readonly string[]): string =>
  [binary, ...words].map((word) => quoteWord(word)).join(' \\\n  ');

/** What its command line asks for; `inventory` are flags that come on top. */
export function needsOf(words: readonly string[], inventory: Readonly<Record<string, string>>): ReplicaNeeds {
  const argv = [...words, ...Object.entries(inventory).map(([name, value]) => `--${name}=${value}`)];
  const value = (name: string): string | undefined => effectiveFlag(argv, name);
  const paths = (names: readonly string[]): readonly string[] => [
    ...new Set(names.flatMap((name) => value(name) ?? []).filter((path) => path.startsWith('/'))),
  ];
  const names = [...new Set(parseFlags(argv).map(({ name }) => name))];
  const isFile = (name: string): boolean => name === 'cloud-config' || (name.endsWith('-file') && name !== 'log-file');
  const lock = value('leader-elect-resource-lock') ?? 'leases';
  return {
    kubeconfigs: paths(kubeconfigs),
    folders: paths(folderFlags),
    files: new Map(
      names.filter(isFile).flatMap((name) => {
        const path = value(name);
        return path?.startsWith('/') ? [[name, path] as const] : [];
      }),
    ),
    lock: lock === 'endpoints' || lock === 'configmaps' ? lock : 'leases',
    electsLeader: !/^(false|f|0)$/i.test(value('leader-elect') ?? 'true'),
  };
}
