import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { overlayAddressOf, vtepMac } from '../../../../src/kubernetes/network/vxlan.ts';

const addresses = ['10.0.0.11', '192.168.255.1', '172.16.9.200'];

test('the MAC address of a device is made of the address of its host', () => {
  expect(addresses.map(vtepMac)).toEqual(['02:70:0a:00:00:0b', '02:70:c0:a8:ff:01', '02:70:ac:10:09:c8']);
});

test("the agent's script makes the same", () => {
  const script = readFileSync(new URL('../../../../templates/static-routes.sh.hbs', import.meta.url), 'utf8');
  const [macOf = ''] = /^mac_of\(\) \{[\s\S]*?^\}/m.exec(script) ?? [];
  const made = execFileSync('sh', ['-c', `${macOf}\nfor address; do mac_of "$address"; done`, 'sh', ...addresses]);
  expect(made.toString().trim().split('\n')).toEqual(addresses.map(vtepMac));
});

test('hosts of the usual private ranges have different addresses on the VXLAN network', () => {
  expect([...addresses, '10.0.0.10'].map(overlayAddressOf)).toEqual([
    '250.0.0.11',
    '240.168.255.1',
    '252.16.9.200',
    '250.0.0.10',
  ]);
});
