import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, readLines, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { unpack } from './archive-script.ts';

const schema = z.strictObject({
  artifact: z
    .strictObject({
      path: z.string().min(1).describe('the archive on the machine provision runs on'),
      sha256: sha256.describe('its SHA-256'),
    })
    .describe('a .tgz or .tar whose files lie at its top, under ./ or under bin/'),
  directory: absolutePath.describe('where its files go; what else is there stays'),
  required: z
    .array(z.string().regex(/^[A-Za-z0-9._+@-]+$/, 'a plain file name'))
    .default([])
    .describe('files that have to be there and executable afterwards'),
  version: z
    .strictObject({
      program: z
        .string()
        .regex(/^[A-Za-z0-9._+@-]+$/, 'a plain file name')
        .describe('one of its programs'),
      argument: z.string().default('--version').describe('the argument that makes it tell its version'),
      is: z.string().describe('the version it has to say of itself'),
    })
    .optional()
    .describe('what one of its programs is asked for before any of them takes its place'),
  leave_out: z.array(z.string()).default([]).describe('names of its files that come from elsewhere'),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly cachedBytes: number | null;
  /** Names of the manifest whose file is not the one that was unpacked; null when it was never unpacked here. */
  readonly differing: readonly string[] | null;
  readonly missing: readonly string[];
}

const cachePath = (desired: Desired): string => `/var/lib/provision/cache/${desired.artifact.sha256}`;
/** What was unpacked there from that archive: per line size, mtime, inode, mode and name as stat prints them, then the SHA-256. */
const manifestPath = (desired: Desired): string =>
  `/var/lib/provision/archives/${desired.artifact.sha256}/${encodeURIComponent(desired.directory)}`;

const differingFrom = (actual: Actual, { leave_out }: Desired): readonly string[] | null =>
  actual.differing?.filter((name) => !leave_out.includes(name)) ?? null;

/** The files of a tarball in a directory, file by file. */
export const archive = defineOperation({
  name: 'archive',
  summary: 'the files of a tarball in a directory, beside those of others',
  schema,
  timeoutSeconds: 180,
  probe: (desired) =>
    joinScripts([
      sh`[ ! -f ${cachePath(desired)} ] || echo "cached $(wc -c <${cachePath(desired)})"
if [ -f ${manifestPath(desired)} ] && cd ${desired.directory} 2>/dev/null; then
  { cut -d' ' -f1-5 ${manifestPath(desired)}; cut -d' ' -f5 ${manifestPath(desired)} | xargs stat -c '%s %Y %i %a %n' 2>/dev/null; } |
    awk '{ seen[$0]++; name[$0] = $5 } END { print "unpacked -"; for (line in seen) if (seen[line] == 1) print "differs " name[line] }' |
    sort -u
fi`,
      ...desired.required.map((name) => sh`[ -x ${`${desired.directory}/${name}`} ] || printf 'missing %s\n' ${name}`),
    ]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    const [cached] = valuesOf('cached');
    return {
      cachedBytes: cached === undefined ? null : Number(cached),
      differing: valuesOf('unpacked').length === 0 ? null : valuesOf('differs'),
      missing: valuesOf('missing'),
    };
  },
  diff(actual, desired) {
    const differing = differingFrom(actual, desired);
    if (differing === null)
      return [{ subject: desired.directory, action: `unpack ${desired.artifact.path} into it, file by file` }];
    const lost = actual.missing.filter((name) => !differing.includes(name));
    if (lost.length > 0)
      throw new ProvisionError({
        code: 'ARCHIVE_LACKS',
        kind: 'operation',
        what: `${desired.directory} has no executable ${lost.join(', ')}, and the archive does not bring it`,
        where: desired.artifact.path,
        fix: 'name an archive that has these files, or put them there by hand',
      });
    return differing.map((name) => ({
      subject: `${desired.directory}/${name}`,
      action: 'put back as it is in the archive',
    }));
  },
  apply: (desired) =>
    unpack({
      archive: cachePath(desired),
      sha256: desired.artifact.sha256,
      directory: desired.directory,
      manifest: manifestPath(desired),
      required: desired.required,
      leaveOut: desired.leave_out,
      version: desired.version,
    }),
  undo: (_actual, desired) => sh`
list=$PROVISION_UNDO/archive-${encodeURIComponent(desired.directory)}
[ ! -f "$list" ] || while IFS= read -r name; do restore ${desired.directory}/"$name"; done <"$list"
drop_directories ${desired.directory}
restore ${manifestPath(desired)}`,
  artifacts: (desired, actual) =>
    differingFrom(actual, desired)?.length === 0 ? [] : [{ ...desired.artifact, cachedBytes: actual.cachedBytes }],
});
