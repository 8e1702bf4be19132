import { ShellScript } from '../../shell.ts';

/** Of plugins that others put in their place: the pods of a DaemonSet. A record says what was seen of each, so that it is read once. */
export const deliveredPlugins = ShellScript.trusted(`
# seen_plugin DIRECTORY NAME SHA256: its line in a record.
seen_plugin() { echo "$3 $(stat -c '%s %Y %i %a' "$1/$2" 2>/dev/null) $2"; }

# is_plugin DIRECTORY NAME SHA256
is_plugin() {
  [ -f "$1/$2" ] && [ ! -L "$1/$2" ] && [ -x "$1/$2" ] || return 1
  found=$(sha256sum <"$1/$2") && [ "\${found%% *}" = "$3" ]
}

# see_plugins RECORD DIRECTORY NAME SHA256 ...
see_plugins() {
  record=$1 directory=$2; shift 2
  while [ $# -gt 0 ]; do
    if [ -f "$record" ] && grep -qxF -e "$(seen_plugin "$directory" "$1" "$2")" "$record"; then :
    elif is_plugin "$directory" "$1" "$2"; then echo "unnoted $1"
    else echo "lacking $1"
    fi
    shift 2
  done
}

# keep_plugins DIRECTORY NAME SHA256 ...: what is to be replaced, and what it will be.
keep_plugins() {
  directory=$1; shift
  make_directory "$directory"
  while [ $# -gt 0 ]; do
    if ! is_plugin "$directory" "$1" "$2"; then
      [ ! -d "$directory/$1" ] || fail IS_A_DIRECTORY "$directory/$1 is a directory, a plugin has that name"
      keep "$directory/$1"
      printf '%s file:755:0:0:%s %s\\n' "\${_step:--}" "$2" "$directory/$1" | append "$PROVISION_UNDO/left"
    fi
    shift 2
  done
  [ ! -f "$PROVISION_UNDO/left" ] || sync "$PROVISION_UNDO/left"
}

# note_plugins RECORD DIRECTORY NAME SHA256 ...: once every one of them is there.
note_plugins() {
  record=$1 directory=$2 lines= missing=; shift 2
  while [ $# -gt 0 ]; do
    if is_plugin "$directory" "$1" "$2"; then lines="$lines$(seen_plugin "$directory" "$1" "$2")
"; else missing="$missing $1"
    fi
    shift 2
  done
  [ -z "$missing" ] || fail PLUGINS_NOT_DELIVERED "$directory has not got these plugins from the image, although the pod of flannel runs:$missing" \\
    'see what its init container said: kubectl -n NAMESPACE logs POD -c install-cni-plugins; what else writes into that directory?'
  printf '%s' "$lines" | put "$record" 0644 root root
}
`);
