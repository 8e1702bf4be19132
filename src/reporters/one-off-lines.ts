import type { OneOffSetting, RunEvent } from '../events.ts';
import { printable } from './words.ts';

/** How to keep what was asked for one run alone. */
export const formatOneOffs = ({ inventory, settings }: RunEvent & { type: 'one-off-settings' }): string[] =>
  settings.flatMap((setting) => formatOneOff(inventory, setting)).map(printable);

function formatOneOff(inventory: string, { set, path, value, written, lines }: OneOffSetting): string[] {
  const places = written.join(', ');
  const wanted = `${path.at(-1)}: ${set.slice(set.indexOf('=') + 1)}`;
  const change = value === null ? `take it out at ${places}` : `write ${wanted} at ${places}`;
  const keep = [
    ...(written.length > 0 ? [change] : []),
    ...(lines === '' ? [] : [`write into ${inventory}${written.length > 0 ? ' for the other hosts' : ''}:`]),
  ];
  return [
    '',
    `--set ${set} is for this run alone: the next provision up, or roll without it, takes it back.`,
    `To keep it, ${keep.join(', and ')}`,
    ...(lines === '' ? [] : lines.split('\n').map((line) => `    ${line}`)),
  ];
}
