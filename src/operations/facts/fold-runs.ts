import { ShellScript } from '../../shell.ts';

/**
 * What is forgotten of older runs goes into one record, `undo/base`: of each path the first before-image, of each task every
 * way to take it back that is another one. So a reset gets back to before the first run, and undo takes back single runs.
 */
export const foldRuns = ShellScript.trusted(`
# fold_run RUN: into the record of those before it; begun again when it was killed.
fold_run() {
  from=$state/undo/$1 base=$state/undo/base
  # without it there is no step either
  [ -f "$from/prelude" ] || { rm -rf "$from"; return; }
  mkdir -p "$base/steps" && rm -f "$base/undone" && cp "$from/prelude" "$base/.prelude" && mv -f "$base/.prelude" "$base/prelude" || return 1
  for kind in files absent; do
    [ -d "$from/$kind" ] || continue
    (cd "$from/$kind" && find . ! -type d ! -name '*.partial') | while IFS= read -r image; do
      path=\${image#.}
      [ -e "$base/absent$path" ] || [ -e "$base/files$path" ] || [ -L "$base/files$path" ] ||
        { mkdir -p "$base/$kind\${path%/*}" && ln "$from/$kind$path" "$base/$kind$path"; } || exit 1
    done || return 1
  done
  for list in "$from/made" "$from/left" "$from/folders" "$from"/archive-*; do
    [ ! -f "$list" ] || append "$base/\${list##*/}" <"$list" || return 1
  done
  for step in "$from"/steps/*; do
    [ ! -f "$step" ] || fold_step "$step" "$1" || return 1
  done
  sync "$base"/* && rm -rf "$from"
}

# fold_step STEP RUN: unless an older one does the very same; what it calls by its run stays that run's.
fold_step() {
  script=$(sed "3s|PROVISION_UNDO=.*|PROVISION_UNDO=$base|" "$1")
  same=$(printf '%s\\n' "$script" | sed 3d | sha256sum) && same=\${same%% *}
  case $(printf '%s\\n' "$script" | sed 3d) in *PROVISION_RUN*) same=$same.$2 ;; esac
  ls "$base/steps"/*."$same" >/dev/null 2>&1 || printf '%s\\n' "$script" | store "$base/steps/$2.\${1##*/}.$same"
}

# fold_runs: all but the last nine and the one at hand; those that were taken back are forgotten, but for the last nine.
fold_runs() {
  for kind in steps none; do
    ls -1r "$state/undo" | grep -vxF -e "$PROVISION_RUN" -e base | while read -r old; do
      if [ -d "$state/undo/$old/steps" ]; then echo "steps $old"; else echo "none $old"; fi
    done | grep "^$kind " | tail -n +10 | sort | while read -r _ old; do
      if [ "$kind" = none ]; then rm -rf "$state/undo/$old"; else fold_run "$old" || break; fi
    done
  done
}
`);
