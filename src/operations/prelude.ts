import { ShellScript } from '../shell.ts';

/**
 * The sh library in front of every operation's script. Before-images lie under $PROVISION_UNDO: `files/PATH` is a copy,
 * `absent/PATH` says there was nothing, `made` lists the directories that were created on the way. Beside them `steps/NNNN`
 * takes one task back, and `left` has a line `STEP SIGNATURE PATH` for each file, as we were about to leave it.
 */
export const prelude: ShellScript = ShellScript.trusted(`
state=/var/lib/provision

# fail CODE WHAT [FIX]: ends the script with an error that has a name.
fail() { printf 'provision-error: %s\\nwhat: %s\\nfix: %s\\n' "$1" "$2" "\${3-}" >&2; exit 1; }

# warn TEXT: something a person has to know although nothing failed.
warn() { printf 'provision-warning: %s\\n' "$1"; }

# once NAME COMMAND…: its output; a trip's looks have one of their own, which asks only the first time.
once() { shift; "$@"; }

# shown UNIT: what systemd says of it, as KEY=VALUE; one question for all looks of a trip.
shown() {
  once "shown-$1" systemctl show "$1" -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,InvocationID,Type,MainPID,ExecStart \\
    -p ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic,FragmentPath,DropInPaths,EnvironmentFiles 2>/dev/null
}

# value KEY TEXT: what is after KEY= in one of its lines.
value() {
  _value="
$2"
  case $_value in *"
$1="*) ;; *) return 0 ;; esac
  _value=\${_value#*"
$1="}
  printf '%s\\n' "\${_value%%"
"*}"
}

# note FILE: standard input for a later look, whole or not at all; two runs may write at once, and no room is no matter.
note() {
  { mkdir -p "\${1%/*}" && cat >"$1.$$" && mv -f "$1.$$" "$1"; } 2>/dev/null || rm -f "$1.$$"
}

# look PATH SHA256 yes|no: "kind mode uid user gid group sha256 content", the content (base64) only if it differs and may be shown.
look() {
  _hash=- _text=- _stat='- - - - -'
  if [ -L "$1" ]; then _kind=link _text=$(readlink "$1" | base64 -w 0)
  elif [ -f "$1" ]; then
    _kind=file _hash=$(sha256sum <"$1") && _hash=\${_hash%% *}
    [ "$3" = no ] || [ "$_hash" = "$2" ] || [ "$(wc -c <"$1")" -gt 65536 ] || _text=$(base64 -w 0 "$1")
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
    cp -pP "$1" "$PROVISION_UNDO/files$1.partial" && { [ -L "$1" ] || sync "$PROVISION_UNDO/files$1.partial"; } &&
      mv -f "$PROVISION_UNDO/files$1.partial" "$PROVISION_UNDO/files$1" ||
      { rm -f "$PROVISION_UNDO/files$1.partial"; return 1; }
  else
    mkdir -p "$PROVISION_UNDO/absent\${1%/*}" && : >"$PROVISION_UNDO/absent$1"
  fi
}

# signature PATH: kind, mode, owner and digest in one word.
signature() {
  if [ -L "$1" ]; then _sum=$(readlink "$1" | sha256sum) && echo "link:\${_sum%% *}"
  elif [ -f "$1" ]; then _sum=$(sha256sum <"$1") && echo "file:$(stat -c %a:%u:%g "$1"):\${_sum%% *}"
  elif [ -e "$1" ]; then echo other
  else echo absent
  fi
}

# append FILE, store FILE: standard input at its end, or as all of it, whole or not at all; cat tells of a full disk, a shell's own printf not.
append() { cat >>"$1" || { echo "$1 could not be written" >&2; return 1; }; }
store() {
  _new=\${1%/*}/.new
  cat >"$_new" && sync "$_new" && mv -f "$_new" "$1" || { rm -f "$_new"; echo "$1 could not be written" >&2; return 1; }
}

# leave PATH [FILE]: PATH is about to be that file, or to be gone; known before it happens.
leave() { printf '%s %s %s\\n' "\${_step:--}" "$([ -z "\${2-}" ] && echo absent || signature "$2")" "$1" | append "$PROVISION_UNDO/left"; }

# remember TITLE SCRIPT: how to take back what the task is about to do; on disk before it is done.
remember() {
  mkdir -p "$PROVISION_UNDO/steps"
  _step=$(printf %04d $(($(ls "$PROVISION_UNDO/steps" | wc -l) + 1)))
  printf '#!/bin/sh\\n# %s\\nPROVISION_RUN=%s PROVISION_UNDO=%s\\n. "$PROVISION_UNDO/prelude"\\nset -eu\\n%s\\n' \\
    "$1" "$PROVISION_RUN" "$PROVISION_UNDO" "$2" | store "$PROVISION_UNDO/steps/$_step"
  sync "$PROVISION_UNDO/steps"
}

# make_directory PATH: it and what is missing above it, 0755, remembered for drop_directories.
make_directory() {
  [ -n "$1" ] && [ ! -d "$1" ] || return 0
  make_directory "\${1%/*}" && printf '%s\\n' "$1" | append "$PROVISION_UNDO/made" && mkdir -m 0755 "$1"
}

# drop_directories PATH: it and those above it that this run made and that are empty.
drop_directories() {
  while [ -f "$PROVISION_UNDO/made" ] && grep -qxF "$1" "$PROVISION_UNDO/made" && rmdir "$1" 2>/dev/null; do set -- "\${1%/*}"; done
}

# put PATH MODE OWNER GROUP: standard input becomes the file, whole or not at all; the old one is kept.
put() {
  [ ! -d "$1" ] || fail IS_A_DIRECTORY "$1 is a directory, a file was to be written there"
  _new=\${1%/*}/.\${1##*/}.provision-new
  make_directory "\${1%/*}" && keep "$1" && rm -f "$_new" || { drop_directories "\${1%/*}"; return 1; }
  (set -C && : >"$_new") && chown "$3:$4" "$_new" && chmod "$2" "$_new" && cat >"$_new" && leave "$1" "$_new" &&
    sync "$_new" "$PROVISION_UNDO/left" && mv -f "$_new" "$1" ||
    { rm -f "$_new"; drop_directories "\${1%/*}"; echo "$1 could not be written and is as before" >&2; return 1; }
}

# unchanged PATH SEEN WANTED: refuses to write over what somebody changed since it was looked at.
unchanged() {
  _now=-
  [ ! -f "$1" ] || { _now=$(sha256sum <"$1") && _now=\${_now%% *}; }
  [ "$_now" = "$2" ] || [ "$_now" = "$3" ] ||
    fail CHANGED_MEANWHILE "$1 was changed by somebody else while this run was under way" 'Run again: it is looked at anew'
}

# remove PATH: a file, kept.
remove() { keep "$1" && leave "$1" && sync "$PROVISION_UNDO/left" && rm -f "$1"; }

# restore PATH: as it was before this run; a file that was not there goes, with the directories made for it.
restore() {
  if [ -e "$PROVISION_UNDO/absent$1" ]; then rm -f "$1" "\${1%/*}/.\${1##*/}.provision-new" && drop_directories "\${1%/*}"
  elif [ -e "$PROVISION_UNDO/files$1" ] || [ -L "$PROVISION_UNDO/files$1" ]; then
    _new=\${1%/*}/.\${1##*/}.provision-new
    make_directory "\${1%/*}" && rm -f "$_new" && cp -pP "$PROVISION_UNDO/files$1" "$_new" &&
      { [ -L "$_new" ] || sync "$_new"; } && mv -f "$_new" "$1" || { rm -f "$_new"; return 1; }
  fi
}
`);
