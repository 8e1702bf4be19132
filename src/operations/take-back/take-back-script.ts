import { ShellScript } from '../../shell.ts';

/** Reads what `take-back.ts` decides by. */
export const seeRun = ShellScript.trusted(`
# see_run RUN: its steps that are left, newest first; files that are to be others, as they were before; and those that are
# neither as it left them nor as they were before.
see_run() {
  undo=$state/undo
  folder=$undo/$1
  [ -d "$folder" ] || { echo missing; return 0; }
  [ ! -e "$folder/undone" ] || { echo undone; return 0; }
  for step in $(ls -r "$folder/steps" 2>/dev/null); do printf 'step %s %s\\n' "$step" "$(sed -n '2s/^# //p' "$folder/steps/$step")"; done
  [ -f "$folder/left" ] || return 0
  awk '{ path = $0; sub(/^[^ ]* [^ ]* /, "", path); last[path] = $1 " " $2 } END { for (path in last) print last[path] " " path }' "$folder/left" |
    grep -v ' /var/lib/provision/' | sort -k 3 | while read -r step left path; do
    now=$(signature "$path")
    before=absent
    [ -e "$folder/absent$path" ] || before=$(signature "$folder/files$path")
    [ "$now" != "$before" ] || continue
    echo "file $step $before $path"
    [ "$now" != "$left" ] || continue
    by=-
    for other in "$undo"/*/left; do
      [ "$other" != "$folder/left" ] && [ "$other" != "$undo/base/left" ] && grep -qF " $now $path" "$other" || continue
      by=\${other%/left} by=\${by##*/}
    done
    echo "drift $step $left $now $by $path"
  done
}
`);

export const takeBack = ShellScript.trusted(`
# overwrite PATH: it goes although somebody changed it; what it is now stays in the folder of this run.
overwrite() {
  if [ -e "$1" ] || [ -L "$1" ]; then
    mkdir -p "$PROVISION_UNDO/overwritten\${1%/*}"
    if [ -d "$1" ] && [ ! -L "$1" ]; then mv "$1" "$PROVISION_UNDO/overwritten$1"
    else cp -pP "$1" "$PROVISION_UNDO/overwritten$1"
    fi
    warn "$1 had been changed since and was overwritten; a copy is $PROVISION_UNDO/overwritten$1"
  else warn "$1 had been removed since and was put back"
  fi
}

# take_back RUN [FIRST]: its steps from the newest down to that one, or all; what went well is not done again.
take_back() {
  folder=$state/undo/$1
  for step in $(ls -r "$folder/steps"); do
    [ -z "\${2-}" ] || [ "$step" -ge "$2" ] || break
    sh "$folder/steps/$step" </dev/null || { echo "$(sed -n '2s/^# //p' "$folder/steps/$step") could not be taken back" >&2; exit 1; }
    rm -f "$folder/steps/$step"
  done
  ! grep -qs '/systemd/system/' "$folder/left" || systemctl daemon-reload
  [ -z "$(ls "$folder/steps")" ] || return 0
  : >"$folder/undone"
  sync "$folder"
  rm -rf "$folder/files" "$folder/absent" "$folder/made" "$folder/left" "$folder/folders" "$folder/prelude" "$folder/steps" "$folder"/archive-*
}
`);
