import { quote } from '../shell.ts';

/** One script among those that travel together in one command. */
export interface TripItem {
  readonly id: string;
  /** What it is for, where the id does not say it. */
  readonly label?: string;
  readonly source: string;
  readonly timeoutSeconds: number;
  /** An `apply` is left out once an earlier one failed; a `probe` always runs. */
  readonly kind: 'probe' | 'apply';
}

/** Stands for the exit status of a script that was killed, mostly because its time was up; as timeout(1) gives it. */
const killed = 124;

export interface TripAnswer {
  readonly id: string;
  readonly stdout: string;
  readonly stderr: string;
  /** The script's exit status; 124 when its time was up, 137 when it had to be killed then. */
  readonly code: number;
}

export interface TripOptions {
  /** Random, so that no output can be taken for a frame. */
  readonly nonce: string;
  /** Shell functions that every script may call. */
  readonly prelude: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Holds the host's lock under this name while the scripts run. */
  readonly lock?: string;
  /** Waits until nobody holds the host's lock, without taking it. */
  readonly afterOthers?: boolean;
  /** How long to wait for another's lock; longer than the usual hold unless said. */
  readonly lockWaitSeconds?: number;
}

/** A trip whose run was killed goes on to its end: a service may take 150 seconds to be well. */
export const usualLockWaitSeconds = 180;

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Neighbouring probes share one shell, for speed; every apply has its own, within its own time. */
function groupItems(items: readonly TripItem[]): (TripItem & { readonly index: number })[][] {
  const groups: (TripItem & { readonly index: number })[][] = [];
  items.forEach((item, index) => {
    const last = groups.at(-1);
    if (item.kind === 'probe' && last?.[0]?.kind === 'probe') last.push({ ...item, index });
    else groups.push([{ ...item, index }]);
  });
  return groups;
}

/**
 * Looks that go together ask once what several of them want to know; nothing of it stays. What cannot be written down whole
 * is asked again, and what a shell that was killed left behind is nobody's answer and goes.
 */
const sharedLooks = (nonce: string): string => `memo=/run/provision-looks.${nonce}.$$
for left in /run/provision-looks.*; do
  [ ! -d "$left" ] || [ -d "/proc/\${left##*.}" ] || rm -rf "$left"
done
trap '[ ! -d "$memo" ] || rm -rf "$memo"' EXIT
once() {
  [ ! -f "$memo/$1" ] || { cat "$memo/$1"; return; }
  _asked=$1
  shift
  _told=$("$@") || { _code=$?; [ -z "$_told" ] || printf '%s\\n' "$_told"; return "$_code"; }
  _told=\${_told:+$_told
}
  [ -d "$memo" ] || mkdir "$memo" 2>/dev/null || :
  { printf %s "$_told" | cat >"$memo/$_asked"; } 2>/dev/null || rm -f "$memo/$_asked"
  printf %s "$_told"
}`;

/** Each item runs in a subshell with standard input from /dev/null; frames around its output, its errors after it. */
function groupScript(group: readonly (TripItem & { readonly index: number })[], options: TripOptions): string {
  const items = group.map(({ index, source }) => `item_${index}() {\n${source}\n}\nrun_item ${index}`);
  return `${options.prelude}
${group[0]?.kind === 'probe' ? sharedLooks(options.nonce) : ''}
run_item() {
  printf '\\n%s start %s\\n' ${options.nonce} "$1"
  { reason=$( "item_$1" </dev/null 2>&1 1>&3 3>&- ); code=$?; } 3>&1
  printf '\\n%s end %s %s\\n%s\\n%s done %s\\n' ${options.nonce} "$1" "$code" "$reason" ${options.nonce} "$1"
  return "$code"
}
${items.join('\n')}
`;
}

/**
 * The script of one command: groups of items, each group within its time; a group whose time is up answers for none of
 * its items from the one at hand on. Everything is one function called by the last line, so that a script cut off on its
 * way does nothing; its output goes through a reader that outlives the connection, so that one that has arrived is
 * carried out to its end.
 */
export function composeTrip(items: readonly TripItem[], options: TripOptions): string {
  const variables = Object.entries(options.environment).map(([name, value]) => `export ${name}=${quote(value)}`);
  const calls = groupItems(items).map((group) => {
    const limit = Math.max(...group.map((item) => item.timeoutSeconds));
    return `provision_group ${limit} ${group[0]?.kind} ${quote(groupScript(group, options))}`;
  });
  return `provision_group() {
  [ "$2" = probe ] || [ -z "$stopped" ] || return 0
  printf '%s' "$3" | "$limit" -s KILL "$1" sh -s 9>&- || [ "$2" = probe ] || stopped=1
}
provision_trip() {
export LC_ALL=C PATH=${searchPath}:"$PATH"
${variables.join('\n')}
umask 077
stopped=
# busybox prefers its own, which leaves the script's children running
limit=timeout; [ ! -x /usr/bin/timeout ] || limit=/usr/bin/timeout
${lockLines(options)}
${calls.join('\n')}
printf '\\n%s finished\\n' ${options.nonce}
}
provision_main() {
provision_trip | { trap '' PIPE; cat 2>/dev/null || cat >/dev/null; }
}
provision_main
`;
}

const lockFile = '/run/provision.lock';

/** A trip that takes no lock tells all the same who holds it. */
function lockLines(options: TripOptions): string {
  const { nonce, lock, afterOthers = false, lockWaitSeconds = usualLockWaitSeconds } = options;
  const tell = (word: string): string => `printf '\\n%s ${word} %s\\n' ${nonce} "$(head -n 1 ${lockFile})"`;
  // a second, because another may be asking just now
  const wait = `if ! flock -w 1 9; then
  ${tell('waiting')}
  if ! flock -w ${lockWaitSeconds} 9; then
    ${tell('locked')}
    return 0
  fi
fi`;
  if (lock !== undefined) return `exec 9>>${lockFile}\n${wait}\nprintf '%s\\n' ${quote(lock)} >${lockFile}`;
  return `if [ -e ${lockFile} ]; then
exec 9<${lockFile}
${afterOthers ? wait : `flock -s -n 9 || ${tell('busy')}`}
exec 9<&-
fi`;
}

export interface TripResult {
  readonly answers: ReadonlyMap<string, TripAnswer>;
  /** Who holds the host's lock, when the trip did not get it. */
  readonly lockedBy?: string;
  /** Who holds it, when the trip went on without it. */
  readonly busyWith?: string;
  readonly finished: boolean;
}

/** Reads the answers back out of the output, whatever login shells and profiles printed around them. */
export function readTrip(output: string, items: readonly TripItem[], nonce: string): TripResult {
  const answers = new Map<string, TripAnswer>();
  const finished = output.includes(`\n${nonce} finished\n`);
  items.forEach((item, index) => {
    const start = `\n${nonce} start ${index}\n`;
    const end = `\n${nonce} end ${index} `;
    const from = output.indexOf(start);
    if (from < 0) return;
    const to = output.indexOf(end, from);
    if (to < 0 && finished) {
      const stdout = output.slice(from + start.length, output.indexOf(`\n${nonce} `, from + start.length));
      answers.set(item.id, { id: item.id, code: killed, stdout, stderr: 'it was killed: its time was up' });
      return;
    }
    if (to < 0) return;
    const done = output.indexOf(`\n${nonce} done ${index}\n`, to);
    const headEnd = output.indexOf('\n', to + 1);
    if (done < 0 || headEnd < 0) return;
    const code = Number(output.slice(to + end.length, headEnd));
    const stdout = output.slice(from + start.length, to);
    answers.set(item.id, { id: item.id, code, stdout, stderr: output.slice(headEnd + 1, done).trim() });
  });
  const lockedBy = new RegExp(`\\n${nonce} locked (.*)\\n`).exec(output)?.[1];
  const busyWith = new RegExp(`\\n${nonce} busy (.*)\\n`).exec(output)?.[1];
  return {
    answers,
    finished,
    ...(lockedBy === undefined ? {} : { lockedBy }),
    ...(busyWith === undefined ? {} : { busyWith }),
  };
}

/** Longer frames that arrive in parts are not told of. */
const mostFrameLength = 500;

export interface Followed {
  /** Which item has its turn. */
  onStart(id: string): void;
  /** Who holds the host's lock that is waited for. */
  onWait(holder: string): void;
}

/** Reads the frames as they arrive. */
export function followStarts(
  items: readonly TripItem[],
  nonce: string,
  { onStart, onWait }: Followed,
): (text: string) => void {
  const frame = new RegExp(`\\n${nonce} (?:start (\\d+)|waiting (.*))\\n`, 'g');
  let rest = '';
  return (text) => {
    rest += text;
    let end = 0;
    for (const match of rest.matchAll(frame)) {
      const item = items[Number(match[1])];
      if (item) onStart(item.id);
      if (match[2] !== undefined) onWait(match[2]);
      end = match.index + match[0].length - 1;
    }
    rest = rest.slice(Math.max(end, rest.length - nonce.length - mostFrameLength));
  };
}
