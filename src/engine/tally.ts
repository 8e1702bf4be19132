import type { ProvisionError } from '../errors.ts';
import type { Emit, HostSummary } from '../events.ts';
import type { Host } from './host.ts';

/** Counts what each host does as the events go by, for the closing table. */
export function startTally(emit: Emit) {
  const startedAt = performance.now();
  const secondsSoFar = () => (performance.now() - startedAt) / 1000;
  const rows = new Map<string, { changed: number; ok: number; failed: number; seconds: number }>();
  const rowOf = (host: string) => {
    const row = rows.get(host) ?? { changed: 0, ok: 0, failed: 0, seconds: 0 };
    rows.set(host, row);
    return row;
  };
  const counting: Emit = (event) => {
    if ('host' in event && event.host !== undefined) {
      const row = rowOf(event.host);
      row.seconds = secondsSoFar();
      if (event.type === 'task-finished' && event.status !== 'skipped') row[event.status] += 1;
      if (event.type === 'failure') row.failed += 1;
    }
    emit(event);
  };
  return {
    emit: counting,
    hasChanged: (host: string): boolean => (rows.get(host)?.changed ?? 0) > 0,
    /** The rows of the closing table; a host's seconds end with the last thing it did. */
    close(
      names: readonly string[],
      hosts: ReadonlyMap<string, Host>,
      failed: ReadonlyMap<string, ProvisionError>,
    ): { readonly seconds: number; readonly hosts: readonly HostSummary[] } {
      const summaries = names.map((host) => {
        const carried = hosts.get(host)?.transport.counts ?? { commands: 0, uploads: 0 };
        const row = rowOf(host);
        return { host, ...row, failed: Math.max(row.failed, failed.has(host) ? 1 : 0), ...carried };
      });
      return { seconds: secondsSoFar(), hosts: summaries };
    },
  };
}
