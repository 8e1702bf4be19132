import { z } from 'zod';
import { joinScripts, sh } from '../shell.ts';
import { absolutePath, accountName, fileMode } from './fields.ts';
import { digest, fileChanges, parseFile, putFile, type SeenFile, seeFile } from './managed-file.ts';
import { defineOperation } from './operation.ts';

const schema = z.strictObject({
  path: absolutePath.describe('where the file is'),
  content: z.string().default('').describe('its whole text'),
  mode: fileMode.default('0644').describe('permissions in octal'),
  owner: accountName.default('root').describe('user it belongs to'),
  group: accountName.default('root').describe('group it belongs to'),
  state: z.enum(['present', 'absent']).default('present').describe('whether it is there at all'),
  secret: z.boolean().default(false).describe('keep its content out of plans, output and records'),
  base: z
    .boolean()
    .default(false)
    .describe(
      'others may change it later: it is written where it is missing, and where this content has become another one',
    ),
});

type Desired = z.output<typeof schema>;

interface Actual extends SeenFile {
  /** The SHA-256 of the content that was written there as a base last. */
  readonly base: string | undefined;
}

const recordOf = ({ path }: Desired): string => `/var/lib/provision/bases/${encodeURIComponent(path)}`;

/** As others left it: what they made of this content is right. */
const isChangedByOthers = (seen: Actual, { base, content }: Desired): boolean =>
  base && seen.kind === 'file' && seen.base === digest(content);

/** A whole file with this content; directories above it are made as needed. */
export const file = defineOperation({
  name: 'file',
  schema,
  probe: (desired) =>
    joinScripts([
      seeFile(desired.path, desired.content, desired.secret),
      ...(desired.base ? [sh`[ ! -f ${recordOf(desired)} ] || cat ${recordOf(desired)}`] : []),
    ]),
  parse(output): Actual {
    const [first = '', base] = output.split('\n');
    return { ...parseFile(first), base: base || undefined };
  },
  diff(seen, desired) {
    if (desired.state === 'present') {
      const as = isChangedByOthers(seen, desired) ? { ...seen, sha256: digest(desired.content) } : seen;
      return fileChanges(as, desired);
    }
    if (seen.kind === 'absent') return [];
    return [
      {
        subject: desired.path,
        action: 'remove',
        ...(seen.content === null || desired.secret ? {} : { before: seen.content, after: '' }),
      },
    ];
  },
  apply(desired, seen) {
    if (desired.state === 'absent') return sh`remove ${desired.path}`;
    if (isChangedByOthers(seen, desired))
      return sh`chown ${desired.owner}:${desired.group} ${desired.path} && chmod ${desired.mode} ${desired.path}`;
    return joinScripts([
      putFile(desired),
      ...(desired.base ? [sh`printf '%s\n' ${digest(desired.content)} | put ${recordOf(desired)} 0644 root root`] : []),
    ]);
  },
  undo: (_seen, desired) =>
    joinScripts([sh`restore ${desired.path}`, ...(desired.base ? [sh`restore ${recordOf(desired)}`] : [])]),
  writes: (desired) => [{ path: desired.path, sha256: desired.state === 'present' ? digest(desired.content) : null }],
});
