import type { Change } from '../events.ts';
import type { Paint } from './paint.ts';
import { count, printable } from './words.ts';

const contextLines = 2;
const mostLines = 60;

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
  return changes.flatMap(({ subject, action, before, after }) => [
    `    ${printable(`${subject}: ${action}`)}`,
    ...(before === undefined || after === undefined ? [] : formatDifference(before, after, paint)),
  ]);
}

function formatDifference(before: string, after: string, paint: Paint): string[] {
  const old = toLines(before);
  const wanted = toLines(after);
  let head = 0;
  while (head < old.length && head < wanted.length && old[head] === wanted[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, wanted.length) - head && old.at(-1 - tail) === wanted.at(-1 - tail)) tail += 1;
  const end = old.length - tail;
  const lines = [
    ...old.slice(Math.max(0, head - contextLines), head).map((line) => paint.dim(`        ${line}`)),
    ...old.slice(head, end).map((line) => paint.red(`      - ${line}`)),
    ...wanted.slice(head, wanted.length - tail).map((line) => paint.green(`      + ${line}`)),
    ...old.slice(end, end + contextLines).map((line) => paint.dim(`        ${line}`)),
  ];
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), paint.dim(`        … and ${count(lines.length - mostLines, 'more line')}`)];
}

const toLines = (text: string): string[] => (text === '' ? [] : printable(text).replace(/\n$/, '').split('\n'));
