import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import { findObstacles, type Obstacle } from '../../kubernetes/kubelet/node-prerequisites.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readField } from '../fields.ts';
import { defineOperation, type Upcoming } from '../operation.ts';
import { containerdConfig } from '../runtime/containerd-config.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { dropInPath } from '../units/unit-flags-state.ts';
import { kubeletCanStartSchema, type NodeWish } from './kubelet-can-start-schema.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { conditionsOf, containerdWish, fieldChanges, kubeletWish, type SeenNode } from './node-conditions.ts';
import { parseConditions, seeConditions } from './node-conditions-script.ts';

/** A process that ran for so long has passed all that it checks when it starts. */
const steadySeconds = 60;

/** Comes after `seeUnitFiles`; a dockerd that does not run is known by the texts of its unit. */
const seeDocker = ShellScript.trusted(`
see_docker() {
  path=$(flag_files "$1" config-file | head -n 1)
  echo "path \${path:=/etc/docker/daemon.json}"
  command=$(running_words "$1" | tr '\\0' '\\n')
  echo "command $(printf '%s' "\${command:-$(unit_texts "$1")}" | encode)"
  [ ! -f "$path" ] || echo "json $(encode <"$path")"
}
`);

const [runtimeMark, hostMark] = ['== the runtime ==', '== the host =='];

/**
 * What forbids the run, and what is only said: a kubelet that runs and is not restarted has proved that it can, and so
 * have pods that run with the drivers of now.
 */
function judge(actual: SeenNode, desired: NodeWish, upcoming: Upcoming) {
  const obstacles = findObstacles(conditionsOf(actual, desired, true));
  if (obstacles.length === 0) return { forbidding: [], proven: [] };
  const now = findObstacles(conditionsOf(actual, desired, false));
  const watched = [
    dropInPath(desired.unit),
    desired.runtime_config,
    ...actual.kubelet.config.files.map(({ path }) => path),
    ...fieldChanges(actual, desired).map(({ subject }) => subject),
  ];
  const isRestarted = [...upcoming.files.keys()].some((path) => watched.includes(path));
  const isSteady = actual.host.kubeletSeconds >= steadySeconds && !isRestarted;
  const isProven = ({ code, keepsDown }: Obstacle): boolean =>
    keepsDown === 'kubelet' ? isSteady : actual.host.hasPods && now.some((one) => one.code === code);
  return {
    forbidding: obstacles.filter((one) => !isProven(one)),
    proven: obstacles.filter(isProven),
  };
}

const sayProven = ({ code, what, why, keepsDown, fix }: Obstacle): string =>
  `${code}: ${what} (${why.replaceAll('\n', '; ')}). ${
    keepsDown === 'kubelet' ? 'It runs, and would not start again' : 'Pods run there all the same'
  }. Fix: ${fix}`;

/** Swap, the host's cgroups and the runtime's cgroup driver are such that this kubelet, and its pods, can start. Changes nothing. */
export const kubeletCanStart = defineOperation({
  name: 'kubelet_can_start',
  summary: 'nothing: it refuses swap, cgroups and drivers with which the kubelet or its pods do not start',
  schema: kubeletCanStartSchema,
  probe: (desired) =>
    joinScripts([
      kubeletConfig.probe(kubeletWish(desired)),
      sh`echo ${runtimeMark}`,
      ...(desired.runtime === 'docker'
        ? [seeUnitFiles, seeDocker, sh`see_docker ${desired.runtime_unit}`]
        : [containerdConfig.probe(containerdWish(desired))]),
      sh`echo ${hostMark}`,
      seeConditions(desired.unit, desired.runtime_unit, desired.runtime_config),
    ]),
  parse(output, desired): SeenNode {
    const [kubelet = '', rest = ''] = output.split(`${runtimeMark}\n`);
    const [runtime = '', host = ''] = rest.split(`${hostMark}\n`);
    const isDocker = desired.runtime === 'docker';
    return {
      kubelet: kubeletConfig.parse(kubelet, kubeletWish(desired)),
      containerd: isDocker ? undefined : containerdConfig.parse(runtime, containerdWish(desired)),
      docker: isDocker
        ? {
            command: decodeBase64(readField(runtime, 'command')),
            json: decodeBase64(readField(runtime, 'json')),
            path: readField(runtime, 'path'),
          }
        : undefined,
      host: parseConditions(host),
    };
  },
  diff(actual, desired, upcoming) {
    const { forbidding } = judge(actual, desired, upcoming);
    if (forbidding.length > 0) throw new ProvisionErrors(forbidding.map((one) => new ProvisionError(one)));
    return [];
  },
  warnings: (actual, desired) => judge(actual, desired, { files: new Map() }).proven.map(sayProven),
  apply: () => sh`:`,
  undo: () => sh`:`,
});
