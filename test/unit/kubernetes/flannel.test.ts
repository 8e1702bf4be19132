import { expect, it } from 'vitest';
import { readCniConfig, requiredPlugins, winningConfig } from '../../../src/kubernetes/conflist.ts';
import { checkNetConf, parseSubnetEnv, renderSubnetEnv } from '../../../src/kubernetes/flannel.ts';

const env = { network: '10.5.0.0/16', podCIDR: '10.5.1.0/24', mtu: 1450, masquerades: true };

it('writes subnet.env as flannel does and reads it back', () => {
  const text = renderSubnetEnv(env);
  expect(text).toBe('FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n');
  expect(parseSubnetEnv(text)).toEqual(env);
  expect(parseSubnetEnv('')).toBeUndefined();
});

it('finds a net-conf.json left at another range', () => {
  expect(checkNetConf('{"Network":"10.5.0.0/16"}', '10.5.0.0/16', 'f')).toBeUndefined();
  expect(checkNetConf('{"Network":"10.244.0.0/16"}', '10.5.0.0/16', 'f')?.code).toBe('RANGES_DISAGREE');
  expect(checkNetConf('{', '10.5.0.0/16', 'f')?.what).toBe('f has no Network');
});

const conflist = `{"name":"cbr0","cniVersion":"0.3.1","plugins":[
 {"type":"flannel","delegate":{"hairpinMode":true,"isDefaultGateway":true}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}`;

it('knows the plugins a configuration needs', () => {
  expect(requiredPlugins(conflist)).toEqual(['flannel', 'bridge', 'host-local', 'portmap', 'loopback']);
  expect(requiredPlugins('{"name":"n","type":"macvlan","ipam":{"type":"dhcp"}}')).toEqual([
    'macvlan',
    'dhcp',
    'loopback',
  ]);
});

it('reads name and types, of broken text too', () => {
  expect(readCniConfig(conflist)).toEqual({ name: 'cbr0', types: ['flannel', 'portmap'], isReadable: true });
  expect(readCniConfig('{"name": "k8s-pod-network", "plugins": [{"type": "calico",')).toEqual({
    name: 'k8s-pod-network',
    types: ['calico'],
    isReadable: false,
  });
});

it('knows which file wins', () => {
  expect(winningConfig(['99-loopback.conf', '10-flannel.conflist', '00-x.conf.bak', 'calico-kubeconfig'])).toBe(
    '10-flannel.conflist',
  );
  expect(winningConfig(['README'])).toBeUndefined();
});
