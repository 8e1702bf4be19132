import { readFileSync } from 'node:fs';
import type { Inventory } from '../../config/host.ts';
import type { Settings } from '../../config/settings.ts';
import type { SoftwareScope } from './software-variables.ts';

/** Files and scripts of the operator for a new node, read once from where the inventory names them. */
export type OwnFiles = Pick<SoftwareScope, 'files' | 'hooks'>;

/** By host. Whatever only its owner may read is a secret. */
export const readOwnFiles = (inventory: Inventory, hide: (secret: string) => void): ReadonlyMap<string, OwnFiles> =>
  new Map(inventory.hosts.map(({ name, settings: { install } }) => [name, readFilesOf(install, hide)]));

function readFilesOf({ files, hooks }: Settings['install'], hide: (secret: string) => void): OwnFiles {
  const read = (path: string | undefined): string[] => (path === undefined ? [] : [readFileSync(path, 'utf8')]);
  return {
    files: files.map(({ source, path, mode }) => {
      const [content = ''] = read(source);
      const secret = /00$/.test(mode);
      if (secret) hide(content);
      return { path, content, mode, secret };
    }),
    hooks: { before: read(hooks.before), after: read(hooks.after) },
  };
}
