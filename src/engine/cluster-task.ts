import type { Change } from '../events.ts';
import type { ClusterView } from '../operations/cluster-operation.ts';
import { unprovenMark } from '../operations/facts.ts';
import { lastWords } from '../operations/service-script.ts';
import { joinScripts, sh } from '../shell.ts';
import { guard } from './guard.ts';
import type { Host } from './host.ts';
import type { Entry } from './planner.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

export interface ClusterTask {
  readonly stage: Stage;
  readonly entry: Entry & { kind: 'cluster' };
  readonly hosts: readonly Host[];
  /** Whether a host of the batch has changed in this stage. */
  readonly batchChanged: boolean;
}

/** Runs one task on the cluster for the hosts of a batch; true when there was something to do. */
export async function runClusterTask(task: ClusterTask, state: RunState): Promise<boolean> {
  const { stage, entry, hosts, batchChanged } = task;
  const { emit, verify } = state.request;
  const alive = () => hosts.filter((host) => !state.failed.has(host.name));
  const view = (): ClusterView => ({
    snapshot: state.snapshot,
    hosts: alive(),
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
    finish('skipped', [], notDone);
    return false;
  }
  const changes = entry.operation.diff(view(), entry.desired);
  if (changes.length === 0) {
    finish('ok', changes);
    return false;
  }
  for (const host of hosts) emit({ type: 'task-started', ...report, host: host.name });
  const detail = await entry.operation.apply(
    {
      api: state.api,
      async look() {
        await Promise.all(alive().map((host) => guard(host, stage, state, () => host.trip({ items: [] }))));
        state.snapshot = await state.api.snapshot();
        return view();
      },
      async lastLines(name, unit) {
        const script = joinScripts([
          lastWords,
          sh`journalctl -q --no-pager -o cat -n 2000 -u ${unit} 2>/dev/null | last_words`,
        ]).source;
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
      progress: (text) => emit({ type: 'progress', ...report, detail: text }),
    },
    view(),
    entry.desired,
  );
  // while it waited, others may have changed what was seen
  for (const host of hosts) state.planner.forget(host);
  for (const host of alive())
    emit({ type: 'task-finished', ...report, host: host.name, status: 'ok', changes, detail });
  return true;
}
