import { z } from 'zod';
import { isFlannel, networkAgents } from '../../kubernetes/network/agents.ts';
import { vxlanDevice } from '../../kubernetes/network/vxlan.ts';
import { joinScripts, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { flannelEtcdUnit, flannelUnit } from '../flannel/flanneld-processes.ts';
import { defineOperation } from '../operation.ts';
import { dropFormer, seeFormer } from './former-agents-script.ts';
import { dropChain } from './static-routes-put-back.ts';
import { agentTimer, agentUnit, chains, routeProtocol } from './static-routes-state.ts';

const schema = z.strictObject({
  agent: z.enum(networkAgents).describe('the network agent that stays'),
  backend: z.enum(['host-gw', 'vxlan']).describe('how it carries packets'),
  vni: z.int().describe('the number of its VXLAN network'),
});

type Desired = z.output<typeof schema>;

/** What an agent keeps on a host. */
interface Belongings {
  readonly units: readonly string[];
  readonly files: readonly string[];
}

const units = '/etc/systemd/system';
const program = '/usr/local/lib/provision/flanneld';
const staticRoutes: Belongings = {
  units: [agentTimer, agentUnit],
  files: [
    `${units}/${agentTimer}`,
    `${units}/${agentUnit}`,
    '/etc/provision/static-routes/config',
    '/etc/provision/static-routes/peers',
    '/usr/local/lib/provision/static-routes',
  ],
};
const flannel: Belongings = {
  units: [flannelUnit],
  files: [
    `${units}/${flannelUnit}`,
    '/etc/provision/flannel/net-conf.json',
    '/etc/provision/flannel/kubeconfig',
    program,
  ],
};

const flannelEtcd: Belongings = {
  units: [flannelEtcdUnit],
  files: [
    `${units}/${flannelEtcdUnit}`,
    ...['net-conf.json', 'ca.pem', 'client.pem', 'client-key.pem'].map((name) => `/etc/provision/flannel-etcd/${name}`),
    program,
  ],
};
const ofAgents: Readonly<Record<(typeof networkAgents)[number], Belongings>> = {
  'static-routes': staticRoutes,
  flannel,
  'flannel-daemonset': { units: [], files: [] },
  'flannel-etcd': flannelEtcd,
};

/** Of all agents but that one, save what it shares with them. */
function belongingsOfOthers({ agent }: Desired): Belongings {
  const { files: own } = ofAgents[agent];
  const others = networkAgents.filter((one) => one !== agent).map((one) => ofAgents[one]);
  return {
    units: others.flatMap((one) => one.units),
    files: [...new Set(others.flatMap((one) => one.files))].filter((path) => !own.includes(path)),
  };
}

interface Actual {
  readonly units: readonly { readonly name: string; readonly isActive: boolean; readonly isEnabled: boolean }[];
  readonly files: readonly string[];
  readonly routes: readonly string[];
  readonly chains: readonly string[];
  readonly devices: readonly string[];
}

const isWanted = (device: string, { agent, backend, vni }: Desired): boolean =>
  backend === 'vxlan' && device === (isFlannel(agent) ? `flannel.${vni}` : vxlanDevice);

const devicesToDrop = ({ devices }: Actual, desired: Desired): readonly string[] =>
  devices.filter((device) => !isWanted(device, desired));

/** What agents of before have left: units, files, packet rules, routes and devices, each known by its name. */
export const formerAgents = defineOperation({
  name: 'former_agents',
  summary: 'nothing left of other agents: units, files, packet rules, routes and devices, each by its name',
  schema,
  timeoutSeconds: 120,
  probe(desired) {
    const others = belongingsOfOthers(desired);
    return joinScripts([
      seeFormer,
      ...others.units.map((unit) => sh`see_unit ${unit}`),
      ...others.files.map((path) => sh`[ ! -e ${path} ] || echo file ${path}`),
      ...(isFlannel(desired.agent)
        ? [sh`ip -4 -o route show proto ${routeProtocol} | sed 's/^/route /'`, sh`see_chains`]
        : []),
      sh`see_devices`,
    ]);
  },
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value.trim());
    return {
      units: valuesOf('unit').map((text) => {
        const [name = '', state = '', enabled = ''] = text.split(' ');
        return { name, isActive: state !== 'inactive' && state !== 'failed', isEnabled: enabled === 'enabled' };
      }),
      files: valuesOf('file'),
      routes: valuesOf('route'),
      chains: [...new Set(valuesOf('chain'))],
      devices: valuesOf('device'),
    };
  },
  diff: (actual, desired) => [
    ...actual.units
      .filter(({ isActive, isEnabled }) => isActive || isEnabled)
      .map(({ name }) => ({ subject: name, action: 'stop, and do not start at boot' })),
    ...actual.routes.map((route) => ({ subject: `route ${route.split(' ')[0]}`, action: 'remove: of static-routes' })),
    ...actual.chains.map((chain) => ({ subject: `iptables ${chain}`, action: 'remove the chain' })),
    ...devicesToDrop(actual, desired).map((device) => ({
      subject: device,
      action: `remove: ${desired.agent} does not use it`,
    })),
    ...actual.files.map((path) => ({ subject: path, action: 'remove' })),
  ],
  apply(desired, actual) {
    const known = actual.units.map(({ name }) => name);
    return joinScripts([
      dropFormer,
      ...(known.length === 0 ? [sh`:`] : [sh`systemctl --quiet disable --now ${known}`]),
      ...(actual.routes.length === 0 ? [] : [sh`ip -4 route flush proto ${routeProtocol}`]),
      ...chains.filter(({ name }) => actual.chains.includes(name)).map(dropChain),
      ...devicesToDrop(actual, desired).map((device) => sh`drop_device ${device}`),
      ...actual.files.map((path) => sh`remove ${path}`),
      sh`rmdir /etc/provision/static-routes /etc/provision/flannel /etc/provision/flannel-etcd 2>/dev/null || :`,
      sh`systemctl daemon-reload`,
    ]);
  },
  /** Routes, rules and the device come back with the agent, which is started here or by what was done before. */
  undo(actual) {
    const enabled = actual.units.filter(({ isEnabled }) => isEnabled).map(({ name }) => name);
    const active = actual.units.filter(({ isActive }) => isActive).map(({ name }) => name);
    return joinScripts([
      ...actual.files.map((path) => sh`restore ${path}`),
      sh`systemctl daemon-reload`,
      ...(enabled.length === 0 ? [] : [sh`systemctl --quiet enable ${enabled}`]),
      ...active.toReversed().map((unit) => sh`systemctl start ${unit} || warn ${`${unit} does not start again`}`),
    ]);
  },
});
