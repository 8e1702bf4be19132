import type { ProvisionError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { formatLocation } from '../location.ts';
import { type Display, flush } from './display.ts';

const uploadIntervalMs = 1000;

/** One JSON object a line and event; the names of its fields are those of the events, with `time` before them. */
export function createNdjson(options: { stream: NodeJS.WritableStream; now?: () => Date }): Display {
  const { stream, now = () => new Date() } = options;
  const uploadsToldAt = new Map<string, number>();

  const isDue = (event: RunEvent & { type: 'upload-progress' }, time: Date): boolean => {
    const key = `${event.host}\n${event.artifact}`;
    const last = uploadsToldAt.get(key);
    if (event.sentBytes < event.totalBytes && last !== undefined && time.getTime() - last < uploadIntervalMs)
      return false;
    uploadsToldAt.set(key, time.getTime());
    return true;
  };

  return {
    show(event) {
      const time = now();
      if (event.type === 'upload-progress' && !isDue(event, time)) return;
      const told = event.type === 'failure' ? { ...event, error: serializeError(event.error) } : event;
      stream.write(`${JSON.stringify({ time: time.toISOString(), ...told })}\n`);
    },
    close: () => flush(stream),
  };
}

/** An error as data; `where` is `file:line:column` or a host. */
export const serializeError = (error: ProvisionError) => ({
  code: error.code,
  kind: error.kind,
  what: error.what,
  where: error.where === undefined ? undefined : formatLocation(error.where),
  why: error.why,
  fix: error.fix,
  exitCode: error.exitCode,
});
