import { z } from 'zod';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { absolutePath } from '../fields.ts';
import { digest, fileChanges, publicFile, putFile, seeFile, type WantedFile } from '../files/managed-file.ts';
import { podConfigPath } from '../flannel/flanneld-processes.ts';
import { defineOperation } from '../operation.ts';
import { noteFolders } from '../system/own-programs.ts';
import { type CniActual, foreignChanges, parseCni } from './cni-foreign.ts';

const schema = z.strictObject({
  directory: absolutePath.default('/etc/cni/net.d').describe('where the runtime looks for configurations'),
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]+\.(conf|conflist|json)$/, 'a file name that ends in .conf, .conflist or .json')
    .describe('file name of ours; the first in alphabetical order wins'),
  content: z.string().describe('its whole text'),
  replace: z.string().optional().describe('name of a network that is in use and is to be replaced all the same'),
});

const ours = (desired: z.output<typeof schema>): WantedFile =>
  publicFile(`${desired.directory}/${desired.name}`, desired.content);

/** Prints the configurations beside ours, and what shows that a network is in use. */
const seeForeign = ShellScript.trusted(`
# see_foreign DIRECTORY NAME
see_foreign() {
  found=
  for path in "$1"/*.conf "$1"/*.conflist "$1"/*.json; do
    [ -f "$path" ] || [ -L "$path" ] || continue
    [ "$path" != "$1/$2" ] || continue
    found=yes
    echo "config \${path##*/} $(head -c 65536 "$path" 2>/dev/null | base64 -w 0)"
  done
  [ -n "$found" ] || return 0
  for path in "$state/quarantine/$PROVISION_RUN"/*; do [ ! -e "$path" ] || echo "moved \${path##*/}"; done
  for path in $(grep -lxE 'calico-node|calico-felix|felix|cilium-agent|weaver|kube-router|flanneld|antrea-agent|kube-ovn-daemon' /proc/[0-9]*/comm 2>/dev/null); do
    # our own flanneld is nobody's agent but ours
    grep -qs provision-flannel.service "\${path%comm}cgroup" || grep -qsF ${podConfigPath} "\${path%comm}cmdline" || sed 's/^/process /' "$path"
  done 2>/dev/null | sort -u
  # A sandbox lives as long as a process is in a control group with its id.
  for id in $(cat /proc/[0-9]*/cgroup 2>/dev/null | grep -oE '[0-9a-f]{64}' | sort -u); do
    for path in /var/lib/cni/results/*"$id"* /var/lib/cni/cache/results/*"$id"*; do [ ! -e "$path" ] || echo "result \${path##*/}"; done
    grep -ls "$id" /var/lib/cni/networks/*/* | sed 's|^/var/lib/cni/networks/\\([^/]*\\)/.*|lease \\1|'
  done | sort -u
}
`);

const quarantine = ShellScript.trusted(`
# quarantine DIRECTORY NAME
quarantine() {
  (umask 077; mkdir -p "$state/quarantine/$PROVISION_RUN")
  keep "$1/$2"
  leave "$1/$2"
  sync "$PROVISION_UNDO/left" "$PROVISION_UNDO/files$1"
  mv -f "$1/$2" "$state/quarantine/$PROVISION_RUN/$2"
}
`);

/** Our network configuration as the only one the runtime sees; those of others are moved away unless they are in use. */
export const cniConfig = defineOperation({
  name: 'cni_config',
  summary: 'our network configuration as the only one; those of others in quarantine',
  schema,
  probe: (desired) =>
    joinScripts([
      seeForeign,
      seeFile(ours(desired).path, desired.content),
      sh`see_foreign ${desired.directory} ${desired.name}`,
    ]),
  parse: parseCni,
  diff: (actual, desired) => [
    ...fileChanges(actual.file, ours(desired)).map((change) => ({
      ...change,
      action: `${change.action}; it is the configuration that counts`,
    })),
    ...foreignChanges(actual, desired),
  ],
  /** Ours comes first, so that there is no moment without any. */
  apply: (desired, actual) =>
    joinScripts([
      quarantine,
      noteFolders('plugins'),
      ...(fileChanges(actual.file, ours(desired)).length === 0 ? [] : [putFile(ours(desired))]),
      ...actual.foreign.map(({ name }) => sh`quarantine ${desired.directory} ${name}`),
    ]),
  undo: (actual: CniActual, desired) =>
    joinScripts([
      ...actual.foreign.map(
        ({ name }) => sh`restore ${`${desired.directory}/${name}`}
rm -f /var/lib/provision/quarantine/"$PROVISION_RUN"/${name}`,
      ),
      sh`restore ${ours(desired).path}`,
    ]),
  writes: (desired, actual) => [
    { path: ours(desired).path, sha256: digest(desired.content) },
    ...actual.foreign.map(({ name }) => ({ path: `${desired.directory}/${name}`, sha256: null })),
  ],
});
