import { z } from 'zod';
import { isFlannel, networkAgents } from '../../kubernetes/network/agents.ts';
import { vxlanDevice } from '../../kubernetes/network/vxlan.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { ipv4Network, readLines } from '../fields.ts';
import { flannelUnit } from '../flannel/flanneld-processes.ts';
import { defineOperation } from '../operation.ts';
import { handOverScript, seeAgents } from './hand-over-script.ts';
import { agentTimer, agentUnit, routeProtocol } from './static-routes-state.ts';

const schema = z.strictObject({
  agent: z.enum(networkAgents).describe('the network agent to come'),
  backend: z.enum(['host-gw', 'vxlan']).describe('how it carries packets'),
  vni: z.int().describe('the number of its VXLAN network'),
  port: z.int().describe('the UDP port of that network'),
  cluster_cidr: ipv4Network.describe('the range of all pods'),
});

type Desired = z.output<typeof schema>;

interface Device {
  readonly name: string;
  readonly vni: number;
  readonly port: number;
}

interface Actual {
  /** Units of agents that run. */
  readonly running: readonly string[];
  /** Routes to pods of other nodes, in the words of `ip route`. */
  readonly routes: readonly string[];
  /** VXLAN devices that bear the names agents give them. */
  readonly devices: readonly Device[];
}

/** The units of all agents but the wanted one. */
const unitsOfOthers = ({ agent }: Desired): readonly string[] => [
  ...(agent === 'static-routes' ? [] : [agentTimer, agentUnit]),
  ...(agent === 'flannel' ? [] : [flannelUnit]),
];

/** The script runs for a moment whenever its timer lets it: it counts alone only where the timer does not. */
function toStop({ running }: Actual, desired: Desired): readonly string[] {
  const others = unitsOfOthers(desired).filter((unit) => running.includes(unit));
  return others.includes(agentTimer) ? others.filter((unit) => unit !== agentUnit) : others;
}

/** With a timer what it has just started ends too, after it, so that it is not started anew. */
const withStarted = (units: readonly string[]): readonly string[] =>
  units.flatMap((unit) => (unit === agentTimer ? [unit, agentUnit] : [unit]));

const ourMark = ` proto ${routeProtocol}`;

/** flanneld names no protocol. */
const marked = (route: string): string => (/ proto /.test(route) ? route : `${route}${ourMark}`);
const unmarked = (route: string): string => route.replace(ourMark, '');

/** The device of another agent that has the port and number of the one to come, which the kernel gives to one alone. */
const deviceInTheWay = ({ devices }: Actual, { agent, backend, vni, port }: Desired): Device | undefined =>
  backend !== 'vxlan'
    ? undefined
    : devices.find((one) => (one.name === vxlanDevice) === isFlannel(agent) && one.vni === vni && one.port === port);

/** Routes that bear the mark of the other kind of agent; with one in its way the device takes its own along. */
function toHandOver(actual: Actual, desired: Desired): readonly string[] {
  const away = deviceInTheWay(actual, desired)?.name;
  const become = isFlannel(desired.agent) ? unmarked : marked;
  return actual.routes
    .filter((route) => away === undefined || !route.includes(` dev ${away}`))
    .flatMap((route) => (become(route) === route ? [] : [become(route)]));
}

const replaceRoute = (route: string): ShellScript =>
  sh`ip -4 route replace ${route.replace(/ linkdown\b/g, '').split(' ')}`;

const startAgain = (unit: string): ShellScript => sh`systemctl start ${unit} || warn ${`${unit} does not start again`}`;

/** The agents of before stopped, with what they have set in the hands of the one to come: routes, and the VXLAN device where the two cannot be there at once. */
export const handOver = defineOperation({
  name: 'hand_over',
  summary: 'agents of before stopped, what they have set in the hands of the one to come',
  schema,
  timeoutSeconds: 120,
  probe: ({ cluster_cidr }) => joinScripts([seeAgents, sh`see_agents ${cluster_cidr}`]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value.trim());
    return {
      running: valuesOf('unit').flatMap((text) => {
        const [unit = '', state = ''] = text.split(' ');
        return ['inactive', 'failed', ''].includes(state) ? [] : [unit];
      }),
      routes: valuesOf('route'),
      devices: valuesOf('device').map((text) => ({
        name: text.split(' ')[0] ?? '',
        vni: Number(/ vxlan .*?\bid (\d+)/.exec(text)?.[1]),
        port: Number(/ dstport (\d+)/.exec(text)?.[1]),
      })),
    };
  },
  diff(actual, desired) {
    const device = deviceInTheWay(actual, desired);
    const routes = toHandOver(actual, desired);
    const becomes = isFlannel(desired.agent)
      ? `becomes flannel.${desired.vni}, with its routes`
      : 'remove: its port and number are those of the device to come';
    return [
      ...toStop(actual, desired).map((unit) => ({ subject: unit, action: 'stop; what it has set stays' })),
      ...routes.map((route) => ({ subject: `route ${route.split(' ')[0]}`, action: `stays, for ${desired.agent}` })),
      ...(device === undefined ? [] : [{ subject: device.name, action: becomes }]),
    ];
  },
  apply(desired, actual) {
    const units = toStop(actual, desired);
    const device = deviceInTheWay(actual, desired);
    return joinScripts([
      handOverScript,
      ...(units.length === 0 ? [sh`:`] : withStarted(units).map((unit) => sh`systemctl stop ${unit}`)),
      ...toHandOver(actual, desired).map(replaceRoute),
      ...(device === undefined
        ? []
        : isFlannel(desired.agent)
          ? [sh`rename_device ${device.name} ${`flannel.${desired.vni}`}`]
          : [sh`ip link del ${device.name}`]),
    ]);
  },
  /** Routes first, for an agent may take its time to start. */
  undo(actual, desired) {
    const device = deviceInTheWay(actual, desired);
    const became = isFlannel(desired.agent) ? `flannel.${desired.vni}` : vxlanDevice;
    const units = toStop(actual, desired);
    return joinScripts([
      ...(device === undefined
        ? [sh`:`]
        : [sh`[ -e /sys/class/net/${device.name} ] || ! [ -e /sys/class/net/${became} ] || ip link del ${became}`]),
      ...actual.routes.map((route) => sh`${replaceRoute(route)} 2>/dev/null || :`),
      ...(units.length === 0 ? [] : [sh`systemctl daemon-reload`]),
      // once now, not in ten seconds
      ...(units.includes(agentTimer) ? [startAgain(agentUnit)] : []),
      ...units.toReversed().map(startAgain),
    ]);
  },
});
