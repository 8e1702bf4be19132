import type { Inventory } from '../config/host.ts';
import type { Host } from '../engine/host.ts';
import type { RunRequest } from '../engine/run-state.ts';
import type { Emit, RunEvent } from '../events.ts';
import type { ClusterSnapshot, PodState } from '../kubernetes/cluster/cluster.ts';
import { type BatchedOptions, prepareBatched, sayBatched } from './batched-run.ts';
import { describeMigration } from './migration.ts';
import { runPlanned } from './planned-run.ts';
import type { PreparedRun } from './wire/wire-run.ts';

export interface MigrateOptions extends BatchedOptions {
  readonly purge: boolean;
}

/** The stage in which nodes go, as the playbook calls it. */
const leaving = 'Nodes leave docker0 for the pod network';

/** The command `migrate`; resolves to its exit code: 0, 1 for a question answered with no, or that of the first failure. */
export const migrate = (inventory: string, options: MigrateOptions): Promise<number> =>
  runPlanned(options, {
    ...sayBatched(inventory),
    command: 'migrate',
    inventory,
    prepare: (emit) => prepare(inventory, options, emit),
    question: 'Migrate the pod network?',
    wouldBe: 'the pod network would be migrated',
  });

async function prepare(file: string, options: MigrateOptions, emit: Emit): Promise<PreparedRun> {
  const run = await prepareBatched('migrate', file, options, emit);
  let isTold = false;
  return {
    ...run,
    begin(emit: Emit): RunRequest {
      if (isTold) return run.begin(emit);
      isTold = true;
      const story = tellingStory(run.inventory, options.purge, emit);
      return story.watch(run.begin(story.emit));
    },
  };
}

/** Tells what the migration means as soon as the order of nodes is known, or when something forbids it before that. */
function tellingStory(inventory: Inventory, purge: boolean, emit: Emit) {
  let hosts: readonly Host[] = [];
  let seen: { readonly snapshot: ClusterSnapshot; readonly pods: readonly PodState[] } | undefined;
  let isTold = false;
  const tell = (order: readonly (readonly string[])[] | null): void => {
    if (isTold || seen === undefined || hosts.length === 0) return;
    isTold = true;
    emit({ type: 'migration', ...describeMigration({ hosts, ...seen, inventory, order, purge }) });
  };
  return {
    emit(event: RunEvent): void {
      if (event.type === 'stage-planned' && event.stage === leaving) tell(event.batches);
      if (event.type === 'failure') tell(null);
      emit(event);
    },
    /** The same run, whose first look is kept. */
    watch: (request: RunRequest): RunRequest => ({
      ...request,
      async openCluster() {
        const api = await request.openCluster();
        return {
          ...api,
          async snapshot() {
            const snapshot = await api.snapshot();
            seen ??= { snapshot, pods: await api.podsOn(snapshot.nodes.map(({ name }) => name)) };
            return snapshot;
          },
        };
      },
      check(reached, snapshot) {
        request.check(reached, snapshot);
        hosts = reached;
      },
    }),
  };
}
