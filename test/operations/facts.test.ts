import { expect, test } from 'vitest';
import { parseFacts } from '../../src/operations/facts/facts.ts';

const output = `hostname node1
machine 0123456789abcdef0123456789abcdef
boot 7c1f0a55-0000-4000-8000-000000000001
kernel 6.1.0-18-amd64
architecture x86_64
now 1700000100.500000000 100.50 190.00
address 1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
address 2: eth0    inet 10.0.0.21/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
route default via 10.0.0.1 dev eth0
route 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.21
route 10.5.1.0/24 via 10.0.0.22 dev eth0 proto 157
route unreachable 10.9.0.0/16 metric 4000000
flannel 10.5.0.0/16
agent 10.6.0.0/16
static-routes BACKEND vxlan
static-routes PORT 8472
own-flannel {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":7}}
own-flannel-etcd {"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"host-gw"}}
foreign-flannel pod /etc/kube-flannel/net-conf.json {"Network":"10.244.0.0/16","Backend":{"Type":"host-gw"}}
foreign-flannel flanneld.service /etc/x.json
etcd-flannel flanneld.service
listens 2815
vxlan 7: vx9: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN mode DEFAULT group default qlen 1000\\    link/ether 02:35:61:70:b7:00 brd ff:ff:ff:ff:ff:ff \\    vxlan id 9 dev eth0 srcport 0 0 dstport 8472 ttl auto
installed provision-static-routes.service 20260102-000000-bbbb
installed provision-static-routes.service 20260101-000000-aaaa
unproven yes
unit MainPID=412
unit NRestarts=2
unit ExecMainStartTimestampMonotonic=20500000
unit Id=kubelet.service
unit LoadState=loaded
unit ActiveState=active
unit ActiveEnterTimestampMonotonic=20500001
unit InvocationID=a1
unit
unit MainPID=0
unit NRestarts=0
unit ExecMainStartTimestampMonotonic=0
unit Id=absent.service
unit LoadState=not-found
unit ActiveState=inactive
unit ActiveEnterTimestampMonotonic=0
unit InvocationID=
argv 412 /opt/bin/kubelet\0--node-labels=a=b c\0--v=2\0
cache 20632028 /var/lib/provision/cache/aa
cache 17 /var/lib/provision/cache/bb.part
`;

test('facts are read from what the host printed', () => {
  const facts = parseFacts(output);
  expect(facts).toMatchObject({ hostname: 'node1', kernel: '6.1.0-18-amd64', architecture: 'x86_64' });
  expect(facts.addresses).toEqual([
    { device: 'lo', cidr: '127.0.0.1/8' },
    { device: 'eth0', cidr: '10.0.0.21/24' },
  ]);
  expect(facts.routes).toEqual([
    { destination: 'default', device: 'eth0', gateway: '10.0.0.1' },
    { destination: '10.0.0.0/24', device: 'eth0', protocol: 'kernel' },
    { destination: '10.5.1.0/24', device: 'eth0', gateway: '10.0.0.22', protocol: '157' },
    { destination: '10.9.0.0/16' },
  ]);
  expect(facts.flannelNetworks).toEqual(['10.5.0.0/16']);
  expect(facts.agentNetworks).toEqual(['10.6.0.0/16']);
  expect(facts.isUnproven).toBe(true);
  expect(facts.cache).toEqual(
    new Map([
      ['aa', 20632028],
      ['bb.part', 17],
    ]),
  );
});

test('what a host has of a pod network is read', () => {
  expect(parseFacts(output).network).toEqual({
    staticRoutes: new Map([
      ['BACKEND', 'vxlan'],
      ['PORT', '8472'],
    ]),
    flannel: { network: '10.5.0.0/16', backend: 'vxlan', vni: 7 },
    flannelEtcd: { network: '10.5.0.0/16', backend: 'host-gw' },
    etcdFlannels: ['flanneld.service'],
    foreignFlannels: [
      {
        isPod: true,
        configPath: '/etc/kube-flannel/net-conf.json',
        network: '10.244.0.0/16',
        backend: 'host-gw',
      },
      { unit: 'flanneld.service', isPod: false, configPath: '/etc/x.json' },
    ],
    vxlans: [{ device: 'vx9', vni: 9, port: 8472, isExclusive: false }],
    listening: new Set([10261]),
    installedBy: new Map([['provision-static-routes.service', '20260102-000000-bbbb']]),
  });
});

test('a unit is told apart from the next one, with the words of its process and its start by the clock', () => {
  const { units } = parseFacts(output);
  expect([...units.keys()]).toEqual(['kubelet.service', 'absent.service']);
  expect(units.get('kubelet.service')).toEqual({
    unit: 'kubelet.service',
    loaded: true,
    isMissing: false,
    active: true,
    mainPid: 412,
    invocationId: 'a1',
    restarts: 2,
    startedAt: 1700000020.5,
    commandLine: ['/opt/bin/kubelet', '--node-labels=a=b c', '--v=2'],
  });
  expect(units.get('absent.service')).toMatchObject({ loaded: false, isMissing: true, active: false, commandLine: [] });
});
