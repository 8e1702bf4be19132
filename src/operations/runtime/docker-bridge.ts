import { z } from 'zod';
import {
  type DockerSources,
  keepsContainers,
  refuseBridgeOptions,
  refuseNetworkPlugin,
} from '../../kubernetes/network/docker-options.ts';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, decodeBase64, readField, readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { unitName } from '../units/unit-flags.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { giveBridgeBack, seeBridge, takeRange } from './docker-bridge-script.ts';

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

const wordsOf = (encoded: string): readonly string[] => decodeBase64(encoded).split('\0').slice(0, -1);

/** Containers that outlive Docker's restart stay where they are, and so does the bridge that they are on. */
const staysBehind = ({ docker, containers }: Actual): boolean => containers > 0 && keepsContainers(docker);

const isRight = ({ addresses, range }: Actual): boolean => range !== '' && addresses.join(' ') === range;

const say = ({ addresses }: Actual): string => addresses.join(', ') || 'no address';

/** docker0 with the address of flannel's range, which Docker gives it when it starts; its unit is a task before this one. */
export const dockerBridge = defineOperation({
  name: 'docker_bridge',
  summary: "a docker0 with the address of flannel's range, by a restart of Docker",
  schema,
  timeoutSeconds: 150,
  probe: ({ unit, config, kubelet = '' }) =>
    joinScripts([seeUnitFiles, seeBridge, sh`see_bridge ${unit} ${config} ${kubelet}`]),
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
  apply: ({ unit }) => joinScripts([seeBridge, takeRange, sh`take_range ${unit}`]),
  /** Docker itself is restarted by the task that it was started by, node after node. */
  undo: ({ addresses }, { unit }) =>
    addresses.length === 0 ? sh`:` : joinScripts([seeBridge, giveBridgeBack, sh`give_back ${unit} ${addresses}`]),
});
