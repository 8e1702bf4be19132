import { ShellScript } from '../../shell.ts';
import { markOwn } from '../system/own-programs.ts';
import { takeBack } from './take-back-script.ts';

/** Reads what `take-back-all.ts` decides by. */
export const seeRecords = ShellScript.trusted(`
# records: runs of which something is left to take back, the newest first; what was folded together last.
records() {
  { ls -1r "$state/undo" 2>/dev/null | grep -vxF -e "$PROVISION_RUN" -e base; echo base; } | while read -r run; do
    [ ! -d "$state/undo/$run/steps" ] || echo "$run"
  done
}

# images RUN: of each file that it changed: the run, as it left it, as it was before, the path.
images() {
  folder=$state/undo/$1
  [ -f "$folder/left" ] || return 0
  awk '{ path = $0; sub(/^[^ ]* [^ ]* /, "", path); last[path] = $2 } END { for (path in last) print last[path] " " path }' "$folder/left" |
    grep -v ' /var/lib/provision/' | while read -r left path; do
    before=absent
    [ -e "$folder/absent$path" ] || before=$(signature "$folder/files$path")
    echo "$1 $left $before $path"
  done
}

# see_records: scripts of the operator that have run; steps; files that are neither as a run left them nor as they were before it, as "drift RUN PATH" where that is
# the before-image of RUN, "-" for what is there now; and files that are to be others, by what they will be.
see_records() {
  ls "$state/hooks" 2>/dev/null | cut -d- -f1 | sort -u | sed 's/^/hook /'
  for run in $(records); do
    for step in $(ls -r "$state/undo/$run/steps"); do printf 'step %s %s\\n' "$run" "$(sed -n '2s/^# //p' "$state/undo/$run/steps/$step")"; done
  done
  all=$(for run in $(records); do images "$run"; done)
  {
    printf '%s\\n' "$all" | cut -d' ' -f4- | sort -u | while IFS= read -r path; do
      [ -z "$path" ] || echo "now $(signature "$path") $path"
    done
    printf '%s\\n' "$all"
  } | awk '
    $1 == "now" { path = $0; sub(/^[^ ]* [^ ]* /, "", path); now[path] = seen[path] = $2; of[path] = "-"; next }
    NF { path = $0; sub(/^[^ ]* [^ ]* [^ ]* /, "", path)
      if (seen[path] != $2 && seen[path] != $3) print "drift " of[path] " " path
      seen[path] = $3; of[path] = $1 }
    END { for (path in now) if (now[path] != seen[path]) print "file " seen[path] " " path }' | sort
}
`);

export const takeBackAll = ShellScript.trusted(`${seeRecords.source}${markOwn.source}${takeBack.source}
# set_aside RUN PATH: a copy of what somebody made of a file, outside of all that goes.
set_aside() {
  source=$2 copy=/var/backups/provision-$PROVISION_RUN$2
  [ "$1" = - ] || source=$state/undo/$1/files$2
  if [ -e "$source" ] || [ -L "$source" ]; then
    mkdir -p "\${copy%/*}" && cp -pPR "$source" "$copy"
    warn "$2 had been changed since; a copy is $copy"
  else warn "$2 had been removed since"
  fi
  if [ "$1" = - ] && [ -d "$2" ] && [ ! -L "$2" ]; then rm -rf "$2"; fi
}

take_back_all() {
  mark_own
  for run in $(records); do take_back "$run"; done
}
`);
