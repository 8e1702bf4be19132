import { z } from 'zod';
import {
  type DockerSources,
  keepsContainers,
  refuseBridgeOptions,
  refuseNetworkPlugin,
} from '../kubernetes/network/docker-options.ts';
import { joinScripts, ShellScript, sh } from '../shell.ts';
import { absolutePath, decodeBase64, readField, readLines } from './fields.ts';
import { defineOperation } from './operation.ts';
import { unitName } from './unit-flags.ts';
import { seeUnitFiles } from './unit-flags-script.ts';

const schema = z.strictObject({
  unit: unitName.default('docker.service').describe("Docker's unit"),
  config: absolutePath.default('/etc/docker/daemon.json').describe('its configuration file'),
  kubelet: unitName.optional().describe('the kubelet that drives it, which has to leave the network of pods to it'),
});

interface Actual {
  readonly docker: DockerSources;
  /** Words of the kubelet that runs. */
  readonly kubelet: readonly string[];
  /** Addresses of docker0, as 172.17.0.1/16. */
  readonly addresses: readonly string[];
  /** FLANNEL_SUBNET of subnet.env, as 10.5.1.1/24; empty until flanneld has taken one. */
  readonly range: string;
  /** How many containers run, which is counted only where docker0 has another address. */
  readonly containers: number;
}

const look = ShellScript.trusted(`
bridge_addresses() { ip -4 -o addr show dev docker0 2>/dev/null | while read -r _ _ _ address _; do echo "$address"; done; }
flannel_range() { sed -n 's/^FLANNEL_SUBNET=//p' /run/flannel/subnet.env 2>/dev/null; }

# see_bridge UNIT CONFIG [KUBELET]
see_bridge() {
  addresses=$(bridge_addresses) range=$(flannel_range)
  [ -z "$addresses" ] || printf '%s\\n' "$addresses" | sed 's/^/address /'
  [ -z "$range" ] || echo "range $range"
  echo "words $(running_words "$1" | encode)"
  [ -z "$3" ] || echo "kubelet $(running_words "$3" | encode)"
  [ ! -f "$2" ] || echo "options $(encode <"$2")"
  [ -n "$range" ] && [ "$addresses" = "$range" ] || echo "containers $(docker ps -q 2>/dev/null | wc -l)"
}
`);

const applyBridge = ShellScript.trusted(`
# await_bridge SECONDS: until docker0 has the address of flannel's range, and no other.
await_bridge() {
  tries=0
  until [ "$(bridge_addresses)" = "$(flannel_range)" ]; do
    tries=$((tries + 1))
    [ "$tries" -le "$1" ] || return 1
    sleep 1
  done
}

# take_range UNIT: Docker takes it when it starts.
take_range() {
  [ -n "$(flannel_range)" ] || fail AGENT_FAILED 'flanneld has not written /run/flannel/subnet.env' 'journalctl -u provision-flannel-etcd.service says why'
  await_bridge 0 || { systemctl restart "$1" && await_bridge 20; } ||
    fail DOCKER_BRIDGE_KEPT "docker0 has $(bridge_addresses | tr '\\n' ' ')and not $(flannel_range), although Docker was restarted" \\
      'docker network inspect bridge says what holds it; stop the containers on it, restart Docker, and run again'
}
`);

const wordsOf = (encoded: string): readonly string[] => decodeBase64(encoded).split('\0').slice(0, -1);

/** Containers that outlive Docker's restart stay where they are, and so does the bridge that they are on. */
const staysBehind = ({ docker, containers }: Actual): boolean => containers > 0 && keepsContainers(docker);

const isRight = ({ addresses, range }: Actual): boolean => range !== '' && addresses.join(' ') === range;

const say = ({ addresses }: Actual): string => addresses.join(', ') || 'no address';

/** docker0 with the address of flannel's range, which Docker gives it when it starts; its unit is a task before this one. */
export const dockerBridge = defineOperation({
  name: 'docker_bridge',
  schema,
  timeoutSeconds: 150,
  probe: ({ unit, config, kubelet = '' }) =>
    joinScripts([seeUnitFiles, look, sh`see_bridge ${unit} ${config} ${kubelet}`]),
  parse(output, { config }): Actual {
    return {
      docker: {
        words: wordsOf(readField(output, 'words')),
        path: config,
        text: decodeBase64(readField(output, 'options')),
      },
      kubelet: wordsOf(readField(output, 'kubelet')),
      addresses: readLines(output).flatMap(([key, value]) => (key === 'address' ? [value] : [])),
      range: readField(output, 'range'),
      containers: Number(readField(output, 'containers')),
    };
  },
  diff(actual) {
    refuseBridgeOptions(actual.docker);
    refuseNetworkPlugin(actual.kubelet);
    if (isRight(actual) || staysBehind(actual)) return [];
    return [{ subject: 'docker0', action: `${say(actual)} → ${actual.range || 'the range that flanneld takes'}` }];
  },
  warnings(actual) {
    const { containers } = actual;
    if (isRight(actual) || containers === 0) return [];
    const count = `${containers} ${containers === 1 ? 'container' : 'containers'}`;
    return staysBehind(actual)
      ? [
          `Docker has live-restore and keeps ${count}, and so docker0 keeps ${say(actual)}: nobody reaches them from other hosts, nor what is started beside them; stop them all, restart Docker, and run again`,
        ]
      : [`Docker has no live-restore: its restart ends ${count} here; the kubelet starts those of pods anew`];
  },
  apply: ({ unit }) => joinScripts([look, applyBridge, sh`take_range ${unit}`]),
  /** Without a range of its own Docker keeps the address that the bridge has when it is restarted. */
  undo: ({ addresses }) =>
    addresses.length === 0
      ? sh`:`
      : sh`if ip link show dev docker0 >/dev/null 2>&1; then
  ip -4 addr flush dev docker0
  for address in ${addresses}; do ip -4 addr add "$address" brd + dev docker0; done
fi`,
});
