import { ShellScript } from '../../shell.ts';

/** Asks containerd itself what it makes of a file; the answer is kept for as long as build, file and imported files are the same. */
export const askContainerd = ShellScript.trusted(`
# find_containerd UNIT: sets binary, and config to the file that its command line names.
find_containerd() {
  command=$(value ExecStart "$(shown "$1")") binary= config= last=
  case $command in *'{ path='*) binary=\${command#*'{ path='} binary=\${binary%%[ ;]*} command=\${command#*'argv[]='} ;; esac
  # behind taskset and its like
  case \${binary##*/} in containerd*) ;; *) binary= ;; esac
  for word in \${command%%;*}; do
    case $word in /*/containerd) [ -n "$binary" ] || [ ! -f "$word" ] || [ ! -x "$word" ] || binary=$word ;; esac
    case $word in -c=* | -config=* | --config=*) config=\${word#*=} ;; esac
    case $last in -c | -config | --config) config=$word ;; esac
    last=$word
  done
  [ -x "\${binary:=$(command -v containerd || echo none)}" ]
}

# imported_by FILE DEPTH: the files that it imports, and those that these import.
imported_by() {
  [ "$2" -gt 0 ] && grep -qs '^[[:space:]]*imports' "$1" || return 0
  awk '/^[ \\t]*imports[ \\t]*=/ { on = 1 } on { print; if (/\\]/) exit }' "$1" | sed 's/\\].*//' |
    grep -o "[\\"'][^\\"']*[\\"']" | tr -d "\\"'" | while IFS= read -r pattern; do
      case $pattern in /*) ;; *) pattern=\${1%/*}/$pattern ;; esac
      IFS=
      for file in $pattern; do
        [ ! -f "$file" ] || { printf '%s\\n' "$file"; imported_by "$file" $(($2 - 1)); }
      done
    done
}

# ask_containerd FILE: sets answer to a file with the lines that matter, or fails and sets words to containerd's own.
ask_containerd() {
  facts=/run/provision/facts words=
  answer=$facts/containerd.$({
    stat -L -c '%n %i %s %Y' "$binary"
    if [ -e "$1" ]; then cat "$1"; else echo absent; fi
    imported_by "$1" 5 2>/dev/null | while IFS= read -r file; do printf '\\n%s\\n' "$file"; cat "$file"; done
  } | sha256sum | cut -c 1-64)
  [ ! -s "$answer" ] || return 0
  mkdir -p "$facts" || return 1
  if [ -e "$1" ]; then set -- --config "$1" config dump; else set -- config default; fi
  words=$(timeout 20 "$binary" "$@" 2>&1 >"$facts/dump.$$") || {
    rm -f "$facts/dump.$$"
    words=$(printf '%s\\n' "$words" | grep -v level= | tail -n 3)
    : "\${words:=$binary $* does not end well}"
    return 1
  }
  words=
  sed -nE -e '/^version/p' -e '/^disabled_plugins/p' -e '/^ *\\[plugins\\.[^ ]*cri[^ ]*\\.(cni|containerd[^ ]*)\\]/,/^$/p' "$facts/dump.$$" >"$facts/lines.$$" &&
    rm -f "$facts/dump.$$" && mv -f "$facts/lines.$$" "$answer" || return 1
  # not those that another run may be about to read
  find "$facts" -name 'containerd.*' -mmin +60 ! -path "$answer" -exec rm -f {} + 2>/dev/null || :
}
`);

export const seeContainerd = ShellScript.trusted(`${askContainerd.source}
# see_containerd PATH UNIT
see_containerd() {
  target=$(readlink -f "$1") || target=$1
  look "$target" - yes
  echo "target $target"
  find_containerd "$2" || return 0
  cache=/run/provision/facts/version$binary.$(stat -L -c '%i.%s.%Y' "$binary")
  if [ -s "$cache" ]; then said=$(cat "$cache")
  else
    said=$("$binary" --version) || return 0
    printf '%s\\n' "$said" | note "$cache"
  fi
  echo "version $said"
  echo "config $config"
  if ask_containerd "$1"; then echo "effective $(base64 -w 0 "$answer")"
  else echo "refusal $(printf %s "$words" | base64 -w 0)"
  fi
}
`);

export const checkContainerd = ShellScript.trusted(`${askContainerd.source}
# quoted KEY: its value in the answer, in the quotes of containerd 2.
quoted() { sed -n "s/^ *$1 = //p" "$answer" | tr '"' "'"; }

# check_containerd PATH UNIT BIN_DIR CONF_DIR: whether containerd would go by standard input as its file; imports stay relative to the same folder, which for a link is that of the link.
check_containerd() {
  find_containerd "$2" || return 0
  draft=\${1%/*}/.\${1##*/}.provision-check
  [ -d "\${1%/*}" ] || { mkdir -p /run/provision && draft=/run/provision/containerd-check; }
  (umask 077 && rm -f "$draft" && cat >"$draft") || { rm -f "$draft"; return 1; }
  imports=$(imported_by "$draft" 5 2>/dev/null | tr '\\n' ' ')
  if ! ask_containerd "$draft"; then
    rm -f "$draft"
    printf '%s\\n' "$words" | sed "s#$draft#$1#g" >&2
    fail CONTAINERD_CONFIG_REFUSED "containerd does not accept $1 with other CNI directories; it was left as it was" \\
      "Correct $1 until \\\`containerd --config $1 config dump\\\` accepts it"
  fi
  rm -f "$draft"
  found=$(quoted bin_dir)
  [ "\${found:-''}" != "''" ] || found=$(quoted bin_dirs)
  case $found in *"'$3'"*) [ "$(quoted conf_dir)" != "'$4'" ] || return 0 ;; esac
  printf '%s\\n' "containerd would go by $found and $(quoted conf_dir) \${imports:+(imported: \${imports% })}" >&2
  [ -z "$imports" ] || fail CONTAINERD_IMPORT_OVERRIDES "what $1 imports sets other CNI directories than $3 and $4; $1 was left as it was" \\
    "Set them in the imported file, or take what it says of CRI out of it"
  fail CONTAINERD_CONFIG_INEFFECTIVE "containerd would not go by the CNI directories $3 and $4 in $1; it was left as it was" \\
    "Have the file say them in one place only; \\\`containerd config migrate\\\` prints it in the newest form"
}
`);
