import { ShellScript } from '../../shell.ts';

/**
 * The shell function `unit_words`: what a unit's process wrote last, in the journal and in the files that Kubernetes
 * programs write with --log-dir or --log-file. klog gives each process files of its own, named
 * PROGRAM.HOST.USER.log.SEVERITY.TIME.PID, of which the INFO file has the lines of all severities.
 */
export const lastWords = ShellScript.trusted(`
# last_words: the end of a log, without the flags it begins with, the help on flags that follows a wrong one, and the
# stacks that a Go program ends with after a fatal error; of lines like those of cAdvisor, of many thousand letters, the begin.
last_words() {
  sed -e '/^goroutine [0-9]* \\[/,$d' -e '/] FLAG: --/d' -e '/^ *\\(-[A-Za-z], \\)\\{0,1\\}--[a-z]/d' -e '/^ \\{16\\}/d' -e 's/^\\(.\\{250\\}.\\{150\\}\\).*/\\1 …/' | tail -n 20
}

main_pid() { systemctl show "$1" -p MainPID | cut -d= -f2; }

# words_of UNIT: each word of its environment files, its unit files and its running process on a line.
words_of() {
  text=$(systemctl cat "$1" 2>/dev/null)
  printf '%s\\n' "$text" | sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\\{0,1\\}//p' | while read -r path; do
    [ ! -f "$path" ] || cat "$path"
  done | tr ' "\\\\\\047' '\\n'
  printf '%s\\n' "$text" | tr ' "\\\\\\047' '\\n'
  tr '\\0' '\\n' 2>/dev/null <"/proc/$(main_pid "$1")/cmdline"
}

# path_flag UNIT NAME: the path that a flag has, the last one it is given; a \`-\` in the name may be spelt \`_\`.
path_flag() {
  name=$(printf %s "$2" | sed 's/-/[-_]/g')
  words_of "$1" 2>/dev/null | sed -n -e "s|^--\\{0,1\\}$name=\\(/.*\\)|\\1|p" -e "/^--\\{0,1\\}$name\\$/{n;p;}" | grep '^/' | tail -n 1
}

# program_of UNIT: the name of its binary, also behind taskset and its like.
program_of() {
  for word in $(systemctl show "$1" -p ExecStart | sed -n 's/.*argv\\[\\]=\\([^;]*\\);.*/\\1/p'); do
    case $word in /*) ;; *) continue ;; esac
    case \${word##*/} in chrt | env | ionice | nice | numactl | prlimit | setpriv | stdbuf | taskset) continue ;; esac
    printf %s "\${word##*/}"
    break
  done
}

newest() { ls -td "$@" 2>/dev/null | head -n 1; }

# log_file UNIT SINCE [DIRECTORY]: where its process wrote last, if that is a file written since then (seconds since 1970).
log_file() {
  file=$(path_flag "$1" log-file) directory=\${3:-$(path_flag "$1" log-dir)}
  if [ -z "$file" ] && [ -n "$directory" ]; then
    start=$directory/$(program_of "$1")
    fatal=$(newest "$start".*.log.FATAL.*) process=$(main_pid "$1")
    [ -z "$fatal" ] || [ "$2" -eq 0 ] || [ "$(stat -c %Y "$fatal")" -lt "$2" ] || process=\${fatal##*.}
    file=$(newest "$start".*.log.INFO.*."$process")
    [ -n "$file" ] || file=$(newest "$start".*.log.INFO.*)
    [ -n "$file" ] || [ -z "\${3-}" ] || file=$(newest "$directory"/*)
  fi
  [ -f "$file" ] && [ -s "$file" ] && [ "$(stat -c %Y "$file")" -ge "$2" ] || return 0
  printf '%s\\n' "$file"
}

# unit_words UNIT SINCE DIRECTORY JOURNAL-FIELDS…: lines that are in the journal and in the file are shown once.
unit_words() {
  file=$(log_file "$1" "$2" "$3") words=
  shift 3
  # what journald has not read yet
  timeout 10 journalctl -q --sync >/dev/null 2>&1 || :
  [ -z "$file" ] || words=$(tail -n 2000 "$file" | last_words)
  journalctl -q --no-pager -o cat -n 2000 "$@" 2>/dev/null | last_words | { if [ -z "$words" ]; then cat; else grep -vxF "$words" || :; fi; }
  [ -z "$words" ] || printf '%s:\\n%s\\n' "$file" "$words"
}
`);
