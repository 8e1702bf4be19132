import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { joinScripts, sh } from '../../shell.ts';
import { cacheFolder } from '../facts/facts.ts';
import { absolutePath, fileMode, readField, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { installProgram, type Program, seeProgram } from './binary-script.ts';

const schema = z.strictObject({
  path: absolutePath.describe('where the program is'),
  artifact: z
    .strictObject({
      path: z.string().min(1).describe('the program on the machine provision runs on'),
      sha256: sha256.describe('its SHA-256'),
      version: z.string().optional().describe('the version it has to say of itself'),
    })
    .optional()
    .describe('the file to put there; without one, a program only has to be there'),
  version_argument: z.string().default('-version').describe('the argument that makes it tell its version'),
  mode: fileMode.default('0755').describe('permissions in octal'),
  bundled: z.array(z.string()).default([]).describe('names that an archive unpacked before brings'),
  setting: z.string().default('').describe('the setting of the inventory that names the artifact, for an error'),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly sha256: string;
  readonly version: string;
  /** Whether a program that can be started is there. */
  readonly usable: boolean;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const bareVersion = (version: string): string => version.replace(/^v/, '');

const programOf = ({ path, artifact, version_argument }: Desired): Program => ({
  path,
  record: `/var/lib/provision/programs/${encodeURIComponent(path)}`,
  sha256: artifact?.sha256 ?? '',
  argument: artifact?.version === undefined ? '' : version_argument,
});

const programMissing = ({ path, setting }: Desired): ProvisionError =>
  new ProvisionError({
    code: 'PROGRAM_MISSING',
    kind: 'operation',
    what: `there is no program ${path}, and nothing brings it`,
    fix: setting
      ? `Name the program in ${setting} of the inventory, or put it there by hand.`
      : 'Put it there by hand.',
  });

function changesOf(actual: Actual, desired: Desired): readonly Change[] {
  const { path, artifact, mode } = desired;
  if (artifact === undefined) {
    if (actual.usable || desired.bundled.includes(nameOf(path))) return [];
    throw programMissing(desired);
  }
  if (actual.kind === 'absent') return [{ subject: path, action: `install ${artifact.path}` }];
  if (actual.sha256 !== artifact.sha256) return [{ subject: path, action: `replace by ${artifact.path}` }];
  if (actual.version !== '' && artifact.version && bareVersion(actual.version) !== bareVersion(artifact.version))
    throw new ProvisionError({
      code: 'VERSION_DIFFERS',
      kind: 'operation',
      what: `${nameOf(path)} is to be version ${bareVersion(artifact.version)} and says of itself: ${actual.version}`,
      where: artifact.path,
      fix: 'Name another program, or correct its version in the inventory.',
    });
  const seen = `${actual.mode.padStart(4, '0')} ${actual.owner}`;
  const wanted = `${mode.padStart(4, '0')} root:root`;
  return seen === wanted ? [] : [{ subject: path, action: `${seen} → ${wanted}` }];
}

/** One program at its place, from an artifact; one that runs can be replaced. */
export const binary = defineOperation({
  name: 'binary',
  summary: 'one program at its place, also over one that runs; its version is asked of it before',
  schema,
  timeoutSeconds: 180,
  probe: (desired) => seeProgram(programOf(desired)),
  parse(output): Actual {
    const [mode = '', owner = ''] = readField(output, 'mode').split(' ');
    return {
      kind: readField(output, 'kind'),
      mode,
      owner,
      sha256: readField(output, 'sum'),
      version: readField(output, 'version'),
      usable: readField(output, 'usable') === 'yes',
    };
  },
  diff: changesOf,
  apply: (desired) =>
    installProgram(programOf(desired), {
      cached: `${cacheFolder}/${desired.artifact?.sha256}`,
      mode: desired.mode,
      version: desired.artifact?.version ?? '',
    }),
  undo: (_actual, desired) => joinScripts([sh`restore ${desired.path}`, sh`restore ${programOf(desired).record}`]),
  writes: ({ path, artifact }) => (artifact === undefined ? [] : [{ path, sha256: artifact.sha256 }]),
  artifacts: ({ artifact }) => (artifact === undefined ? [] : [{ path: artifact.path, sha256: artifact.sha256 }]),
});
