import { ShellScript, sh } from '../../shell.ts';

/** Folders that programs make for themselves; in those below /etc others may have files by now. */
const foldersOf = {
  kubelet: [
    '/var/lib/kubelet',
    '/var/lib/dockershim',
    '/var/log/pods',
    '/var/log/containers',
    '/usr/libexec/kubernetes',
  ],
  containerd: ['/var/lib/containerd', '/opt/containerd', '/run/containerd', '/etc/cni/net.d', '/etc/cni'],
  plugins: ['/var/lib/cni'],
} as const;

/** Remembers which folders of a program are not there yet, before that program is installed. */
export const noteFolders = (program: string): ShellScript =>
  sh`for folder in ${program in foldersOf ? foldersOf[program as keyof typeof foldersOf] : []}; do
  [ -e "$folder" ] || echo "$folder" | append "$PROVISION_UNDO/folders"
done`;

/** What provision has installed on a host, as long as anything is known of it: also in the middle of a reset. */
export const seeOwn = ShellScript.trusted(`
# own_unit PROGRAM: its unit, where provision has installed it.
own_unit() { cat "$state/reset/$1" 2>/dev/null || cat "$state/software/$1" 2>/dev/null; }

# own_folders: those that were not there before their programs came, and are there now.
own_folders() {
  for folder in ${Object.values(foldersOf).flat().join(' ')}; do
    [ ! -e "$folder" ] || ! grep -qsxF "$folder" "$state/reset/folders" "$state/undo"/*/folders || echo "$folder"
  done
}

# made_folders: what runs have made on the way to their files, and is there still; the innermost first.
made_folders() {
  cat "$state/reset/made" "$state/undo"/*/made 2>/dev/null | grep -v "^$state/" | sort -ru | while IFS= read -r folder; do
    [ ! -d "$folder" ] || echo "$folder"
  done
}
`);

/** Comes before what is known of them is taken back. */
export const markOwn = ShellScript.trusted(`${seeOwn.source}
mark_own() {
  (umask 077; mkdir -p "$state/reset")
  for program in "$state"/software/*; do [ ! -f "$program" ] || store "$state/reset/\${program##*/}" <"$program"; done
  { cat "$state/reset/folders" 2>/dev/null || :; own_folders; } | sort -u | store "$state/reset/folders"
  cat "$state/reset/made" "$state/undo"/*/made 2>/dev/null | sort -u | store "$state/reset/made"
}
`);
