import type { RunEvent } from '../events.ts';
import { describeChanges, formatChanges } from './change-text.ts';
import type { DisplayOptions } from './display.ts';
import type { Paint } from './paint.ts';
import { printable } from './words.ts';

type TaskFinished = RunEvent & { readonly type: 'task-finished' };

/** `node1  changed  CNI plugins are unpacked (13 files)`. */
export function formatLine(host: string, status: string, text: string, hostWidth: number): string {
  return `${host.padEnd(hostWidth)}  ${status}${' '.repeat(Math.max(0, 7 - visibleLength(status)))}  ${text}`;
}

const visibleLength = (text: string): number => text.replace(/\u001b\[\d+m/g, '').length;

/** What a finished task is worth saying: nothing where it was ok and nobody asked; proofs of the cluster once for all hosts. */
export function createTaskLines({ verbose }: DisplayOptions, paint: Paint) {
  const told = new Set<string>();
  return (event: TaskFinished, hostWidth: number): string[] => {
    const { host, task, status, changes, detail } = event;
    const text = verbose ? describeChanges([], detail) : describeChanges(changes, detail);
    const sentence = printable(task) + (text ? ` (${text})` : '');
    if (verbose) {
      const line = formatLine(host, colorStatus(status, paint), sentence, hostWidth);
      return [line, ...(status === 'changed' ? formatChanges(changes, paint) : [])];
    }
    if (status === 'changed' || status === 'failed') {
      return [formatLine(host, colorStatus(status, paint), sentence, hostWidth)];
    }
    const key = `${event.stage}\n${sentence}`;
    if (status === 'skipped' || detail === undefined || told.has(key)) return [];
    told.add(key);
    return [formatLine('all', colorStatus(status, paint), sentence, hostWidth)];
  };
}

function colorStatus(status: TaskFinished['status'], paint: Paint): string {
  if (status === 'changed') return paint.yellow(status);
  if (status === 'failed') return paint.red(status);
  return status === 'ok' ? paint.green(status) : paint.dim(status);
}
