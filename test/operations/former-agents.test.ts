import { expect, test } from 'vitest';
import { formerAgents } from '../../src/operations/network/former-agents.ts';
import { changesOf } from './case.ts';

const wish = { agent: 'flannel', backend: 'vxlan', vni: 1 };

test.each<[string, object, readonly string[], readonly string[]]>([
  ['nothing of others', {}, ['device flannel.1'], []],
  [
    'a script on a host without pods',
    {},
    [
      'unit provision-static-routes.timer active enabled',
      'file /etc/provision/static-routes/config',
      'route 10.5.2.0/24 via 10.0.0.12 dev eth0 proto 157',
      'chain PROVISION-FWD',
    ],
    [
      'provision-static-routes.timer: stop, and do not start at boot',
      'route 10.5.2.0/24: remove: of static-routes',
      'iptables PROVISION-FWD: remove the chain',
      '/etc/provision/static-routes/config: remove',
    ],
  ],
  ['a device of another number', { vni: 7 }, ['device flannel.1'], ['flannel.1: remove: flannel does not use it']],
  [
    'a device after VXLAN',
    { agent: 'static-routes', backend: 'host-gw' },
    ['device flannel.1', 'device prov-vxlan'],
    ['flannel.1: remove: static-routes does not use it', 'prov-vxlan: remove: static-routes does not use it'],
  ],
  ['a unit that neither runs nor starts at boot', {}, ['unit provision-static-routes.service inactive disabled'], []],
])('%s', (_, more, output, expected) => {
  expect(changesOf(formerAgents, { ...wish, ...more }, output.join('\n'))).toEqual(expected);
});

test('with flannel in pods the service of the host is one of before', () => {
  const desired = formerAgents.schema.parse({ ...wish, agent: 'flannel-daemonset' });
  expect(formerAgents.probe(desired).source).toContain('provision-flannel.service');
  expect(formerAgents.probe(formerAgents.schema.parse(wish)).source).not.toContain('provision-flannel.service');
});
