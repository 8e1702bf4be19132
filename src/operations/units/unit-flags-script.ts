import { ShellScript, sh } from '../../shell.ts';

/** Reads units and the files they name; texts of others travel as base64. */
export const seeUnitFiles = ShellScript.trusted(`
encode() { base64 -w 0; }

# encode_path PATH: as it is where it has nothing but what paths mostly have, else as base64, which never begins with a slash here.
encode_path() { case $1 in *[!A-Za-z0-9/._@:+,=-]* | [!/]* | '') printf %s "$1" | encode ;; *) printf %s "$1" ;; esac; }

# unit_text UNIT: its file and its drop-ins.
unit_text() { once "text-$1" systemctl cat "$1" 2>/dev/null; }

# environment_files: of a unit's text on standard input those that are there.
environment_files() {
  sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\\{0,1\\}//p' | while IFS= read -r paths; do
    for path in $paths; do [ ! -f "$path" ] || printf '%s\\n' "$path"; done
  done
}

# unit_texts UNIT: all that its command line is made of, as one text.
unit_texts() {
  _text=$(unit_text "$1") || return 0
  printf '%s\\n' "$_text"
  printf '%s\\n' "$_text" | environment_files | while IFS= read -r path; do cat "$path"; done
}

# running_words UNIT: the command line of its process, each word ended by NUL.
running_words() {
  pid=$(value MainPID "$(shown "$1")")
  [ "\${pid:-0}" = 0 ] || cat "/proc/$pid/cmdline" 2>/dev/null || :
}

# see_unit_files UNIT
see_unit_files() {
  read -r hostname </proc/sys/kernel/hostname
  echo "hostname $hostname"
  text=$(unit_text "$1") || return 0
  echo "unit $(printf '%s\\n' "$text" | encode)"
  printf '%s\\n' "$text" | environment_files | while IFS= read -r path; do
    echo "environment $(encode_path "$path") $(encode <"$path")"
  done
}

# flag_files UNIT FLAG: the paths that may be the value of this flag, by the texts of the unit and by its process.
flag_files() { once "words-$1" unit_and_process_words "$1" | sed -n "/^-\\{1,2\\}$2\\$/{n;/^\\//p;}" | sort -u; }
unit_and_process_words() {
  { unit_texts "$1"; running_words "$1" | tr '\\0' '\\n'; } | tr -s " \\t=\\"'\\\\\\\\" '\\n'
}

# folder_files FOLDER: the files that a kubelet reads in its --config-dir, and ours, there or not.
folder_files() {
  _folder=\${1%/}
  printf '%s\\n' "$_folder/90-provision.conf"
  find "$_folder/" -name '*.conf' ! -type d 2>/dev/null | grep -vxF "$_folder/90-provision.conf" | sort
}

# named_files UNIT FLAG…: the paths that these flags name; of a folder what is in it.
named_files() {
  _unit=$1
  shift
  for _flag; do
    flag_files "$_unit" "$_flag" | while IFS= read -r _path; do
      if [ "$_flag" = config-dir ]; then folder_files "$_path"; else printf '%s\\n' "$_path"; fi
    done
  done
}
`);

/** Reads what `unit-flags-state.ts` decides by. */
export const seeUnit = ShellScript.trusted(`${seeUnitFiles.source}
# asked BINARY OPTION: what it prints, asked once for each build of it; nothing where it was stopped on its way.
asked() {
  cache=/run/provision/facts/$2$1.$(stat -L -c '%i.%s.%Y' "$1")
  [ ! -s "$cache" ] || { cat "$cache"; return; }
  said=$(timeout 20 "$1" "--$2" 2>&1) || [ $? -lt 124 ] || return 0
  printf '%s\\n' "$said"
  printf '%s\\n' "$said" | note "$cache"
}

flag_names() { sed -n 's/^\\( *\\(-[A-Za-z0-9], \\)\\{0,1\\}--\\{0,1\\}[^ ][^ ]* \\{0,1\\}[^ ]*\\).*/\\1/p'; }

# see_unit UNIT
see_unit() {
  _show=$(shown "$1")
  echo "load $(value LoadState "$_show")"
  manifest=/etc/kubernetes/manifests/\${1%.service}.yaml
  [ ! -f "$manifest" ] || echo "manifest $manifest"
  once "files-$1" see_unit_files "$1"
  # The binary itself, behind taskset and its like.
  for word in $(printf '%s\\n' "$_show" | sed -n 's/.*argv\\[\\]=\\([^;]*\\);.*/\\1/p'); do
    case $word in /*) ;; *) continue ;; esac
    case \${word##*/} in chrt | env | ionice | nice | numactl | prlimit | setpriv | stdbuf | taskset) continue ;; esac
    [ -f "$word" ] || break
    if [ "$(head -c 2 "$word")" = '#!' ]; then echo 'first-line #!'
    elif [ -x "$word" ]; then
      echo "help \${word##*/} $(asked "$word" help | flag_names | encode)"
      echo "version $(asked "$word" version | head -n 1)"
    fi
    break
  done
}
`);

/** Comes after `seeUnit`; tasks of one trip share what is seen. */
export const seeUnitOnce = (unit: string): ShellScript => sh`once ${`unit-${unit}`} see_unit ${unit}`;

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
