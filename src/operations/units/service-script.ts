import { ShellScript } from '../../shell.ts';
import { textsDigest } from './process-command.ts';
import { seeUnitFiles } from './unit-flags-script.ts';

/** Reads what `service.ts` decides by; the times are seconds and microseconds since boot, and seconds since 1970. */
export const seeService = ShellScript.trusted(`${seeUnitFiles.source}${textsDigest.source}
# nearest PATH: it or the first directory above it that is there.
nearest() { while [ ! -e "$1" ] && [ -n "$1" ]; do set -- "\${1%/*}"; done; printf '%s' "\${1:-/}"; }

# see_service UNIT FILE…
see_service() {
  shown "$1" | sed -n 's/^\\(LoadState\\|[A-Za-z]*State\\|NeedDaemonReload\\|InvocationID\\|Type\\|[A-Za-z]*Monotonic\\)=/\\1 /p'
  read -r uptime _ </proc/uptime
  echo "clock $(date +%s.%N) $uptime"
  read -r boot </proc/sys/kernel/random/boot_id
  echo "boot $boot"
  [ ! -f "$state/stamps/$1" ] || sed 's/^/stamp-/' "$state/stamps/$1"
  shift
  for path; do
    hash=absent
    [ ! -f "$path" ] || { hash=$(sha256sum <"$path") && hash=\${hash%% *}; }
    echo "watched $(stat -L -c %.9Z "$(nearest "$path")") $hash $path"
  done
}
`);

/** Starts and restarts, and stays until the process is seen to live; comes after \`lastWords\`. */
export const runService = ShellScript.trusted(`${seeUnitFiles.source}${textsDigest.source}
property() { systemctl show "$unit" -p "$1" | cut -d= -f2-; }
process() {
  id=$(property InvocationID)
  echo "\${id:-$(cat /proc/sys/kernel/random/boot_id):$(property ExecMainStartTimestampMonotonic)}"
}
seconds() { cut -d. -f1 /proc/uptime; }

# died WHY: the last lines of the process, then the error. journald may be behind, and then takes them for lines of the
# process that came after it: the number of their process is right all the same.
died() {
  timeout 10 journalctl -q --sync 2>/dev/null || :
  id=\${started:-none}
  unit_words "$unit" "$began" "$log_dir" _SYSTEMD_INVOCATION_ID="$id" + INVOCATION_ID="$id" + \\
    _SYSTEMD_UNIT="$unit" _PID="$main" | tail -n 40 >&2
  fail UNIT_FAILED "$unit $1 ($(property ActiveState), $(property SubState), $(property Result))" 'Correct what its last lines name'
}

# answers URL [CA]: a certificate that nobody vouches for is taken from this machine itself alone.
answers() {
  if command -v curl >/dev/null; then
    if [ -n "$2" ]; then curl -fsS -m 3 -o /dev/null --cacert "$2" "$1"; else curl -kfsS -m 3 -o /dev/null "$1"; fi
  elif [ -n "$2" ]; then wget -q -T 3 -O /dev/null --ca-certificate="$2" "$1"
  else wget -q -T 3 -O /dev/null --no-check-certificate "$1"
  fi
}

# wait_healthy SECONDS COMMAND…: until it succeeds and the unit is active.
wait_healthy() {
  limit=$1 end=$(($(seconds) + $1))
  shift
  until reason=$("$@" 2>&1) && [ "$(property ActiveState)" = active ]; do
    case $(property ActiveState) in failed | inactive) died 'did not stay up' ;; esac
    # what it waits for may come up more slowly than it ends
    [ "$(property NRestarts)" -lt 5 ] || [ "$(seconds)" -lt $((end - limit + 20)) ] || died 'ended five times in a row'
    [ "$(seconds)" -lt "$end" ] || { printf '%s\\n' "$reason" | tail -n 3 >&2; died "was not healthy after $limit s"; }
    sleep 1
  done
}

# wait_steady SECONDS: the same process all the while.
wait_steady() {
  first=$(systemctl show "$unit" -p MainPID,NRestarts,ActiveState) end=$(($(seconds) + $1))
  while [ "$(seconds)" -lt "$end" ]; do
    sleep 1
    [ "$(systemctl show "$unit" -p MainPID,NRestarts,ActiveState)" = "$first" ] || died 'did not stay up'
  done
  [ "$(property ActiveState)" = active ] || died 'did not stay up'
}

# run_service start|restart FILE…: leaves a stamp of the files (as they were before the start) with the process; of those as
# well that other tasks have watched.
run_service() {
  verb=$1 files= before=$(process) began=$(date +%s) texts=$(texts_digest "$unit")
  shift
  [ ! -f "$state/stamps/$unit" ] || while read -r key _ path; do
    [ "$key" = file ] || continue
    case " $* " in *" $path "*) ;; *) set -- "$@" "$path" ;; esac
  done <"$state/stamps/$unit"
  for path; do
    hash=absent
    [ ! -f "$path" ] || { hash=$(sha256sum <"$path") && hash=\${hash%% *}; }
    files="$files$(printf 'file %s %s' "$hash" "$path")
"
  done
  systemctl reset-failed "$unit" 2>/dev/null || :
  started=$before
  systemctl "$verb" "$unit" || { started=$(property InvocationID) main=$(property ExecMainPID); died "did not $verb"; }
  started=$(process) main=$(property ExecMainPID)
  [ "$started" = "$before" ] || printf 'process %s\\ntexts %s\\n%s' "$started" "$texts" "$files" | put "$state/stamps/$unit" 0600 root root
}
`);
