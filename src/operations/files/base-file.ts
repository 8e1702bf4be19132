import { z } from 'zod';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { absolutePath, fileMode } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import {
  digest,
  fileChanges,
  parseFile,
  publicFile,
  putFile,
  type SeenFile,
  seeFile,
  type WantedFile,
} from './managed-file.ts';

const schema = z.strictObject({
  path: absolutePath.describe('where the file is'),
  content: z.string().default('').describe('the text it begins with'),
  mode: fileMode.default('0644').describe('permissions in octal'),
  secret: z.boolean().default(false).describe('keep its content out of plans, output and records'),
});

type Desired = z.output<typeof schema>;

interface Actual extends SeenFile {
  /** The SHA-256 of the content that was written there last. */
  readonly written: string | undefined;
}

const wantedOf = ({ path, content, mode, secret }: Desired): WantedFile => ({
  ...publicFile(path, content),
  mode,
  secret,
});

const recordOf = ({ path }: Desired): string => `/var/lib/provision/bases/${encodeURIComponent(path)}`;

/** As others left it: what they made of this content is right. */
const isChangedByOthers = ({ kind, written }: Actual, { content }: Desired): boolean =>
  kind === 'file' && written === digest(content);

const recordIt = (desired: Desired): ShellScript =>
  sh`printf '%s\n' ${digest(desired.content)} | put ${recordOf(desired)} 0644 root root`;

/** A file that later tasks and operators change: it is written where it is missing, and where the content to begin with has become another one. */
export const baseFile = defineOperation({
  name: 'base_file',
  summary:
    'a file that others change later: written where it is missing, and where the text to begin with is another one',
  schema,
  probe: (desired) =>
    joinScripts([
      seeFile(desired.path, desired.content, desired.secret),
      sh`[ ! -f ${recordOf(desired)} ] || cat ${recordOf(desired)}`,
    ]),
  parse(output): Actual {
    const [first = '', written] = output.split('\n');
    return { ...parseFile(first), written: written || undefined };
  },
  diff(seen, desired) {
    const as = isChangedByOthers(seen, desired) ? { ...seen, sha256: digest(desired.content) } : seen;
    return fileChanges(as, wantedOf(desired));
  },
  apply: (desired, seen) =>
    isChangedByOthers(seen, desired)
      ? sh`chown root:root ${desired.path} && chmod ${desired.mode} ${desired.path}`
      : joinScripts([putFile(wantedOf(desired)), recordIt(desired)]),
  undo: (_seen, desired) => joinScripts([sh`restore ${desired.path}`, sh`restore ${recordOf(desired)}`]),
  writes: ({ path, content }) => [{ path, sha256: digest(content) }],
});
