import type { ProvisionError } from '../errors.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { ClusterSnapshot } from '../kubernetes/cluster/cluster.ts';
import { recordNode } from '../kubernetes/cluster/node-record.ts';
import { reportFailures } from './guard.ts';
import type { Host } from './host.ts';
import { planHosts } from './plan-hosts.ts';
import { reach } from './reach.ts';
import { recording } from './recorded.ts';
import { runStage } from './run-stage.ts';
import type { RunRequest, RunState } from './run-state.ts';
import { isStopped } from './stopped.ts';
import { startTally } from './tally.ts';

/** `stopped`: as somebody asked, before its end. */
export type RunStatus = 'ok' | 'changed' | 'failed' | 'stopped';

/** Stages in order, hosts in parallel; every error ends as an event, and the status says whether there was one. */
export async function run(asked: RunRequest): Promise<RunStatus> {
  const entries: JournalEntry[] = [];
  const journal = keeping(entries, asked.journal);
  const tally = startTally(recording(asked.emit, journal));
  const request = { ...asked, journal, emit: tally.emit };
  const names = request.hosts.filter((host) => !host.outsideLimit).map((host) => host.name);
  const { id, command, undoes } = request;
  request.emit({ type: 'run-started', run: id, command, hosts: names, ...(undoes !== undefined && { undoes }) });
  const failed = new Map<string, ProvisionError>();
  const hosts = new Map<string, Host>();
  let state: RunState | undefined;
  let status: RunStatus;
  try {
    state = await reach(request, hosts, failed, entries);
    rememberNodes(request, state.snapshot);
    status = await runStages(state);
    if (state.changed) rememberNodes(request, await state.api.snapshot());
  } catch (error) {
    reportFailures(error, request.emit, {});
    status = isStopped(error) ? 'stopped' : 'failed';
  } finally {
    for (const work of state?.endings ?? [])
      await work().catch((error: unknown) => reportFailures(error, request.emit, {}));
    for (const host of hosts.values()) host.transport.close();
    await request.lock?.release();
  }
  const touched = request.hosts.filter((host) => names.includes(host.name) || tally.hasChanged(host.name));
  const rows = touched.map((host) => host.name);
  request.emit({ type: 'run-finished', status, ...tally.close(rows, hosts, failed) });
  return status;
}

async function runStages(state: RunState): Promise<RunStatus> {
  const { request, failed } = state;
  if ((await planHosts(state)) === undefined) return 'failed';
  for (const stage of request.stages) {
    const status = await runStage(stage, state);
    if (status === 'failed' || status === 'stopped') return status;
  }
  if (failed.size > 0) return 'failed';
  return state.changed ? 'changed' : 'ok';
}

/** A full disk is no reason to leave a cluster half changed. */
function rememberNodes({ memory, emit }: RunRequest, { nodes }: ClusterSnapshot): void {
  try {
    memory?.keep(nodes.map(recordNode));
  } catch (error) {
    const message = `what Nodes there are could not be kept, for a rebuild to know: ${(error as Error).message}`;
    emit({ type: 'warning', message });
  }
}

const keeping = (entries: JournalEntry[], journal: Journal): Journal => ({
  record(entry) {
    journal.record(entry);
    entries.push(entry);
  },
});
