import { structuredPatch } from 'diff';
import type { Change } from '../events.ts';
import type { Paint } from './paint.ts';
import { count, printable } from './words.ts';

const contextLines = 2;
const mostLines = 60;
export interface DifferenceOptions {
  /** Lines around those that differ. */
  readonly context?: number;
  /** Lines after which it is cut. */
  readonly most?: number;
  /** Where the rest can be seen. */
  readonly hint?: string;
}

/** A few words for what a task did: its own, the only change, or how many there were. */
export function describeChanges(changes: readonly Change[], detail?: string): string {
  const [first] = changes;
  const words =
    detail ??
    (first === undefined
      ? ''
      : changes.length === 1
        ? `${first.subject}: ${first.action}`
        : count(changes.length, 'change'));
  return printable(words).replaceAll('\n', ' ');
}

/** Each change with the lines that differ, indented. */
export function formatChanges(changes: readonly Change[], paint: Paint): string[] {
  return changes.flatMap((change) => [
    `    ${formatAction(change)}`,
    ...formatDifference(change, paint, { most: mostLines }),
  ]);
}

export const formatAction = ({ subject, action }: Change): string => printable(`${subject}: ${action}`);

/** The lines that differ with those around them; none where there is no text or it may not be shown. */
export function formatDifference(
  { before, after }: Change,
  paint: Paint,
  { context = contextLines, most = Number.POSITIVE_INFINITY, hint = '' }: DifferenceOptions = {},
): string[] {
  if (before === undefined || after === undefined) return [];
  const { hunks } = structuredPatch('', '', printable(before), printable(after), '', '', { context });
  const lines = hunks.flatMap((hunk, index) => [
    ...(index > 0 ? [paint.dim('        …')] : []),
    ...hunk.lines.filter((line) => !line.startsWith('\\')).map((line) => formatPatchLine(line, paint)),
  ]);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), paint.dim(`        … and ${count(lines.length - most, 'more line')}${hint}`)];
}

function formatPatchLine(line: string, paint: Paint): string {
  const text = line.slice(1);
  if (line.startsWith('-')) return paint.red(`      - ${text}`);
  return line.startsWith('+') ? paint.green(`      + ${text}`) : paint.dim(`        ${text}`);
}
