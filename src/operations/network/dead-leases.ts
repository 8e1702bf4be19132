import { z } from 'zod';
import type { Change } from '../../events.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readField, readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  network: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/, 'the name of a network')
    .describe('the network, as its configuration names it'),
  runtime: z.enum(['containerd', 'docker']).describe('what runs the sandboxes'),
});

type Desired = z.output<typeof schema>;

interface Actual {
  /** Why nothing can be said: the runtime does not answer. */
  readonly unknown: string;
  /** Addresses that are held for a container there is no more, with its id. */
  readonly leases: readonly { readonly address: string; readonly container: string }[];
  /** Containers that there are no more, with a state of the plugin `flannel`. */
  readonly states: readonly string[];
}

const leaseFolder = '/var/lib/cni/networks';
const stateFolder = '/var/lib/cni/flannel';

/**
 * A sandbox is listed only after it has got its address, so a young lease says nothing: `see_dead NETWORK RUNTIME MINUTES`.
 * A container that a process still belongs to lives, whatever the runtime says. With Docker
 * those that have ended are never started again, and all have ended where its daemon is stopped.
 */
const seeDead = ShellScript.trusted(`
see_dead() {
  files=$(find ${leaseFolder}/"$1" ${stateFolder} -maxdepth 1 -type f -mmin "+$3" 2>/dev/null | sort)
  [ -n "$files" ] || return 0
  ids=
  case $2 in
    containerd) ids=$(timeout 20 ctr --connect-timeout 10s -n k8s.io containers ls -q 2>&1) ;;
    docker) ! grep -qsx dockerd /proc/[0-9]*/comm || ids=$(timeout 20 docker ps -q --no-trunc 2>&1) ;;
  esac || { echo "unknown $(printf '%s' "$ids" | tail -n 1)"; return 0; }
  ids="$ids
$(cat /proc/[0-9]*/cgroup 2>/dev/null | grep -oE '[0-9a-f]{64}' || :)"
  printf '%s\\n' "$ids" "$files" | awk -v states=${stateFolder}/ '
    !/^\\// { lives[$0]; next }
    { name = $0; sub(/.*\\//, "", name); kind = "state"; id = name }
    index($0, states) != 1 {
      if (name !~ /^[0-9]+\\.[0-9.]+$|:/) next
      kind = "lease"; id = ""; getline id <$0; close($0); sub(/[ \\r].*/, "", id)
    }
    id ~ /^[0-9a-f]+$/ && !(id in lives) { print kind, name, id }'
}`);

/** Minutes after which a sandbox would have been listed, or its setting up given up. */
const graceMinutes = 2;

/** The first names of many. */
function sample(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown}, …` : shown;
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** Addresses of the node's range that are held for sandboxes which are gone, until none is left for new pods. */
export const deadLeases = defineOperation({
  name: 'dead_leases',
  summary: 'no address held for a sandbox that is gone',
  schema,
  probe: ({ network, runtime }) => joinScripts([seeDead, sh`see_dead ${network} ${runtime} ${graceMinutes}`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return {
      unknown: readField(output, 'unknown'),
      leases: valuesOf('lease').map((text) => {
        const [address = '', container = ''] = text.split(' ');
        return { address, container };
      }),
      states: valuesOf('state').map((text) => text.split(' ')[0] ?? ''),
    };
  },
  diff: ({ leases, states }, { network }): readonly Change[] => [
    ...(leases.length === 0
      ? []
      : [
          {
            subject: `${leaseFolder}/${network}`,
            action: `free ${counted(leases.length, 'address', 'addresses')} held for sandboxes that are gone: ${sample(leases.map(({ address }) => address))}`,
          },
        ]),
    ...(states.length === 0
      ? []
      : [
          {
            subject: stateFolder,
            action: `remove what was kept of ${counted(states.length, 'sandbox that is gone', 'sandboxes that are gone')}: ${sample(states.map((id) => id.slice(0, 12)))}`,
          },
        ]),
  ],
  warnings: ({ unknown }, { network, runtime }) =>
    unknown === ''
      ? []
      : [
          `it is not known whether addresses of ${network} are held for nothing: ${runtime} does not answer (${unknown})`,
        ],
  /** Looks again, at younger ones too: one that comes of age before the second look would seem left over. The plugin's own lock is held. */
  apply: ({ network, runtime }: Desired) =>
    joinScripts([
      seeDead,
      sh`see_dead ${network} ${runtime} ${graceMinutes - 1} | while read -r kind name id; do
  case $kind in
    lease) flock -w 20 ${`${leaseFolder}/${network}/lock`} sh -c '! head -n 1 "$1" | grep -qF "$2" || rm -f "$1"' - ${`${leaseFolder}/${network}`}/"$name" "$id" ;;
    state) rm -f ${stateFolder}/"$name" ;;
  esac || exit 1
done`,
    ]),
  undo: { irreversible: 'an address that was free may belong to a new pod by now' },
});
