import { readLines } from '../fields.ts';
import type { Upcoming } from '../operation.ts';
import { isStale, type ProcessCommand, parseCommand } from './process-command.ts';

export interface WatchedFile {
  readonly path: string;
  /** Null when it is not there. */
  readonly sha256: string | null;
  /** Seconds since 1970; of the nearest directory above when the file is not there. */
  readonly changedAt: number;
}

export interface ServiceState {
  /** As `systemctl show` prints them. */
  readonly properties: ReadonlyMap<string, string>;
  /** Which start of the unit this is; differs after every start. */
  readonly process: string;
  /** Seconds since 1970; null when it never ran since boot. */
  readonly startedAt: number | null;
  readonly watched: readonly WatchedFile[];
  /** What the files were when a process was started by us. */
  readonly stamp: {
    readonly process: string;
    readonly files: ReadonlyMap<string, string | null>;
    /** Digest of the texts its command line was made of. */
    readonly texts: string | undefined;
  } | null;
  /** Only where it was asked for and can be compared. */
  readonly command: ProcessCommand | undefined;
}

/** Two readings of different clocks are compared: less than this is no difference. */
const toleranceSeconds = 0.05;

const orNull = (hash: string): string | null => (hash === 'absent' ? null : hash);

export function parseService(output: string, unit: string): ServiceState {
  const lines = readLines(output);
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const properties = new Map(lines.filter(([key]) => /^[A-Z]/.test(key)));
  const [now = 0, uptime = 0] = (valuesOf('clock')[0] ?? '').split(' ').map(Number.parseFloat);
  const micros =
    Number(properties.get('ExecMainStartTimestampMonotonic') ?? 0) ||
    Number(properties.get('ActiveEnterTimestampMonotonic') ?? 0);
  const stamped = valuesOf('stamp-process')[0];
  return {
    properties,
    process:
      properties.get('InvocationID') ||
      `${valuesOf('boot')[0]}:${properties.get('ExecMainStartTimestampMonotonic') ?? '0'}`,
    startedAt: micros === 0 ? null : now - uptime + micros / 1e6,
    watched: valuesOf('watched').map((value) => {
      const [time = '', hash = '', ...path] = value.split(' ');
      return { path: path.join(' '), sha256: orNull(hash), changedAt: Number.parseFloat(time) };
    }),
    stamp:
      stamped === undefined
        ? null
        : {
            process: stamped,
            texts: valuesOf('stamp-texts')[0],
            files: new Map(
              valuesOf('stamp-file').map((value) => {
                const [hash = '', ...path] = value.split(' ');
                return [path.join(' '), orNull(hash)];
              }),
            ),
          },
    command: parseCommand(output, unit),
  };
}

/**
 * Why the running process is older than what it should run with; empty when it is not. One that is started anew before has
 * `seen` the files that were to come by then.
 */
export function restartReasons(state: ServiceState, upcoming: Upcoming, seen?: Upcoming['files']): readonly string[] {
  const isNewer = (file: WatchedFile): boolean =>
    seen === undefined
      ? isNewerThanProcess(file, state, upcoming)
      : seen.get(file.path) !== upcoming.files.get(file.path);
  const reasons = state.watched
    .filter(isNewer)
    .map((file) => `${file.path} ${wantedHash(file, upcoming) === null ? 'was removed' : 'changed'}`);
  if (seen !== undefined) return reasons;
  const reloads = state.properties.get('NeedDaemonReload') === 'yes' ? ['its unit changed on disk'] : [];
  const all = [...reasons, ...reloads];
  return all.length === 0 && hasOtherCommand(state) ? ['it runs with another command line than its unit says'] : all;
}

/** A process that we started from the very same texts is believed, whatever its command line looks like. */
const hasOtherCommand = ({ command, stamp, process }: ServiceState): boolean =>
  command !== undefined && isStale(command) && !(stamp?.process === process && stamp.texts === command.texts);

function wantedHash(file: WatchedFile, upcoming: Upcoming): string | null {
  const coming = upcoming.files.get(file.path);
  return coming === undefined ? file.sha256 : coming;
}

function isNewerThanProcess(file: WatchedFile, state: ServiceState, upcoming: Upcoming): boolean {
  const wanted = wantedHash(file, upcoming);
  const stamped = state.stamp?.files.get(file.path);
  if (state.stamp?.process === state.process && stamped !== undefined) return wanted !== stamped;
  if (wanted !== file.sha256) return true;
  // A file that is gone has no time of its own; the directory's counts only if we know that the file was there.
  if (file.sha256 === null && (stamped === undefined || stamped === null)) return false;
  return state.startedAt !== null && file.changedAt > state.startedAt + toleranceSeconds;
}
