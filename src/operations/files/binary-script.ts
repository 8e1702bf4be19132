import { joinScripts, ShellScript, sh } from '../../shell.ts';

/** A program that is on the host, or in its cache. */
export interface Program {
  readonly path: string;
  /** What was seen of it when it was installed, so that a large file need not be read again. */
  readonly record: string;
  readonly sha256: string;
  /** How it is asked for its version; empty if it is not. */
  readonly argument: string;
}

export const versionOf = ShellScript.trusted(`
# version_of PROGRAM ARGUMENT: the version in the first line it writes, without a leading v; the line itself where there is none.
version_of() {
  timeout 20 "$1" "$2" 2>&1 | head -n 1 | awk '
    { for (i = 1; i <= NF; i++) if ($i ~ /^v?[0-9]+[.][0-9]+[.][0-9]/) { sub(/^v/, "", $i); sub(/,$/, "", $i); print $i; exit } print }'
}
`);

const functions = ShellScript.trusted(`${versionOf.source}
# marks FILE: size, mtime, inode, mode and owner.
marks() { stat -c '%s %Y %i %a %u:%g' "$1"; }

# see_program PATH RECORD SHA256 ARGUMENT
see_program() {
  if [ -L "$1" ]; then echo kind link
  elif [ -f "$1" ]; then
    echo kind file
    echo "mode $(stat -c '%a %U:%G' "$1")"
    sum= version=
    if [ -f "$2" ] && [ "$(sed -n 1p "$2")" = "$(marks "$1")" ]; then sum=$(sed -n 2p "$2") version=$(sed -n 3p "$2")
    elif [ -n "$3" ]; then
      sum=$(sha256sum <"$1") && sum=\${sum%% *}
      [ -z "$4" ] || [ "$sum" != "$3" ] || version=$(version_of "$1" "$4")
    fi
    echo "sum $sum"
    echo "version $version"
  elif [ -d "$1" ]; then echo kind directory
  elif [ -e "$1" ]; then echo kind other
  else echo kind absent
  fi
  if [ -f "$1" ] && [ -x "$1" ]; then echo usable yes; fi
}
`);

export const seeProgram = ({ path, record, sha256, argument }: Program): ShellScript =>
  joinScripts([functions, sh`see_program ${path} ${record} ${sha256} ${argument}`]);

/** The program is asked for its version before it takes the place of another one; that one goes on running. */
const installing = ShellScript.trusted(`
# install_program CACHED SHA256 PATH MODE RECORD ARGUMENT VERSION
install_program() {
  path=$3 new=\${3%/*}/.\${3##*/}.provision-new version=
  [ -f "$1" ] || fail ARTIFACT_MISSING "$1 is not on the host" 'run again: the program is sent when it is missing'
  found=$(sha256sum <"$1") && found=\${found%% *}
  [ "$found" = "$2" ] || {
    rm -f "$1"
    fail ARTIFACT_CHECKSUM "the program on the host has the SHA-256 $found, not $2" 'run again: the broken copy was removed'
  }
  [ ! -d "$path" ] || fail IS_A_DIRECTORY "$path is a directory, a program was to be put there"
  trap 'rm -f "$new"; drop_directories "\${path%/*}"' EXIT
  make_directory "\${path%/*}" && rm -f "$new" && (set -C && : >"$new") && chown root:root "$new" && chmod "$4" "$new" &&
    cat "$1" >"$new" && sync "$new" || { echo "$path could not be written and is as before" >&2; exit 1; }
  if [ -n "$6" ]; then
    version=$(version_of "$new" "$6" | sed "s|^.*$new: ||")
    [ "\${version#v}" = "\${7#v}" ] ||
      fail VERSION_DIFFERS "\${path##*/} is to be version \${7#v} and says of itself: \${version:-nothing}" \\
        'name another program, or correct its version in the inventory; it has to be one for the processor of this host'
  fi
  keep "$path" && leave "$path" "$new" && sync "$PROVISION_UNDO/left"
  mv -f "$new" "$path"
  printf '%s\\n%s\\n%s\\n' "$(marks "$path")" "$2" "$version" | put "$5" 0644 root root
}
`);

export const installProgram = (
  program: Program,
  wanted: { readonly cached: string; readonly mode: string; readonly version: string },
): ShellScript =>
  joinScripts([
    functions,
    installing,
    sh`install_program ${wanted.cached} ${program.sha256} ${program.path} ${wanted.mode} ${program.record} ${program.argument} ${wanted.version}`,
  ]);
