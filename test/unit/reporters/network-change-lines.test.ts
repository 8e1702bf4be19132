import { expect, test } from 'vitest';
import { formatNetworkChange } from '../../../src/reporters/network-change-lines.ts';

const change = {
  from: [{ what: 'static-routes (host-gw)', hosts: ['node1', 'node2'] }],
  to: 'flannel (vxlan, port 8472, VNI 1)',
  sideBySide: true,
  why: 'routes of before stay',
  cut: 'none',
  order: ['first', 'then'],
  mtu: 'is smaller',
};

test('says from what to what, whether both get along, the cut and the order', () => {
  expect(formatNetworkChange(change)).toEqual([
    '',
    'The pod network becomes flannel (vxlan, port 8472, VNI 1):',
    '  from static-routes (host-gw) on node1, node2',
    '  side by side: yes, routes of before stay',
    '  expected cut: none',
    '  MTU: is smaller',
    '  1. first',
    '  2. then',
  ]);
});

test('says that there is nothing to change', () => {
  expect(formatNetworkChange({ ...change, from: [] })).toEqual([
    'the pod network is flannel (vxlan, port 8472, VNI 1) on all hosts',
  ]);
});
