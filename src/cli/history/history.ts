import type { Option } from 'commander';
import { findRun } from '../../journal/history.ts';
import { listRuns } from '../../journal/recorded-run.ts';
import { detailRun, type RunDetails, type RunSummary, summarizeRun } from '../../journal/summary.ts';
import { quote } from '../../shell.ts';
import { typedOptions } from '../command-line/typed-options.ts';
import { localTime } from '../run/execute-run.ts';
import { isAlive, runsFolder } from '../wire/begin-journal.ts';

type Format = 'text' | 'json';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The command `history`: the runs of this folder, the newest last. */
export function history(format: Format): void {
  const runs = listRuns(runsFolder());
  const summaries = runs.map((run) => summarizeRun(run, runs, isAlive));
  if (format === 'json') for (const summary of summaries) say(JSON.stringify(summary));
  else if (summaries.length === 0) say('No run of this folder has changed anything.');
  else for (const line of table([columns, ...summaries.map(row)])) say(line);
}

const columns = ['run', 'when', 'command', 'status', 'hosts', 'changes', 'undone by'];

const row = (run: RunSummary): string[] => [
  run.run,
  localTime(run.began),
  run.undoes ? `${run.command} ${run.undoes}` : run.command,
  run.status,
  String(run.hosts.length),
  `${run.changes}${run.begun > 0 ? ` (${run.begun} begun)` : ''}`,
  undoneBy(run),
];

/** `itself` for a batch that failed. */
export function undoneBy({ takenBack, undoneBy, partlyUndone, hosts }: RunSummary): string {
  const by = [...(takenBack.length > 0 ? ['itself'] : []), ...undoneBy];
  const isInPart = partlyUndone || (undoneBy.length === 0 && by.length > 0 && hosts.length > 0);
  return `${by.join(', ')}${isInPart ? ' (in part)' : ''}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, index) => Math.max(...rows.map((cells) => cells[index]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The command `history show`: what one run did; `optionsOf` knows what can be typed after a command. Throws RUN_NOT_FOUND. */
export function historyShow(
  id: string,
  format: Format,
  optionsOf: (command: string) => readonly Option[] | undefined,
): void {
  const runs = listRuns(runsFolder());
  const details = detailRun(findRun(runs, id), runs, isAlive);
  if (format === 'json') say(JSON.stringify(details));
  else for (const line of describe(details, optionsOf(details.command) ?? [])) say(line);
}

function describe(run: RunDetails, known: readonly Option[]): string[] {
  const words = [run.command, quote(run.undoes ?? run.inventory), ...typedOptions(known, run.options)];
  const { user, machine, versions } = run.by;
  return [
    `run        ${run.run}: ${run.status}, ${run.seconds.toFixed(0)} s`,
    `began      ${localTime(run.began)} by ${user} on ${machine}, provision ${versions['provision']}`,
    `command    provision ${words.join(' ')}`,
    ...(run.resumes ? [`resumes    ${run.resumes}`] : []),
    ...(undoneBy(run) === '' ? [] : [`undone by  ${undoneBy(run)}`]),
    ...run.tasks.flatMap(({ host, tasks }) => [
      '',
      host,
      ...tasks.flatMap(({ task, applied, changes }) => [
        `  ${task}${applied ? '' : ' (begun; its end is not known)'}`,
        ...changes.map(({ subject, action }) => `    ${subject}: ${action}`),
      ]),
    ]),
    ...section(
      'failures',
      run.failures.map(({ host, code, what }) => `${host ? `${host}: ` : ''}${code} ${what}`),
    ),
    ...section('not taken back by undo', run.irreversible),
  ];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
