import { z } from 'zod';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, readLines, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { deliveredPlugins } from './delivered-plugins-script.ts';

/** Which files are meant, of this operation and of `delivered_plugins`. */
export const pluginsSchema = z.strictObject({
  directory: absolutePath.describe('where the runtime looks for plugins'),
  plugins: z
    .array(
      z.object({
        name: z.string().regex(/^[A-Za-z0-9._+@-]+$/, 'a plain file name'),
        sha256: sha256.describe('its SHA-256'),
      }),
    )
    .describe('what the image brings'),
});

export type PluginsWish = z.output<typeof pluginsSchema>;

/** Names and digests in turn, as scripts take them. */
export const pluginWords = ({ plugins }: PluginsWish): readonly string[] =>
  plugins.flatMap(({ name, sha256: digest }) => [name, digest]);

const listPath = ({ directory }: PluginsWish): string =>
  `/var/lib/provision/awaited-plugins/${encodeURIComponent(directory)}`;

/** As sha256sum prints it. */
const listOf = ({ plugins }: PluginsWish): readonly string[] =>
  plugins.map(({ name, sha256: digest }) => `${digest}  ${name}`);

interface Actual {
  readonly list: readonly string[];
}

/** What pods of a DaemonSet are about to put into a directory, known to the host before, and what that replaces kept for undo. */
export const awaitedPlugins = defineOperation({
  name: 'awaited_plugins',
  summary: 'what pods are to put into a directory is known there, and what that replaces is kept',
  schema: pluginsSchema,
  probe: (desired) => sh`[ ! -f ${listPath(desired)} ] || sed 's/^/listed /' ${listPath(desired)}`,
  parse: (output): Actual => ({ list: readLines(output).map(([, value]) => value) }),
  diff(actual, desired) {
    const wanted = listOf(desired);
    if (wanted.join('\n') === actual.list.join('\n')) return [];
    const others = desired.plugins.filter((_, index) => !actual.list.includes(wanted[index] ?? ''));
    const names = (others.length > 0 ? others : desired.plugins).map(({ name }) => name);
    return [{ subject: desired.directory, action: `await from the pods of flannel: ${names.join(', ')}` }];
  },
  apply: (desired) =>
    joinScripts([
      deliveredPlugins,
      sh`keep_plugins ${desired.directory} ${pluginWords(desired)}
printf '%s\n' ${listOf(desired)} | put ${listPath(desired)} 0644 root root`,
    ]),
  /** By then the pods have ended, or those of before are to come again. */
  undo: (_actual, desired) =>
    joinScripts([
      ...desired.plugins.map(({ name }) => sh`restore ${`${desired.directory}/${name}`}`),
      sh`drop_directories ${desired.directory}
restore ${listPath(desired)}`,
    ]),
});
