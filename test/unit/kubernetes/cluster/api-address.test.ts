import { expect, test } from 'vitest';
import { checkApiAddress } from '../../../../src/kubernetes/cluster/api-address.ts';

const nodes = [{ host: 'n1' }, { host: 'n2', apiServer: 'https://127.0.0.1:6443' }];

test.each<[string, readonly string[]]>([
  ['https://127.0.0.1:6443', ['n1']],
  ['https://127.1:6443', ['n1']],
  ['https://localhost:6443', ['n1']],
  ['https://[::1]:6443', ['n1']],
  ['https://0.0.0.0:6443', ['n1']],
  ['https://10.0.0.10:6443', []],
  ['https://127.example.com', []],
  ['https://[fd00::1]:6443', []],
])('%s', (server, named) => {
  const errors = checkApiAddress(server, nodes);
  expect(errors.map(({ code }) => code)).toEqual(named.map(() => 'API_SERVER_LOCAL'));
  for (const name of named) expect(errors[0]?.why).toContain(name);
  expect(errors.every(({ why }) => !why?.includes('n2'))).toBe(true);
  expect(errors.every(({ fix }) => fix?.includes('network.flannel.api_server'))).toBe(true);
});

test('nothing is asked for where every node has an address of its own', () => {
  expect(checkApiAddress('https://127.0.0.1:6443', nodes.slice(1))).toEqual([]);
});
