import { joinScripts, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { type PluginsWish, pluginsSchema, pluginWords } from './awaited-plugins.ts';
import { deliveredPlugins as functions } from './delivered-plugins-script.ts';

const recordPath = ({ directory }: PluginsWish): string =>
  `/var/lib/provision/delivered-plugins/${encodeURIComponent(directory)}`;

export interface DeliveredPlugins {
  /** Names of those that are not there, or are others. */
  readonly lacking: readonly string[];
  /** Of those that are there and were not seen yet, or were touched since. */
  readonly unnoted: readonly string[];
  /** When that was seen, in seconds since the epoch on the host's own clock. */
  readonly at: number;
}

/** Proof that the plugins of an image are on the host, by their content; it puts none there itself. */
export const deliveredPlugins = defineOperation({
  name: 'delivered_plugins',
  summary: 'files that pods have put into a directory, looked at by content',
  schema: pluginsSchema,
  timeoutSeconds: 120,
  probe: (desired) =>
    joinScripts([
      functions,
      sh`echo "at $(date +%s)"
see_plugins ${recordPath(desired)} ${desired.directory} ${pluginWords(desired)}`,
    ]),
  parse(output): DeliveredPlugins {
    const lines = readLines(output);
    const namesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return { lacking: namesOf('lacking'), unnoted: namesOf('unnoted'), at: Number(namesOf('at')[0] ?? 0) };
  },
  diff: ({ lacking, unnoted }, { directory }) => [
    ...(lacking.length > 0 ? [{ subject: directory, action: `has from the image: ${lacking.join(', ')}` }] : []),
    ...(unnoted.length > 0
      ? [{ subject: directory, action: `noted as those of the image: ${unnoted.join(', ')}` }]
      : []),
  ],
  apply: (desired) =>
    joinScripts([functions, sh`note_plugins ${recordPath(desired)} ${desired.directory} ${pluginWords(desired)}`]),
  undo: (_actual, desired) => sh`restore ${recordPath(desired)}`,
});
