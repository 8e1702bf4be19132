import { ProvisionError } from '../errors.ts';
import { entriesOf } from '../journal/recorded-run.ts';
import { differs, type HostPlan } from './planner.ts';
import type { RunState } from './run-state.ts';
import type { Stage } from './stage.ts';

/** What became of the hosts of a batch that failed. */
export interface Outcome {
  /** As they were before the batch. */
  readonly back: readonly string[];
  /** Left as they are, cordoned, for somebody to look at. */
  readonly kept: readonly string[];
  /** Neither: they cannot be reached, or do not come back. */
  readonly stuck: readonly string[];
}

/** What was to be changed on a host: the words of command lines that come or go, else the changes by name. */
function tellChanges({ planned }: HostPlan): readonly string[] {
  const changes = planned.flatMap((one) => one.changes);
  return changes.flatMap(({ subject, action, before, after }) => {
    if (before === undefined || after === undefined) return [];
    const [old, now] = [before.split('\n'), after.split('\n')];
    const lines = [
      ...old.filter((line) => !now.includes(line)).map((line) => `without ${line.trim()}`),
      ...now.filter((line) => !old.includes(line)).map((line) => `with ${line.trim()}`),
    ];
    return [`${subject}: ${lines.length > 0 && lines.length <= 10 ? lines.join(', ') : action}`];
  });
}

const mostSubjects = 5;

/** What was sent, by name alone: hosts that change together mostly change the same. */
function tellTogether(names: readonly string[], stage: string, state: RunState): readonly string[] {
  const hosts = new Map<string, string[]>();
  for (const name of names) {
    const ofHost = entriesOf(state, 'applying').filter((entry) => entry.stage === stage && entry.host === name);
    const ofCluster = entriesOf(state, 'awaiting').filter(
      (entry) => entry.isChange && entry.stage === stage && entry.hosts.includes(name),
    );
    const tasks = [...ofHost.flatMap((entry) => entry.tasks), ...ofCluster.map((entry) => entry.task)];
    const changes = tasks.flatMap((task) => task.changes);
    const subjects = [...new Set(changes.map(({ subject }) => subject))];
    const more = subjects.length > mostSubjects ? ` and ${subjects.length - mostSubjects} more` : '';
    const text =
      subjects.length > 0 ? `changed ${subjects.slice(0, mostSubjects).join(', ')}${more}` : 'not changed yet';
    hosts.set(text, [...(hosts.get(text) ?? []), name]);
  }
  return [...hosts].map(([text, list]) => `${list.join(', ')}: ${text}`);
}

/** Says where a batch ended, and what became of its hosts. */
export function rollStopped(
  stage: Stage,
  batch: readonly HostPlan[],
  { back, kept, stuck }: Outcome,
  state: RunState,
): ProvisionError {
  const { resumes } = state.request;
  const begun = batch.filter(differs);
  const names = begun.map(({ host }) => host.name);
  const sent = entriesOf(state, 'applying').filter((entry) => entry.stage === stage.name);
  const atOnce = stage.rolling?.allOrNone === true;
  const told = atOnce
    ? tellTogether(names, stage.name, state)
    : begun.flatMap((plan) => {
        const isSent = sent.some((entry) => entry.host === plan.host.name);
        return isSent
          ? tellChanges(plan).map((text) => `${plan.host.name}: ${text}`)
          : [`${plan.host.name}: not changed yet`];
      });
  const are = (list: readonly string[], text: string) => (list.length > 0 ? [`${list.join(', ')}: ${text}`] : []);
  return new ProvisionError({
    code: 'ROLL_STOPPED',
    kind: 'operation',
    what: atOnce
      ? `stopped in '${stage.name}', for all of ${names.join(', ')} at once; no stage after it was begun`
      : `stopped at ${names.join(', ')} in '${stage.name}'; no batch after it was begun`,
    why: [
      ...told,
      ...are(back, 'as before, taken back'),
      ...are(kept, 'left as it is and cordoned, to be looked at'),
      ...are(stuck, 'could not be taken back'),
    ].join('\n'),
    fix: [
      ...(kept.length > 0
        ? [`Look at ${kept.join(', ')}; provision undo ${state.request.id} takes the change back and lifts the cordon.`]
        : []),
      ...(stuck.length > 0
        ? [`Once ${stuck.join(', ')} can be reached, provision undo ${state.request.id} takes back what is left of it.`]
        : []),
      `Mend what the error above names, then go on: provision resume.${atOnce ? '' : ' What came by --set it brings again: correct that in a roll of its own.'}`,
      ...(resumes === undefined
        ? []
        : [
            `What run ${resumes}, which this one goes on with, changed there before stands: provision undo ${resumes}.`,
          ]),
    ].join(' '),
  });
}
