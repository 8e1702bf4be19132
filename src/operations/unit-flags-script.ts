import { ShellScript } from '../shell.ts';

/** Reads what `unit-flags-state.ts` decides by; texts of others travel as base64. */
export const seeUnit = ShellScript.trusted(`
encode() { base64 | tr -d '\\n'; }

# help_of BINARY: its flags as --help lists them, asked once for each build of it.
help_of() {
  cache=/run/provision/facts/help$(printf %s "$1" | tr / _).$(stat -L -c '%i.%s.%Y' "$1")
  if [ ! -s "$cache" ]; then
    mkdir -p "\${cache%/*}" && timeout 20 "$1" --help 2>&1 |
      sed -n 's/^\\( *\\(-[A-Za-z0-9], \\)\\{0,1\\}--\\{0,1\\}[^ ][^ ]* \\{0,1\\}[^ ]*\\).*/\\1/p' >"$cache.new" && mv -f "$cache.new" "$cache"
  fi
  encode <"$cache"
}

# see_unit UNIT
see_unit() {
  echo "load $(systemctl show "$1" -p LoadState | cut -d= -f2-)"
  manifest=/etc/kubernetes/manifests/\${1%.service}.yaml
  [ ! -f "$manifest" ] || echo "manifest $manifest"
  echo "hostname $(uname -n)"
  text=$(systemctl cat "$1" 2>/dev/null) || return 0
  echo "unit $(printf '%s\\n' "$text" | encode)"
  printf '%s\\n' "$text" | sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\\{0,1\\}//p' | while IFS= read -r paths; do
    for path in $paths; do [ ! -f "$path" ] || echo "environment $(printf %s "$path" | encode) $(encode <"$path")"; done
  done
  # The binary itself, behind taskset and its like.
  for word in $(systemctl show "$1" -p ExecStart | sed -n 's/.*argv\\[\\]=\\([^;]*\\);.*/\\1/p'); do
    case $word in /*) ;; *) continue ;; esac
    case \${word##*/} in chrt | env | ionice | nice | numactl | prlimit | setpriv | stdbuf | taskset) continue ;; esac
    [ -f "$word" ] || break
    if [ "$(head -c 2 "$word")" = '#!' ]; then echo 'first-line #!'
    elif [ -x "$word" ]; then echo "help \${word##*/} $(help_of "$word")"
    fi
    break
  done
}
`);

export const writeDropIn = ShellScript.trusted(`
# check_drop_in UNIT PATH: what systemd says against it takes it back.
check_drop_in() {
  systemctl daemon-reload
  command -v systemd-analyze >/dev/null || return 0
  complaints=$(systemd-analyze verify "$1" 2>&1 | grep -F "$2" || :)
  [ -n "$complaints" ] || return 0
  restore "$2"
  systemctl daemon-reload
  printf '%s\\n' "$complaints" >&2
  fail DROP_IN_REFUSED "systemd does not accept $2; it was put back as it was" 'correct the flags that its lines name'
}
`);
