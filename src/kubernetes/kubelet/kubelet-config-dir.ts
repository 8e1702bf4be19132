import { effectiveFlag, type KnownFlags } from '../flags/flags.ts';
import { atLeast } from '../flags/versions.ts';

/** The folder for a kubelet that names none: nobody else's file can be read because of us. */
export const ownFolder = '/etc/provision/kubelet.conf.d';

const fileName = '90-provision.conf';

export interface Kubelet {
  /** What its `--help` lists. */
  readonly known?: KnownFlags | undefined;
  readonly version?: string | undefined;
}

/** Whether fields can be given to it by a file of their own; undefined where it did not say what it is. It can from 1.30 on, but until 1.32 it goes by the names inside its program when it merges, and loses resolvConf. */
export const readsDropIns = ({ known, version }: Kubelet): boolean | undefined =>
  known === undefined || version === undefined ? undefined : known.has('config-dir') && atLeast(version, '1.32');

/** The folder of a command line, as written there; undefined where it names none. */
export const folderOf = (argv: readonly string[]): string | undefined => effectiveFlag(argv, 'config-dir') || undefined;

/** Our file in a folder. */
export const fileIn = (folder: string): string => `${folder.replace(/\/+$/, '')}/${fileName}`;

/** Whether a kubelet that walks through the folder comes to the first of two files last: it goes name by name, and down into each folder as it comes to it. */
export function isReadAfter(path: string, other: string): boolean {
  const [names, others] = [path.split('/'), other.split('/')];
  const at = names.findIndex((name, index) => name !== others[index]);
  return (names[at] ?? '') > (others[at] ?? '');
}
