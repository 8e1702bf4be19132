import { z } from 'zod';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { seeOwn } from './own-programs.ts';

const see = ShellScript.trusted(`${seeOwn.source}
# kube_rules SAVE: TABLE RULE of what kubelet, kube-proxy and plugins have written there.
kube_rules() {
  command -v "$1" >/dev/null || return 0
  "$1" 2>/dev/null | awk '
    /^\\*/ { table = substr($0, 2) }
    /^:(KUBE|CNI|FLANNEL)-/ { print table, "-N", substr($1, 2) }
    /^-A/ && !/^-A (KUBE|CNI|FLANNEL)-/ && / -j (KUBE|CNI|FLANNEL)-/ { print table, $0 }'
}

# see_leftovers: folders that nobody is in any more, links, and packet rules.
see_leftovers() {
  own_folders | while read -r folder; do
    case $folder in
      /etc/*) [ -n "$(find "$folder" ! -type d)" ] || echo "folder $folder" ;;
      # pods of a kubelet that stays have their addresses noted there
      /var/lib/cni)
        if own_unit kubelet >/dev/null || ! ls /run/netns 2>/dev/null | grep -q '^cni-'; then echo "folder $folder"; else echo "stays $folder"; fi ;;
      *) echo "folder $folder" ;;
    esac
  done
  own_unit kubelet >/dev/null || return 0
  for folder in $(made_folders); do
    for path in "$folder"/kubelet.crt "$folder"/kubelet.key "$folder"/kubelet-client-*.pem "$folder"/kubelet-server-*.pem; do
      if [ -e "$path" ] || [ -L "$path" ]; then echo "file $path"; fi
    done
  done
  ls /sys/class/net | sed -n -e 's/^kube-ipvs0$/link &/p' -e 's/^flannel[.].*/link &/p'
  [ ! -d /run/flannel ] || echo 'folder /run/flannel'
  for save in iptables-nft-save iptables-legacy-save; do kube_rules "$save" | sed "s/^/rule $save /"; done
}
`);

const drop = ShellScript.trusted(`
# drop_folder PATH: what is mounted there first.
drop_folder() {
  case $1 in /etc/*) rmdir "$1" 2>/dev/null || warn "$1 stays: files of somebody else are in it"; return 0 ;; esac
  awk -v folder="$1/" 'index($2 "/", folder) == 1 { print $2 }' /proc/mounts | sort -r | while IFS= read -r place; do
    umount "$(printf %b "$place")" || umount -l "$(printf %b "$place")"
  done
  rm -rf --one-file-system "$1"
}

# drop_rules SAVE: of each table all at once, the jumps to chains before the chains.
drop_rules() {
  rules=$(kube_rules "$1")
  [ -n "$rules" ] || return 0
  for table in $(printf '%s\\n' "$rules" | cut -d' ' -f1 | sort -u); do
    {
      echo "*$table"
      for form in 's/^-A/-D/p' 's/^-N/-F/p' 's/^-N/-X/p'; do printf '%s\\n' "$rules" | sed -n "s/^$table //p" | sed -n "$form"; done
      echo COMMIT
    } | "\${1%-save}-restore" -w --noflush
  done
}

drop_leftovers() {
  see_leftovers | while read -r kind value; do
    case $kind in
      folder) drop_folder "$value" ;;
      file) rm -f "$value" ;;
      link) ip link del "$value" ;;
    esac
  done
  for folder in $(made_folders); do
    rmdir "$folder" 2>/dev/null || warn "$folder stays: files of somebody else are in it"
  done
  own_unit kubelet >/dev/null || return 0
  for save in iptables-nft-save iptables-legacy-save; do drop_rules "$save"; done
  find /sys/fs/cgroup -depth -type d -path '*kubepods*' -exec rmdir {} \\; 2>/dev/null || :
}
`);

interface Actual {
  readonly kept: readonly string[];
  /** Folders that pods of others go by. */
  readonly staying: readonly string[];
  readonly rules: number;
}

/** Nothing is left of what programs that provision installed made for themselves. */
export const nodeLeftovers = defineOperation({
  name: 'node_leftovers',
  schema: z.strictObject({ drained: z.boolean().describe('whether pods leave the node before') }),
  timeoutSeconds: 300,
  probe: () => joinScripts([see, sh`see_leftovers`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (...keys: string[]) => lines.filter(([key]) => keys.includes(key)).map(([, value]) => value);
    return {
      kept: valuesOf('folder', 'file', 'link'),
      staying: valuesOf('stays'),
      rules: valuesOf('rule').length,
    };
  },
  diff: ({ kept, rules }) => [
    ...kept.map((subject) => ({ subject, action: 'remove, programs of ours have made it' })),
    ...(rules > 0
      ? [{ subject: 'iptables', action: `remove ${rules} chains and rules of kubelet and kube-proxy` }]
      : []),
  ],
  warnings: ({ staying }, { drained }) =>
    drained ? [] : staying.map((folder) => `${folder} stays: pods run here, and their addresses are noted there`),
  apply: () => joinScripts([see, drop, sh`drop_leftovers`]),
  undo: { irreversible: 'what programs of a node have kept for themselves is gone; they make it anew' },
});
