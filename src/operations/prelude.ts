import { ShellScript } from '../shell.ts';

/**
 * The sh library in front of every operation's script. Before-images lie under $PROVISION_UNDO: `files/PATH` is a copy,
 * `absent/PATH` says there was nothing, `made` lists the directories that were created on the way.
 */
export const prelude: ShellScript = ShellScript.trusted(`
state=/var/lib/provision

# fail CODE WHAT [FIX]: ends the script with an error that has a name.
fail() { printf 'provision-error: %s\\nwhat: %s\\nfix: %s\\n' "$1" "$2" "\${3-}" >&2; exit 1; }

# look PATH SHA256 yes|no: "kind mode uid user gid group sha256 content", the content (base64) only if it differs and may be shown.
look() {
  _hash=- _text=- _stat='- - - - -'
  if [ -L "$1" ]; then _kind=link _text=$(readlink "$1" | base64 | tr -d '\\n')
  elif [ -f "$1" ]; then
    _kind=file _hash=$(sha256sum <"$1") && _hash=\${_hash%% *}
    [ "$3" = no ] || [ "$_hash" = "$2" ] || [ "$(wc -c <"$1")" -gt 65536 ] || _text=$(base64 <"$1" | tr -d '\\n')
  elif [ -d "$1" ]; then _kind=directory
  elif [ -e "$1" ]; then _kind=other
  else _kind=absent
  fi
  case $_kind in file | directory) _stat=$(stat -c '%a %u %U %g %G' "$1") ;; esac
  printf '%s %s %s %s\\n' "$_kind" "$_stat" "$_hash" "\${_text:--}"
}

# keep PATH: its before-image, taken once per run.
keep() {
  [ ! -e "$PROVISION_UNDO/absent$1" ] && [ ! -e "$PROVISION_UNDO/files$1" ] && [ ! -L "$PROVISION_UNDO/files$1" ] || return 0
  if [ -e "$1" ] || [ -L "$1" ]; then
    mkdir -p "$PROVISION_UNDO/files\${1%/*}" || return 1
    cp -pP "$1" "$PROVISION_UNDO/files$1.partial" && mv -f "$PROVISION_UNDO/files$1.partial" "$PROVISION_UNDO/files$1" ||
      { rm -f "$PROVISION_UNDO/files$1.partial"; return 1; }
  else
    mkdir -p "$PROVISION_UNDO/absent\${1%/*}" && : >"$PROVISION_UNDO/absent$1"
  fi
}

# make_directory PATH: it and what is missing above it, 0755, remembered for drop_directories.
make_directory() {
  [ -n "$1" ] && [ ! -d "$1" ] || return 0
  make_directory "\${1%/*}" && mkdir -m 0755 "$1" && printf '%s\\n' "$1" >>"$PROVISION_UNDO/made"
}

# drop_directories PATH: it and those above it that this run made and that are empty.
drop_directories() {
  while [ -f "$PROVISION_UNDO/made" ] && grep -qxF "$1" "$PROVISION_UNDO/made" && rmdir "$1" 2>/dev/null; do set -- "\${1%/*}"; done
}

# put PATH MODE OWNER GROUP: standard input becomes the file, whole or not at all; the old one is kept.
put() {
  [ ! -d "$1" ] || fail IS_A_DIRECTORY "$1 is a directory, a file was to be written there"
  _new=\${1%/*}/.\${1##*/}.provision-new
  make_directory "\${1%/*}" && keep "$1" && rm -f "$_new" || return 1
  (set -C && : >"$_new") && chown "$3:$4" "$_new" && chmod "$2" "$_new" && cat >"$_new" && sync "$_new" && mv -f "$_new" "$1" ||
    { rm -f "$_new"; drop_directories "\${1%/*}"; return 1; }
}

# remove PATH: a file, kept.
remove() { keep "$1" && rm -f "$1"; }

# restore PATH: as it was before this run; a file that was not there goes, with the directories made for it.
restore() {
  if [ -e "$PROVISION_UNDO/absent$1" ]; then rm -f "$1" && drop_directories "\${1%/*}"
  elif [ -e "$PROVISION_UNDO/files$1" ] || [ -L "$PROVISION_UNDO/files$1" ]; then
    _new=\${1%/*}/.\${1##*/}.provision-new
    make_directory "\${1%/*}" && rm -f "$_new" && cp -pP "$PROVISION_UNDO/files$1" "$_new" && mv -f "$_new" "$1" || { rm -f "$_new"; return 1; }
  fi
}
`);
