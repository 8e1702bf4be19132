import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { versionOf } from './binary-script.ts';

export interface Unpacking {
  readonly archive: string;
  readonly sha256: string;
  readonly directory: string;
  readonly manifest: string;
  readonly required: readonly string[];
  /** Names that are not unpacked. */
  readonly leaveOut: readonly string[];
  readonly version: { readonly program: string; readonly argument: string; readonly is: string } | undefined;
}

/** Everything is checked and every before-image taken ahead of the first rename, so that a full disk changes nothing. */
const functions = ShellScript.trusted(`
refuse() { fail ARCHIVE_UNSAFE "the archive $1" 'pack it again: plain files at its top, under ./ or under bin/'; }

# check_names ARCHIVE: nothing absolute, no "..", nothing deeper than bin/, no name twice, no bin that is not a directory.
check_names() {
  names=$(tar -t\${gz}f "$1") || fail ARCHIVE_BROKEN 'the archive cannot be listed' 'make it again and correct its sha256'
  printf '%s\\n' "$names" | awk '
    { whole = $0; sub(/^\\.\\//, ""); if ($0 == "" || $0 == "bin/") next
      if ($0 ~ /^\\// || $0 ~ /(^|\\/)\\.\\.(\\/|$)/) { print "holds " whole ", which leaves the directory"; exit }
      if ($0 == "bin") { print "holds bin as a file or link"; exit }
      sub(/^bin\\//, "")
      if ($0 !~ /^[A-Za-z0-9._+@-]+$/) { print "holds " whole ", which is not a plain file name"; exit }
      if (seen[$0]++) { print "holds " $0 " twice"; exit } }' | {
    if IFS= read -r reason; then refuse "$reason"; fi; }
}

# check_kinds STAGE: only files, and links to other names beside them.
check_kinds() {
  for entry in "$1"/* "$1"/.[!.]*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    if [ -L "$entry" ]; then
      case $(readlink "$entry") in */* | . | ..) refuse "holds \${entry##*/}, a link that leaves the directory" ;; esac
    elif [ ! -f "$entry" ]; then refuse "holds \${entry##*/}, which is neither a file nor a link"
    fi
  done
}

# same OLD NEW: equal content and mode, or equal links.
same() {
  if [ -L "$2" ]; then [ -L "$1" ] && [ "$(readlink "$1")" = "$(readlink "$2")" ]
  else [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %a "$1")" = "$(stat -c %a "$2")" ] && cmp -s "$1" "$2"
  fi
}

# stage_archive ARCHIVE DIRECTORY: unpacks into a fresh directory $stage on the same file system.
stage_archive() {
  gz=
  [ "$(head -c 2 "$1" | od -An -tx1 | tr -d ' \\n')" != 1f8b ] || gz=z
  check_names "$1"
  make_directory "$2"
  stage=\${2%/*}/.provision-stage
  [ "$(stat -c %d "\${2%/*}/")" = "$(stat -c %d "$2/")" ] || stage=$2/.provision-stage
  rm -rf "$stage".*
  stage=$(mktemp -d "$stage.XXXXXX")
  trap 'rm -rf "$stage"; drop_directories "$directory"' EXIT
  trap 'exit 1' HUP INT TERM
  tar -x\${gz}of "$1" -C "$stage" || { echo "the archive could not be unpacked beside $2, which is as before" >&2; exit 1; }
  [ ! -L "$stage/bin" ] || refuse 'holds bin as a link'
  if [ -d "$stage/bin" ]; then
    for entry in "$stage/bin"/* "$stage/bin"/.[!.]*; do
      if [ -e "$entry" ] || [ -L "$entry" ]; then mv "$entry" "$stage/"; fi
    done
    rmdir "$stage/bin"
  fi
  check_kinds "$stage"
}

# unpack ARCHIVE SHA256 DIRECTORY MANIFEST UNDO_LIST REQUIRED…
unpack() {
  archive=$1 sum=$2 directory=$3 manifest=$4 list=$5
  shift 5
  [ -f "$archive" ] || fail ARTIFACT_MISSING "$archive is not on the host" 'run again: the archive is sent when it is missing'
  found=$(sha256sum <"$archive") && found=\${found%% *}
  [ "$found" = "$sum" ] || {
    rm -f "$archive"
    fail ARTIFACT_CHECKSUM "the archive on the host has the SHA-256 $found, not $sum" 'run again: the broken copy was removed'
  }
  stage_archive "$archive" "$directory"
  for name in $left_out; do rm -f "$stage/$name"; done
  for name; do
    [ -x "$stage/$name" ] || [ -x "$directory/$name" ] ||
      fail ARCHIVE_LACKS "$directory has no executable $name, and the archive does not bring it" 'name an archive that has it'
  done
  if [ -n "$program" ]; then
    said=$(version_of "$stage/$program" "$program_argument")
    [ "$said" = "\${program_version#v}" ] ||
      fail VERSION_DIFFERS "$program is to be version \${program_version#v} and says of itself: \${said:-nothing}" \\
        'name another archive, or correct its version in the inventory; it has to be one for the processor of this host'
  fi
  cd "$stage"
  replaced=
  for name in $(ls -A); do
    [ ! -d "$directory/$name" ] || [ -L "$directory/$name" ] ||
      fail IS_A_DIRECTORY "$directory/$name is a directory, the archive has a file of that name"
    if [ ! -L "$name" ]; then chmod u=rwX,go=rX "$name"; sync "$name"; fi
    if ! same "$directory/$name" "$name"; then keep "$directory/$name"; replaced="$replaced $name"; fi
  done
  all=$(ls -A)
  if [ -n "$replaced" ]; then
    printf '%s\\n' $replaced | append "$list"
    for name in $replaced; do leave "$directory/$name" "$name"; done
    sync "$list" "$PROVISION_UNDO/left"
  fi
  for name in $replaced; do mv -f "$name" "$directory/$name"; done
  cd "$directory"
  for name in $all; do
    sum=link
    if [ ! -L "$name" ]; then sum=$(sha256sum <"$name") && sum=\${sum%% *}; fi
    stat -c "%s %Y %i %a %n $sum" "$name"
  done >"$stage/manifest"
  put "$manifest" 0644 root root <"$stage/manifest"
}
`);
export const unpack = (work: Unpacking): ShellScript =>
  joinScripts([
    versionOf,
    functions,
    sh`left_out=${work.leaveOut.join(' ')}`,
    sh`program=${work.version?.program ?? ''} program_argument=${work.version?.argument ?? ''} program_version=${work.version?.is ?? ''}`,
    sh`unpack ${work.archive} ${work.sha256} ${work.directory} ${work.manifest} "$PROVISION_UNDO"/archive-${encodeURIComponent(work.directory)} ${work.required}`,
  ]);
