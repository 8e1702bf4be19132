import { z } from 'zod';
import { sh } from '../../shell.ts';
import { absolutePath, accountName, fileMode } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { digest, fileChanges, parseFile, putFile, seeFile } from './managed-file.ts';

const schema = z.strictObject({
  path: absolutePath.describe('where the file is'),
  content: z.string().default('').describe('its whole text'),
  mode: fileMode.default('0644').describe('permissions in octal'),
  owner: accountName.default('root').describe('user it belongs to'),
  group: accountName.default('root').describe('group it belongs to'),
  state: z.enum(['present', 'absent']).default('present').describe('whether it is there at all'),
  secret: z.boolean().default(false).describe('keep its content out of plans, output and records'),
});

/** A whole file with this content; directories above it are made as needed. */
export const file = defineOperation({
  name: 'file',
  summary: 'a whole file with this content, mode and owner, or none',
  schema,
  probe: ({ path, content, secret }) => seeFile(path, content, secret),
  parse: parseFile,
  diff(seen, desired) {
    if (desired.state === 'present') return fileChanges(seen, desired);
    if (seen.kind === 'absent') return [];
    return [
      {
        subject: desired.path,
        action: 'remove',
        ...(seen.content === null || desired.secret ? {} : { before: seen.content, after: '' }),
      },
    ];
  },
  apply: (desired) => (desired.state === 'absent' ? sh`remove ${desired.path}` : putFile(desired)),
  undo: (_seen, { path }) => sh`restore ${path}`,
  writes: ({ path, state, content }) => [{ path, sha256: state === 'present' ? digest(content) : null }],
});
