import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { readSignature } from './signature.ts';
import { seeRecords, takeBackAll as takeBackScript } from './take-back-all-script.ts';

const schema = z.strictObject({
  force: z.boolean().describe('also overwrite files that somebody changed since'),
});

/** A file that somebody changed: as it is now, or before it was written by a run. */
interface Drift {
  /** The run that has kept it; null for what is there now. */
  readonly keptBy: string | null;
  readonly path: string;
}

interface Actual {
  /** Scripts of the operator that have run. */
  readonly hooks: readonly string[];
  /** Tasks of all runs, the newest first. */
  readonly tasks: readonly string[];
  readonly drift: readonly Drift[];
  /** Files that will be others, by their digest: null for one that goes, undefined where it is no plain file. */
  readonly files: readonly { readonly path: string; readonly sha256: string | null | undefined }[];
}

function readTask(value: string): string {
  const { task }: { readonly task: string } = JSON.parse(value.slice(value.indexOf(' ') + 1));
  return task;
}

function splitAtSpace(value: string): readonly [string, string] {
  const space = value.indexOf(' ');
  return [value.slice(0, space), value.slice(space + 1)];
}

function readFile(value: string): Actual['files'][number] {
  const [signature, path] = splitAtSpace(value);
  return { path, sha256: readSignature(signature) };
}

/** What all runs did to a host, taken back by what the host itself remembers, the newest run first. */
export const takeBackAll = defineOperation({
  name: 'take_back_all',
  schema,
  timeoutSeconds: 600,
  probe: () => joinScripts([seeRecords, sh`see_records`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return {
      hooks: valuesOf('hook'),
      tasks: [...new Set(valuesOf('step').map(readTask))],
      drift: valuesOf('drift')
        .map(splitAtSpace)
        .map(([run, path]) => ({ keptBy: run === '-' ? null : run, path })),
      files: valuesOf('file').map(readFile),
    };
  },
  diff(actual, { force }) {
    if (actual.drift.length > 0 && !force) throw drifted(actual.drift);
    return [
      ...actual.drift.map(({ path }) => ({ subject: path, action: 'overwrite, a copy goes below /var/backups' })),
      ...actual.files.map(({ path, sha256 }) => ({ subject: path, action: sha256 === null ? 'remove' : 'as before' })),
      ...actual.tasks.map((task) => ({ subject: task, action: 'take back' })),
    ];
  },
  warnings: ({ hooks }) => hooks.map((name) => `what the script hooks.${name} has done here is not known, and stays`),
  apply: (_, { drift }) =>
    joinScripts([
      takeBackScript,
      ...drift.map(({ keptBy, path }) => sh`set_aside ${keptBy ?? '-'} ${path}`),
      sh`take_back_all`,
    ]),
  undo: { irreversible: 'what was taken back is brought about again by another `up`' },
  writes: (_, { files }) => files.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [{ path, sha256 }])),
});

function drifted(drift: readonly Drift[]): ProvisionError {
  const explain = ({ keptBy, path }: Drift): string =>
    keptBy === null
      ? `${path} was changed or removed since by somebody else`
      : `${path} was changed by somebody else before ${keptBy === 'base' ? 'an early run' : `run ${keptBy}`} wrote it`;
  return new ProvisionError({
    code: 'DRIFTED',
    kind: 'operation',
    what: `${drift.length === 1 ? 'a file is' : `${drift.length} files are`} not as the runs of provision left ${drift.length === 1 ? 'it' : 'them'}`,
    why: drift.map(explain).join('\n'),
    fix: 'See what they are for; --force gives back what was there before the first run, and keeps copies below /var/backups on the host.',
  });
}
