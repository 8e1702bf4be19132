import { describe, expect, test } from 'vitest';
import {
  type AgentOfHost,
  checkAgents,
  checkForeignAgents,
  type NetworkAgent,
} from '../../../../src/kubernetes/network/agents.ts';
import { checkInterface } from '../../../../src/kubernetes/network/node-interface.ts';
import { checkVxlanPort } from '../../../../src/kubernetes/network/vxlan-port.ts';

const hostGw: NetworkAgent = { agent: 'static-routes', backend: 'host-gw' };
const vxlan: NetworkAgent = { agent: 'static-routes', backend: 'vxlan', port: 8472, vni: 1 };
const on = (host: string, agent: NetworkAgent, run?: string): AgentOfHost => ({ host, ...agent, ...(run && { run }) });

describe('an agent that is to change', () => {
  test.each<[string, NetworkAgent, readonly AgentOfHost[], boolean]>([
    ['nothing installed', vxlan, [], false],
    ['the same', vxlan, [on('a', vxlan)], false],
    ['another agent', { ...hostGw, agent: 'flannel' }, [on('a', hostGw)], true],
    ['another backend', vxlan, [on('a', hostGw)], true],
    ['another port', { ...vxlan, port: 4789 }, [on('a', vxlan)], true],
    ['another VNI', { ...vxlan, vni: 7 }, [on('a', vxlan)], true],
    ['a port that counts for nothing', { ...hostGw }, [on('a', { ...hostGw, port: 4789 })], false],
    ['a backend that the host does not say', vxlan, [on('a', { agent: 'static-routes' })], false],
  ])('%s', (_, wanted, installed, isRefused) => {
    expect(checkAgents(wanted, installed).map(({ code }) => code)).toEqual(isRefused ? ['AGENT_CHANGES'] : []);
  });

  test('names hosts, settings to go back to, and the runs to take back, the newest first', () => {
    const [error] = checkAgents(vxlan, [on('a', hostGw, '20260101-1'), on('b', hostGw, '20260102-2')]);
    expect(error?.what).toContain('a, b have static-routes (host-gw)');
    expect(error?.fix).toContain('network: { agent: static-routes, backend: host-gw }');
    expect(error?.fix).toBe(
      'Change them all together: ./provision network change INVENTORY. Or: say network: { agent: static-routes, backend: host-gw } again, or take back what installed it (./provision undo 20260102-2 && ./provision undo 20260101-1: all else that was done with it goes as well, the pod network too where it was set up then) and then run `up` with the inventory as it is.',
    );
    const [unknown] = checkAgents(vxlan, [on('a', hostGw)]);
    expect(unknown?.fix).toContain('or take back what installed it (`./provision history` names the run: all else');
  });
});

test.each<[string, NetworkAgent, NetworkAgent, string]>([
  ['of the kernel’s routes', vxlan, hostGw, 'provision network change INVENTORY'],
  ['from docker0', hostGw, { agent: 'flannel-etcd', backend: 'host-gw' }, 'provision migrate INVENTORY'],
  ['to docker0', { agent: 'flannel-etcd', backend: 'host-gw' }, hostGw, 'To keep what is there, say network: {'],
])('the way to another agent, %s', (_, wanted, installed, words) => {
  expect(checkAgents(wanted, [on('a', installed)])[0]?.fix).toContain(words);
});

const etcd = (backend: string): NetworkAgent => ({ agent: 'flannel-etcd', backend });
test.each<[string, NetworkAgent, NetworkAgent, string]>([
  ['on plugins both', vxlan, hostGw, 'all of them have to change together, which `up` does not do'],
  ['to docker0', etcd('host-gw'), hostGw, 'No command leads a cluster to flannel-etcd: containers are on docker0'],
  ['from docker0', hostGw, etcd('host-gw'), 'they leave it node by node, which `up` does not do'],
  ['on docker0 both', etcd('udp'), etcd('host-gw'), 'no command changes this of flannel-etcd on all hosts together'],
])('why not, %s', (_, wanted, installed, words) => {
  expect(checkAgents(wanted, [on('a', installed)])[0]?.why).toContain(words);
});

describe('a flannel of somebody else', () => {
  const foreign = { host: 'a', isPod: false, configPath: '/etc/x.json', backend: 'vxlan' };
  const codes = (more: object) => checkForeignAgents('10.5.0.0/16', [{ ...foreign, ...more }]).map(({ code }) => code);

  test('is refused', () => expect(codes({ network: '10.5.0.0/16' })).toEqual(['AGENT_CHANGES']));
  test('with another range too', () =>
    expect(codes({ network: '10.244.0.0/16' })).toEqual(['RANGES_DISAGREE', 'AGENT_CHANGES']));
  test('names the ConfigMap of a pod', () => {
    const [range, agent] = checkForeignAgents('10.5.0.0/16', [{ ...foreign, isPod: true, network: '10.244.0.0/16' }]);
    expect(range?.what).toContain('ConfigMap kube-flannel-cfg');
    expect(agent?.fix).toContain('DaemonSet');
  });
});

test.each<[string, object, readonly string[]]>([
  ['of somebody else, with that number', { device: 'vxlan-9', port: 8472, vni: 1 }, ['VXLAN_PORT_TAKEN']],
  [
    'that takes packets of all networks',
    { device: 'cilium_vxlan', port: 8472, vni: 0, isExclusive: true },
    ['VXLAN_PORT_TAKEN'],
  ],
  ['of another network, which shares the port', { device: 'vxlan-9', port: 8472, vni: 9 }, []],
  ['on another port', { device: 'vxlan.calico', port: 4789, vni: 1 }, []],
  ['of flannel', { device: 'flannel.1', port: 8472, vni: 1 }, []],
  ['of our own', { device: 'prov-vxlan', port: 8472, vni: 1 }, []],
])('a VXLAN device %s', (_, device, expected) => {
  const seen = { host: 'a', device: '', ...device };
  expect(checkVxlanPort(8472, 1, [seen]).map(({ code }) => code)).toEqual(expected);
});

test.each<[string, { wanted?: string; nodeAddresses?: string[] }, boolean]>([
  ['by name', { wanted: 'eth1' }, true],
  ['by address', { wanted: '10.0.0.2' }, true],
  ['one that is not there', { wanted: 'eth7' }, false],
  ['the one of the Node', { nodeAddresses: ['10.0.0.2'] }, true],
  ['of a Node in both families', { nodeAddresses: ['fd00::2', '10.0.0.2'] }, true],
  ['of a Node elsewhere', { nodeAddresses: ['10.0.0.9'] }, false],
  ['before there is a Node', {}, true],
])('an interface: %s', (_, wish, isThere) => {
  const addresses = [
    { device: 'lo', address: '127.0.0.1' },
    { device: 'eth1', address: '10.0.0.2' },
  ];
  const errors = checkInterface({ host: 'a', nodeAddresses: [], addresses, ...wish });
  expect(errors.map(({ code, why }) => `${code}: ${why}`)).toEqual(
    isThere ? [] : ['INTERFACE_NOT_FOUND: it has eth1 10.0.0.2'],
  );
});
