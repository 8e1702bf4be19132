import { ShellScript } from '../shell.ts';

/** Reads what `service.ts` decides by; the times are seconds and microseconds since boot, and seconds since 1970. */
export const seeService = ShellScript.trusted(`
# nearest PATH: it or the first directory above it that is there.
nearest() { while [ ! -e "$1" ] && [ -n "$1" ]; do set -- "\${1%/*}"; done; printf '%s' "\${1:-/}"; }

# see_service UNIT FILE…
see_service() {
  systemctl show "$1" -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,InvocationID,Type \\
    -p ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic | sed 's/=/ /'
  read -r uptime _ </proc/uptime
  echo "clock $(date +%s.%N) $uptime"
  echo "boot $(cat /proc/sys/kernel/random/boot_id)"
  [ ! -f "$state/stamps/$1" ] || sed 's/^/stamp-/' "$state/stamps/$1"
  shift
  for path; do
    hash=absent
    [ ! -f "$path" ] || { hash=$(sha256sum <"$path") && hash=\${hash%% *}; }
    echo "watched $(stat -L -c %.9Z "$(nearest "$path")") $hash $path"
  done
}
`);

/** The shell function `last_words`: what of a log tells why a process died. */
export const lastWords = ShellScript.trusted(`
# last_words: the end of a log, up to the stacks of all goroutines that a fatal error of a Go program writes after it.
last_words() { sed '/^goroutine [0-9]* \\[/,$d' | tail -n 20; }
`);

/** Starts and restarts, and stays until the process is seen to live. */
export const runService = ShellScript.trusted(`
property() { systemctl show "$unit" -p "$1" | cut -d= -f2-; }
process() {
  id=$(property InvocationID)
  echo "\${id:-$(cat /proc/sys/kernel/random/boot_id):$(property ExecMainStartTimestampMonotonic)}"
}
seconds() { cut -d. -f1 /proc/uptime; }

# died WHY: the last lines of the process, then the error.
died() {
  {
    journalctl -q --no-pager -o cat -n 2000 _SYSTEMD_INVOCATION_ID="$started" + INVOCATION_ID="$started" 2>/dev/null | last_words
    if [ -n "$log_dir" ] && [ -d "$log_dir" ]; then
      for file in $(ls -t "$log_dir" | head -n 20); do
        [ ! -f "$log_dir/$file" ] || [ -L "$log_dir/$file" ] || [ ! -s "$log_dir/$file" ] || { echo "$log_dir/$file:"; tail -n 2000 "$log_dir/$file" | last_words; break; }
      done
    fi
  } | tail -n 40 >&2
  fail UNIT_FAILED "$unit $1 ($(property ActiveState), $(property SubState), $(property Result))" 'its last lines say why; correct that and run again'
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

# run_service start|restart FILE…: leaves a stamp of the files (as they were before the start) with the process.
run_service() {
  verb=$1 files= before=$(process)
  shift
  for path; do
    hash=absent
    [ ! -f "$path" ] || { hash=$(sha256sum <"$path") && hash=\${hash%% *}; }
    files="$files$(printf 'file %s %s' "$hash" "$path")
"
  done
  systemctl reset-failed "$unit" 2>/dev/null || :
  started=$before
  systemctl "$verb" "$unit" || { started=$(property InvocationID); died "did not $verb"; }
  started=$(process)
  [ "$started" = "$before" ] || printf 'process %s\\n%s' "$started" "$files" | put "$state/stamps/$unit" 0600 root root
}
`);
