import type { RunEvent } from '../events.ts';
import { type Display, type DisplayOptions, flush } from './display.ts';
import { formatFailure } from './error-text.ts';
import { formatHostKey } from './host-key-lines.ts';
import { formatMigration } from './migration-lines.ts';
import { formatNetworkChange } from './network-change-lines.ts';
import { formatOneOffs } from './one-off-lines.ts';
import { createPaint } from './paint.ts';
import { createPlanLines } from './plan-lines.ts';
import { holdFailures } from './same-failures.ts';
import { formatLastLine, formatTable } from './summary.ts';
import { createTaskLines, formatLine } from './task-lines.ts';
import { count, fileName, formatMegabytes, printable, someOf } from './words.ts';

const uploadSteps = 4;

/** A log of lines, for where there is no terminal. */
export function createPlain(options: DisplayOptions): Display {
  const { stream, color, verbose } = options;
  const paint = createPaint(color);
  const taskLines = createTaskLines(options, paint);
  const planLines = createPlanLines(options, paint);
  const uploads = new Map<string, number>();
  let hostWidth = 0;
  let lastProgress = '';

  const uploadLines = (event: RunEvent & { type: 'upload-progress' }): string[] => {
    const key = `${event.host}\n${event.artifact}`;
    const step = event.totalBytes === 0 ? uploadSteps : Math.floor((uploadSteps * event.sentBytes) / event.totalBytes);
    if (step <= (uploads.get(key) ?? 0)) return [];
    uploads.set(key, step);
    const text = `${fileName(event.artifact)} ${(100 * step) / uploadSteps} % of ${formatMegabytes(event.totalBytes)} MB`;
    return [formatLine(event.host, 'upload', text, hostWidth)];
  };

  const progressLines = (detail: string): string[] => {
    if (detail === lastProgress) return [];
    lastProgress = detail;
    return [formatLine('all', paint.dim('waiting'), printable(detail), hostWidth)];
  };

  const linesOf = (event: RunEvent): string[] => {
    switch (event.type) {
      case 'run-started':
        hostWidth = Math.max('all'.length, ...event.hosts.map((host) => host.length));
        return [`${event.command}: ${count(event.hosts.length, 'host')}${verbose ? `, run ${event.run}` : ''}`];
      case 'host-connected':
        return verbose ? [formatLine(event.host, 'reached', '', hostWidth).trimEnd()] : [];
      case 'stage-started':
        return [paint.bold(`== ${event.stage}`) + paint.dim(` (${count(event.hosts.length, 'host')})`)];
      case 'batch-started':
        return [paint.dim(`-- batch ${event.batch}: ${someOf(event.hosts)}`)];
      case 'task-started':
        return [];
      case 'task-finished':
        return taskLines(event, hostWidth);
      case 'upload-progress':
        return uploadLines(event);
      case 'progress':
        return progressLines(event.detail);
      case 'stage-finished':
      case 'taken-back':
        return [];
      case 'stage-planned':
      case 'task-planned':
      case 'plan-finished':
        return [];
      case 'warning':
        return [`${paint.yellow('warning')}: ${event.host ? `${event.host}: ` : ''}${printable(event.message)}`];
      case 'host-key':
        return formatHostKey(event);
      case 'network-change':
        return formatNetworkChange(event);
      case 'one-off-settings':
        return formatOneOffs(event);
      case 'migration':
        return formatMigration(event);
      case 'stopping':
        return [printable(event.message)];
      case 'failure':
        return [formatFailure(event, color)];
      case 'run-finished':
        return ['', ...formatTable(event.hosts, paint), formatLastLine(event, paint)];
    }
  };

  const write = (lines: readonly string[]): void => {
    for (const line of lines) stream.write(`${line}\n`);
  };
  const failures = holdFailures((joined) => write(joined.flatMap(linesOf)));

  return {
    show(event) {
      const isOfHost = event.type === 'failure' && event.host !== undefined;
      if (!isOfHost) failures.release();
      write(planLines(event));
      if (isOfHost) failures.hold(event);
      else write(linesOf(event));
    },
    close() {
      failures.release();
      return flush(stream);
    },
  };
}
