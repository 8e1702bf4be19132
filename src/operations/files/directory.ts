import { z } from 'zod';
import type { ShellScript } from '../../shell.ts';
import { sh } from '../../shell.ts';
import { absolutePath, accountName, fileMode } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { attributeChanges, parseFile, type SeenFile } from './managed-file.ts';

const schema = z.strictObject({
  path: absolutePath.describe('where the directory is'),
  mode: fileMode.default('0755').describe('permissions in octal'),
  owner: accountName.default('root').describe('user it belongs to'),
  group: accountName.default('root').describe('group it belongs to'),
});

const putBack = (seen: SeenFile, path: string): ShellScript =>
  seen.kind === 'absent'
    ? sh`drop_directories ${path}`
    : sh`chown ${seen.owners[1] ?? '0'}:${seen.groups[1] ?? '0'} ${path} && chmod ${seen.mode} ${path}`;

/** A directory with these permissions; what is in it is not looked at. */
export const directory = defineOperation({
  name: 'directory',
  summary: 'a directory with this mode and owner',
  schema,
  probe: (desired) => sh`look ${desired.path} - no`,
  parse: parseFile,
  diff(seen, desired) {
    if (seen.kind === 'absent') return [{ subject: desired.path, action: 'create the directory' }];
    if (seen.kind !== 'directory')
      return [{ subject: desired.path, action: `replace the ${seen.kind} by a directory` }];
    const attributes = attributeChanges(seen, desired);
    return attributes.length === 0 ? [] : [{ subject: desired.path, action: attributes.join(', ') }];
  },
  apply: (desired) => sh`
[ ! -e ${desired.path} ] || [ -d ${desired.path} ] ||
  fail NOT_A_DIRECTORY ${`${desired.path} is there and is not a directory`} 'move it away by hand'
make_directory ${desired.path}
chown ${desired.owner}:${desired.group} ${desired.path}
chmod ${desired.mode} ${desired.path}`,
  undo: (seen, desired) => putBack(seen, desired.path),
});
