import type { ProvisionError } from '../errors.ts';
import type { Emit, HostSummary, RunEvent } from '../events.ts';
import type { Host } from './host.ts';

interface Row {
  /** How many tasks, by stage. */
  readonly changed: Map<string, number>;
  takenBack: number;
  ok: number;
  failed: number;
  seconds: number;
}

function count(row: Row, { status, stage }: RunEvent & { type: 'task-finished' }): void {
  if (status === 'changed') row.changed.set(stage, (row.changed.get(stage) ?? 0) + 1);
  else if (status !== 'skipped') row[status] += 1;
}

/** What takes back is no change either, on whatever host it got through. */
function takeBack(host: string, row: Row, { stage, hosts, by }: RunEvent & { type: 'taken-back' }): void {
  for (const one of by) row.changed.delete(one);
  if (!hosts.includes(host)) return;
  row.takenBack += row.changed.get(stage) ?? 0;
  row.changed.delete(stage);
}

/** Counts what each host does as the events go by, for the closing table. */
export function startTally(emit: Emit) {
  const startedAt = performance.now();
  const secondsSoFar = () => (performance.now() - startedAt) / 1000;
  const rows = new Map<string, Row>();
  const rowOf = (host: string) => {
    const row = rows.get(host) ?? { changed: new Map(), takenBack: 0, ok: 0, failed: 0, seconds: 0 };
    rows.set(host, row);
    return row;
  };
  const counting: Emit = (event) => {
    if ('host' in event && event.host !== undefined) {
      const row = rowOf(event.host);
      row.seconds = secondsSoFar();
      if (event.type === 'task-finished') count(row, event);
      if (event.type === 'failure') row.failed += 1;
    }
    if (event.type === 'taken-back') for (const [host, row] of rows) takeBack(host, row, event);
    emit(event);
  };
  return {
    emit: counting,
    /** Also what was taken back again. */
    hasChanged(host: string): boolean {
      const { changed, takenBack } = rowOf(host);
      return changed.size > 0 || takenBack > 0;
    },
    /** The rows of the closing table; a host's seconds end with the last thing it did. */
    close(
      names: readonly string[],
      hosts: ReadonlyMap<string, Host>,
      failed: ReadonlyMap<string, ProvisionError>,
    ): { readonly seconds: number; readonly hosts: readonly HostSummary[] } {
      const summaries = names.map((host) => {
        const carried = hosts.get(host)?.transport.counts ?? { commands: 0, uploads: 0 };
        const { changed, takenBack, ok, failed: failures, seconds } = rowOf(host);
        return {
          host,
          changed: [...changed.values()].reduce((sum, tasks) => sum + tasks, 0),
          ...(takenBack > 0 && { takenBack }),
          ok,
          failed: Math.max(failures, failed.has(host) ? 1 : 0),
          seconds,
          ...carried,
        };
      });
      return { seconds: secondsSoFar(), hosts: summaries };
    },
  };
}
