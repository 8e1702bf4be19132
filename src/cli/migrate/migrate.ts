import type { Inventory } from '../../config/host.ts';
import type { Stage } from '../../config/playbook.ts';
import type { Host } from '../../engine/host.ts';
import type { RunRequest } from '../../engine/run-state.ts';
import type { Emit, Migration, RunEvent } from '../../events.ts';
import type { ClusterSnapshot, PodState } from '../../kubernetes/cluster/cluster.ts';
import { type BatchedOptions, prepareBatched, sayBatched } from '../run/batched-run.ts';
import { runPlanned } from '../run/planned-run.ts';
import type { PreparedRun } from '../wire/wire-run.ts';
import { describeMigration } from './migration.ts';
import { watchTasks, whatElse } from './migration-tasks.ts';

export interface MigrateOptions extends BatchedOptions {
  readonly purge: boolean;
}

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
      const story = tellingStory(run, file, options.purge, emit);
      return story.watch(run.begin(story.emit));
    },
  };
}

/** Tells what the migration means as soon as the order of nodes is known, or when something forbids it before that. */
function tellingStory(
  { inventory, stages }: { readonly inventory: Inventory; readonly stages: readonly Stage[] },
  file: string,
  purge: boolean,
  emit: Emit,
) {
  let hosts: readonly Host[] = [];
  let seen: { readonly snapshot: ClusterSnapshot; readonly pods: readonly PodState[] } | undefined;
  let told: Migration | undefined;
  const describe = (order: Migration['order']): Migration | undefined =>
    seen === undefined || hosts.length === 0
      ? undefined
      : describeMigration({ hosts, ...seen, inventory, order, purge });
  const tell = (story: Migration | undefined): void => {
    if (told !== undefined || story === undefined) return;
    told = story;
    emit({ type: 'migration', ...story });
  };
  const tasks = watchTasks(stages);
  return {
    emit(event: RunEvent): void {
      if (event.type === 'stage-planned' && event.stage === tasks.leaving) tell(describe(event.batches));
      if (event.type === 'failure') tell(describe(null));
      tasks.see(event);
      if (event.type === 'plan-finished' && event.status === 'due' && told?.isNeeded === false && tasks.areUsual())
        emit({ type: 'warning', message: whatElse(file) });
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
        // what there is to do all the same comes after it
        const story = describe([]);
        if (story?.isNeeded === false) tell(story);
      },
    }),
  };
}
