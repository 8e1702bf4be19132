import { z } from 'zod';
import type { Change } from '../../events.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { absolutePath, fileMode, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { attributeChanges, parseFile, type SeenFile } from './managed-file.ts';

const schema = z.strictObject({
  host: z.string().min(1).describe('the host that has them, by its name in the inventory'),
  files: z
    .array(
      z.strictObject({
        path: absolutePath.describe('where the file goes'),
        source: absolutePath.describe('where it is on that host'),
        sha256: sha256.describe('its SHA-256 there'),
        mode: fileMode.describe('permissions in octal'),
      }),
    )
    .min(1)
    .describe('the files, whose contents nobody is shown'),
});

type Desired = z.output<typeof schema>;
type Wanted = Desired['files'][number];

const ofRoot = ({ path, mode }: Wanted) => ({ path, mode, owner: 'root', group: 'root' });

function whyDue(seen: SeenFile | undefined, file: Wanted, host: string): string | undefined {
  const from = `as it is on ${host}${file.source === file.path ? '' : `: ${file.source}`}`;
  if (seen === undefined || seen.kind === 'absent') return `copy, ${from}`;
  if (seen.kind !== 'file') return `replace the ${seen.kind} by a file, ${from}`;
  if (seen.sha256 !== file.sha256) return `replace, ${from}`;
  return attributeChanges(seen, ofRoot(file)).join(', ') || undefined;
}

/** Those that are not there like that, with what was seen. */
const dueOf = (seen: readonly SeenFile[], { files, host }: Desired) =>
  files.flatMap((file, index) => {
    const why = whyDue(seen[index], file, host);
    return why === undefined ? [] : [{ file, why, isOther: seen[index]?.sha256 !== file.sha256 }];
  });

/** Only what is of another content has to come. */
const toCopy = (seen: readonly SeenFile[], desired: Desired): readonly Wanted[] =>
  dueOf(seen, desired).flatMap(({ file, isOther }) => (isOther ? [file] : []));

/** Files of another host, the very same: what cannot be made anew, such as keys that all hosts of a kind have. */
export const copiedFiles = defineOperation({
  name: 'copied_files',
  summary: "files of another host, the very same, through this machine's memory alone",
  schema,
  probe: ({ files }) => joinScripts(files.map(({ path }) => sh`look ${path} - no`)),
  parse: (output): readonly SeenFile[] => output.trimEnd().split('\n').map(parseFile),
  diff: (seen, desired): readonly Change[] =>
    dueOf(seen, desired).map(({ file, why }) => ({ subject: file.path, action: why })),
  apply: (desired, seen): ShellScript =>
    joinScripts([
      sh`:`,
      ...dueOf(seen, desired)
        .filter(({ isOther }) => !isOther)
        .map(({ file: { path, mode } }) => sh`chown root:root ${path} && chmod ${mode} ${path}`),
    ]),
  copying: {
    source: (desired, seen) => ({
      host: desired.host,
      files: toCopy(seen, desired).map(({ source, sha256: hash }) => ({ path: source, sha256: hash })),
    }),
    finish: (desired, seen, contents) =>
      joinScripts(
        toCopy(seen, desired).map(
          ({ path, mode }, index) => sh`printf %s ${contents[index] ?? ''} | base64 -d | put ${path} ${mode} root root`,
        ),
      ),
  },
  undo: (_seen, { files }) => joinScripts(files.map(({ path }) => sh`restore ${path}`)),
  writes: ({ files }) => files.map(({ path, sha256: hash }) => ({ path, sha256: hash })),
});
