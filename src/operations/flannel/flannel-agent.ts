import { z } from 'zod';
import type { Change } from '../../events.ts';
import { networkOf } from '../../kubernetes/network/cidr.ts';
import { refuseLargeMtu } from '../../kubernetes/network/vxlan.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { ipv4Network } from '../fields.ts';
import { dropBridge, gatewayOf } from '../network/node-bridge.ts';
import { refuseGateways, seeWays } from '../network/on-link.ts';
import { defineOperation } from '../operation.ts';
import { leaveFlannel, seeFlannel, startFlannel } from './flannel-agent-script.ts';
import { type FlannelState, parseFlannel } from './flannel-agent-state.ts';
import { flanneldProcesses, flannelEtcdUnit, flannelUnit } from './flanneld-processes.ts';

const schema = z.strictObject({
  runs_in: z
    .enum(['service', 'pod', 'service-with-etcd'])
    .default('service')
    .describe(
      'where flanneld runs: provision-flannel.service, pods of a DaemonSet, or provision-flannel-etcd.service, which goes by etcd',
    ),
  cluster_cidr: ipv4Network.describe('the range of all pods'),
  subnet: ipv4Network.optional().describe("this node's part of it; the one that flanneld has taken when not given"),
  backend: z.enum(['host-gw', 'vxlan']).describe('how packets are carried from host to host'),
  vni: z.number().int().describe('the number of the VXLAN network'),
  port: z.number().int().describe('the UDP port of the VXLAN network'),
  masquerade: z.boolean().default(true).describe('whether pods leave the cluster under the address of their node'),
  mtu: z.number().int().optional().describe('of the pods; what flanneld finds when not given'),
  interface: z
    .string()
    .optional()
    .describe('name or address of the interface to the other nodes; for the MTU it allows'),
  peers: z
    .array(
      z.strictObject({
        name: z.string().describe('name of the Node'),
        pod_cidr: ipv4Network.describe('its part of the range'),
        address: z.ipv4().describe('its address'),
      }),
    )
    .default([])
    .describe('the other nodes that flanneld knows of'),
  nodes: z
    .array(
      z.strictObject({
        name: z.string().describe('name of the Node'),
        pod_cidr: ipv4Network.optional().describe('its part of the range'),
        address: z.ipv4().describe('its address'),
      }),
    )
    .default([])
    .describe('all other Nodes, which host-gw needs on one link with this one'),
});

type Desired = z.output<typeof schema>;

const deviceOf = ({ vni }: Desired): string => `flannel.${vni}`;

/** The address that flanneld gives its device: the first of the range, alone. */
const deviceAddress = (subnet: string): string => `${subnet.split('/')[0]}/32`;

const networkPattern = /^FLANNEL_SUBNET=(.*)$/;

/** The range of this node, by the wish or by what flanneld has written; undefined until it has taken one. */
function subnetOf({ environment }: FlannelState, { subnet }: Desired): string | undefined {
  if (subnet !== undefined) return subnet;
  const written = environment.map((line) => networkPattern.exec(line)?.[1]).find((one) => one !== undefined);
  return written && networkOf(written)?.text;
}

const environmentOf = (desired: Desired): readonly string[] => [
  `FLANNEL_NETWORK=${desired.cluster_cidr}`,
  ...(desired.subnet === undefined ? [] : [`FLANNEL_SUBNET=${gatewayOf(desired.subnet)}`]),
  `FLANNEL_IPMASQ=${desired.masquerade}`,
  ...(desired.mtu === undefined ? [] : [`FLANNEL_MTU=${desired.mtu}`]),
];

function environmentChanges(actual: FlannelState, desired: Desired): readonly Change[] {
  const missing = environmentOf(desired).filter((line) => !actual.environment.includes(line));
  return missing.length === 0 ? [] : [{ subject: '/run/flannel/subnet.env', action: missing.join(', ') }];
}

function deviceChanges(actual: FlannelState, desired: Desired): readonly Change[] {
  if (desired.backend !== 'vxlan') return [];
  const own = actual.devices.find(({ name }) => name === deviceOf(desired));
  const seen = own && `VXLAN ${own.vni} on port ${own.port} with ${own.address || 'no address'}`;
  const subnet = subnetOf(actual, desired);
  const address = subnet === undefined ? 'an address of its range' : deviceAddress(subnet);
  const wanted = `VXLAN ${desired.vni} on port ${desired.port} with ${address}`;
  if (seen === wanted) return [];
  return [{ subject: deviceOf(desired), action: seen ? `${seen} → ${wanted}` : `make it: ${wanted}` }];
}

function routeChanges(actual: FlannelState, desired: Desired): readonly Change[] {
  return desired.peers
    .filter(({ pod_cidr, address }) => {
      const route = actual.routes.get(pod_cidr);
      const isDirect = route?.includes(` via ${address} `) ?? false;
      return !(isDirect || (desired.backend === 'vxlan' && route?.includes(` dev ${deviceOf(desired)}`)));
    })
    .map(({ pod_cidr, name }) => ({ subject: `route ${pod_cidr}`, action: `set, to ${name}` }));
}

const isMissing = ({ runs_in }: Pick<Desired, 'runs_in'>): Change =>
  runs_in === 'pod'
    ? { subject: 'flanneld', action: 'runs in its pod, until it has set its routes and rules' }
    : { subject: whereOf({ runs_in }), action: 'start it, until it has set its routes and rules' };

const places = { service: flannelUnit, pod: 'pod', 'service-with-etcd': flannelEtcdUnit } as const;

/** What scripts know it by. */
const whereOf = ({ runs_in }: Pick<Desired, 'runs_in'>): string => places[runs_in];

const changesOf = (actual: FlannelState, desired: Desired): readonly Change[] => [
  ...(actual.isActive ? [] : [isMissing(desired)]),
  ...environmentChanges(actual, desired),
  ...deviceChanges(actual, desired),
  ...routeChanges(actual, desired),
];

/** What another agent wrote there, if one did. */
const putBackEnvironment = (lines: readonly string[]): ShellScript =>
  lines.length === 0
    ? sh`rm -f /run/flannel/subnet.env; rmdir /run/flannel 2>/dev/null || :`
    : sh`mkdir -p -m 0755 /run/flannel; printf '%s\n' ${lines} >/run/flannel/subnet.env; chmod 0644 /run/flannel/subnet.env`;

/**
 * flanneld started, or its pod waited for, with device, routes and subnet.env as it keeps them; its program, files and unit,
 * or its DaemonSet, are tasks before this one.
 */
export const flannelAgent = defineOperation({
  name: 'flannel_agent',
  summary: 'device, routes and `/run/flannel/subnet.env` as flanneld keeps them',
  schema,
  timeoutSeconds: 150,
  probe(desired) {
    const { cluster_cidr, subnet = '', interface: link = '', backend, nodes } = desired;
    return joinScripts([
      flanneldProcesses,
      seeFlannel,
      sh`see_flannel ${whereOf(desired)} ${cluster_cidr} ${subnet} ${link}`,
      ...(backend === 'host-gw' ? [seeWays(nodes.map(({ address }) => address))] : []),
    ]);
  },
  parse: parseFlannel,
  diff(actual, desired) {
    const { link } = actual;
    if (desired.backend === 'vxlan' && desired.mtu !== undefined && link !== undefined)
      refuseLargeMtu(desired.mtu, link.name, link.mtu);
    if (desired.backend === 'host-gw') refuseGateways(actual, desired.nodes);
    return changesOf(actual, desired);
  },
  apply(desired, actual) {
    const networks = desired.peers.map(({ pod_cidr }) => pod_cidr);
    return joinScripts([
      flanneldProcesses,
      seeFlannel,
      startFlannel,
      desired.runs_in === 'pod'
        ? sh`await_pod ${environmentOf(desired).join('\n')}; await_routes ${networks}`
        : sh`start_flannel ${whereOf(desired)} ${actual.process} ${networks}`,
    ]);
  },
  /** One that ran before goes on, and sets its things by its files of before when it is restarted. */
  undo: (actual, desired) =>
    actual.isActive
      ? sh`:`
      : joinScripts([
          flanneldProcesses,
          seeFlannel,
          leaveFlannel,
          sh`leave_flannel ${whereOf(desired)} ${desired.cluster_cidr} ${desired.subnet ?? ''} ${names(actual)} ${[...actual.routes.values()].join('\n')} ${actual.rules.legacy.join('\n')} ${actual.rules.nft.join('\n')}`,
          putBackEnvironment(actual.environment),
          ...(actual.bridge.length > 0 ? [] : [dropBridge]),
        ]),
  undoStops: (actual, desired) => (actual.isActive || desired.runs_in === 'pod' ? [] : [whereOf(desired)]),
});

const names = ({ devices }: FlannelState): string => devices.map(({ name }) => name).join('\n');
