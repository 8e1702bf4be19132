import { expect, test } from 'vitest';
import { handOver } from '../../src/operations/network/hand-over.ts';
import { changesOf, nothingUpcoming } from './case.ts';

const wish = { agent: 'flannel', backend: 'vxlan', vni: 1, port: 8472, cluster_cidr: '10.5.0.0/16' };
const scriptRuns = [
  'unit provision-static-routes.timer active',
  'unit provision-static-routes.service inactive',
  'unit provision-flannel.service inactive',
];
const flannelRuns = [
  'unit provision-static-routes.timer inactive',
  'unit provision-static-routes.service inactive',
  'unit provision-flannel.service active',
];
const device = (name: string, port = 8472) =>
  `device ${name}  <BROADCAST,UP> mtu 1450 \\    link/ether 02:70:0a:00:00:0b \\    vxlan id 1 local 10.0.0.11 dev eth0 srcport 0 0 dstport ${port} nolearning`;
const scriptRoute = 'route 10.5.2.0/24 via 10.0.0.12 dev eth0 proto 157';
const flannelRoute = 'route 10.5.2.0/24 via 10.0.0.12 dev eth0';

test.each<[string, object, readonly string[], readonly string[]]>([
  ['nothing there', {}, ['unit provision-flannel.service inactive'], []],
  ['the agent itself runs', {}, [...flannelRuns, flannelRoute, device('flannel.1')], []],
  [
    'a script and its routes, for flannel',
    {},
    [...scriptRuns, scriptRoute],
    ['provision-static-routes.timer: stop; what it has set stays', 'route 10.5.2.0/24: stays, for flannel'],
  ],
  [
    'a script that its timer has just started',
    {},
    [scriptRuns[0] ?? '', 'unit provision-static-routes.service activating'],
    ['provision-static-routes.timer: stop; what it has set stays'],
  ],
  [
    'a script without its timer',
    {},
    ['unit provision-static-routes.timer inactive', 'unit provision-static-routes.service activating'],
    ['provision-static-routes.service: stop; what it has set stays'],
  ],
  [
    'flannel and its routes, for the script',
    { agent: 'static-routes', backend: 'host-gw' },
    [...flannelRuns, flannelRoute],
    ['provision-flannel.service: stop; what it has set stays', 'route 10.5.2.0/24: stays, for static-routes'],
  ],
  [
    'the service, for pods of the same',
    { agent: 'flannel-daemonset' },
    [...flannelRuns, flannelRoute, device('flannel.1')],
    ['provision-flannel.service: stop; what it has set stays'],
  ],
  [
    "the script's VXLAN device with the number of the one to come",
    {},
    [...scriptRuns, 'route 10.5.2.0/24 via 10.5.2.0 dev prov-vxlan proto 157 onlink', device('prov-vxlan')],
    ['provision-static-routes.timer: stop; what it has set stays', 'prov-vxlan: becomes flannel.1, with its routes'],
  ],
  ['one on another port', {}, [device('prov-vxlan', 4789)], []],
  [
    "flannel's device with the number of the one to come",
    { agent: 'static-routes' },
    [device('flannel.1')],
    ['flannel.1: remove: its port and number are those of the device to come'],
  ],
  ["a route of somebody's routing daemon", {}, ['route 10.5.2.0/24 via 10.0.0.12 dev eth0 proto bird'], []],
])('%s', (_, more, output, expected) => {
  expect(changesOf(handOver, { ...wish, ...more }, output.join('\n'))).toEqual(expected);
});

test('with the timer the script that it may have started meanwhile is stopped, after it', () => {
  const desired = handOver.schema.parse(wish);
  const { source } = handOver.apply(desired, handOver.parse(scriptRuns.join('\n'), desired), nothingUpcoming);
  const timer = source.search(/systemctl stop '?provision-static-routes\.timer/);
  expect(timer).toBeGreaterThan(-1);
  expect(source.search(/systemctl stop '?provision-static-routes\.service/)).toBeGreaterThan(timer);
});

test('taken back, routes are as before ahead of the agent, which may take its time', () => {
  const desired = handOver.schema.parse({ ...wish, agent: 'static-routes', backend: 'host-gw' });
  if (typeof handOver.undo !== 'function') throw new TypeError('it can be taken back');
  const actual = handOver.parse([...flannelRuns, flannelRoute].join('\n'), desired);
  const { source } = handOver.undo(actual, desired);
  const route = source.search(/route replace '?10\.5\.2\.0/);
  expect(route).toBeGreaterThan(-1);
  expect(source.search(/systemctl start '?provision-flannel/)).toBeGreaterThan(route);
});
