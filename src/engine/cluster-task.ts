import type { Change } from '../events.ts';
import type { ClusterView } from '../operations/cluster-operation.ts';
import { unprovenMark } from '../operations/facts/facts.ts';
import { lastWords } from '../operations/units/last-words.ts';
import { joinScripts, sh } from '../shell.ts';
import { type Batch, surroundings } from './batch.ts';
import { guard } from './guard.ts';
import type { Host } from './host.ts';
import type { Entry } from './planner.ts';
import { imagesOf, readFurther } from './read-further.ts';
import { awaitingEntry } from './recorded.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

export interface ClusterTask {
  readonly stage: Stage;
  readonly entry: Entry & { kind: 'cluster' };
  readonly hosts: readonly Host[];
  /** The batch that these hosts are of. */
  readonly batch: Batch;
  /** Whether a host of the batch has changed in this stage. */
  readonly batchChanged: boolean;
}

/** Runs one task on the cluster for the hosts of a batch; true when there was something to do. */
export async function runClusterTask(task: ClusterTask, state: RunState): Promise<boolean> {
  const { stage, entry, hosts, batch, batchChanged } = task;
  const { emit, verify } = state.request;
  const alive = () => hosts.filter((host) => !state.failed.has(host.name));
  const read = () => readFurther(entry.operation, entry.desired, alive(), state);
  let further = await read();
  const view = (): ClusterView => ({
    snapshot: state.snapshot,
    ...further,
    ...surroundings(alive(), stage, batch, state),
    changed: state.changed,
    batchChanged,
    verify,
  });
  const finish = (status: 'ok' | 'skipped', changes: readonly Change[], detail?: string): void => {
    for (const host of alive()) {
      emit({ type: 'task-finished', ...report, host: host.name, status, changes, ...(detail && { detail }) });
    }
  };
  const report = { stage: stage.name, task: entry.name } as const;
  if (state.changed) state.snapshot = await state.api.snapshot();
  const notDone = entry.operation.notDone?.(view(), entry.desired);
  if (notDone !== undefined) {
    emit({ type: 'warning', message: notDone });
    finish('skipped', [], notDone.split('\n')[0]);
    return false;
  }
  const changes = entry.operation.diff(view(), entry.desired);
  if (changes.length === 0) {
    finish('ok', changes);
    return false;
  }
  await state.request.lock?.confirm();
  const objects = entry.operation.remember?.(view(), entry.desired) ?? [];
  state.request.journal.record(awaitingEntry(stage, entry, hosts, changes, objects));
  const { countsAsChange } = entry.operation;
  const changesOf = (host: Host) =>
    countsAsChange
      ? entry.operation.diff(
          { ...view(), hosts: [host], changing: view().changing.filter((one) => one === host) },
          entry.desired,
        )
      : changes;
  const changesByHost = new Map(hosts.map((host) => [host, changesOf(host)]));
  for (const host of hosts) emit({ type: 'task-started', ...report, host: host.name });
  if (countsAsChange) state.changed = true;
  const detail = await entry.operation.apply(
    {
      run: state.request.id,
      api: state.api,
      pushImage: (image, progress) => imagesOf(state.request).push(image, progress),
      isAlone: state.request.lock !== undefined,
      async look() {
        await Promise.all(alive().map((host) => guard(host, stage, state, () => host.trip({ items: [] }))));
        state.snapshot = await state.api.snapshot();
        further = await read();
        return view();
      },
      async lastLines(name, unit) {
        const script = joinScripts([lastWords, sh`unit_words ${unit} 0 '' -u ${unit}`]).source;
        const answers = await state.hosts
          .get(name)
          ?.trip({ items: [{ id: 'journal', kind: 'probe', timeoutSeconds: 20, source: script }] });
        return answers?.get('journal')?.stdout.trim() ?? '';
      },
      async markProven() {
        const source = sh`rm -f ${unprovenMark}`.source;
        const item = { id: 'proven', kind: 'apply', timeoutSeconds: 20, source } as const;
        await Promise.all(alive().map((host) => guard(host, stage, state, () => host.trip({ items: [item] }))));
      },
      atEnd: (work) => state.endings.push(work),
      progress: (text) => emit({ type: 'progress', ...report, detail: text }),
    },
    view(),
    entry.desired,
  );
  // while it waited, others may have changed what was seen
  for (const host of hosts) state.planner.forget(host);
  for (const host of alive()) {
    const own = changesByHost.get(host) ?? [];
    const status = countsAsChange && own.length > 0 ? 'changed' : 'ok';
    emit({ type: 'task-finished', ...report, host: host.name, status, changes: own, detail });
  }
  further = await read();
  const stillNotDone = entry.operation.notDone?.(view(), entry.desired);
  if (stillNotDone !== undefined) emit({ type: 'warning', message: stillNotDone });
  return true;
}
