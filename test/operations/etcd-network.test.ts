import { describe, expect, test } from 'vitest';
import { etcdNetwork } from '../../src/operations/flannel/etcd-network.ts';
import { base64, changesOf } from './case.ts';

const content = (backend: object, more: object = {}) =>
  JSON.stringify({ Network: '10.5.0.0/16', SubnetLen: 24, Backend: backend, ...more });
const vxlan = { Type: 'vxlan', VNI: 1, Port: 8472, DirectRouting: false };
const wish = { endpoints: ['https://10.0.0.11:2379'], prefix: '/coreos.com/network', content: content(vxlan) };

const answer = (api: 'v2' | 'v3', status: number, body: unknown) =>
  `${api} ${status} ${base64(typeof body === 'string' ? body : JSON.stringify(body))}\n`;

/** What etcd answers of a configuration and of ranges that hosts have taken, by either API. */
const v3 = (config?: string, subnets: readonly string[] = []) =>
  answer('v3', 200, {
    header: { revision: '9' },
    kvs: [
      ...(config === undefined
        ? []
        : [{ key: base64(`${wish.prefix}/config`), value: base64(config), mod_revision: '7' }]),
      ...subnets.map((one) => ({
        key: base64(`${wish.prefix}/subnets/${one}`),
        value: base64('{}'),
        mod_revision: '8',
      })),
    ],
  });
const v2 = (config: string, subnets: readonly string[] = []) =>
  answer('v2', 200, {
    action: 'get',
    node: {
      key: wish.prefix,
      dir: true,
      nodes: [
        { key: `${wish.prefix}/config`, value: config, modifiedIndex: 7 },
        {
          key: `${wish.prefix}/subnets`,
          dir: true,
          nodes: subnets.map((one) => ({ key: `${wish.prefix}/subnets/${one}`, value: '{}', modifiedIndex: 8 })),
        },
      ],
    },
  });
const create = ['/coreos.com/network/config in etcd: create'];
const change = ['/coreos.com/network/config in etcd: change'];
const taken = ['10.5.1.0-24', '10.5.2.0-24'];

describe.each([
  ['v2', v2],
  ['v3', v3],
] as const)('%s', (api, seen) => {
  test.each<[string, string, readonly string[], readonly string[]]>([
    ['as it is to be', content(vxlan), taken, []],
    ['the same in other words', '{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }', taken, []],
    ['with what its owner has added', content(vxlan, { SubnetMin: '10.5.64.0' }), taken, []],
    ['another range that nobody goes by', '{"Network":"10.9.0.0/16"}', [], change],
    ['another range', '{"Network":"10.9.0.0/16","Backend":{"Type":"vxlan"}}', taken, ['RANGES_DISAGREE']],
    ['other sizes of ranges', content(vxlan, { SubnetLen: 25 }), taken, ['RANGES_DISAGREE']],
    ['no JSON', 'Network: 10.5.0.0/16', taken, ['RANGES_DISAGREE']],
    ["flannel's own default", '{"Network":"10.5.0.0/16"}', taken, ['AGENT_CHANGES']],
    ['another port', content({ ...vxlan, Port: 4789 }), taken, ['AGENT_CHANGES']],
    ['another MTU, which a restart brings about', content({ ...vxlan, MTU: 1400 }), taken, change],
  ])('%s', (_, config, subnets, expected) => {
    expect(changesOf(etcdNetwork, { ...wish, api }, seen(config, subnets))).toEqual(expected);
  });
});

test.each<[string, 'v2' | 'v3', string, readonly string[]]>([
  ['nothing there', 'v2', answer('v2', 404, { errorCode: 100, message: 'Key not found' }), create],
  ['nothing there', 'v3', v3(), create],
  ['an etcd without that API', 'v2', answer('v2', 404, '404 page not found\n'), ['ETCD_API_MISSING']],
  ['an etcd without that API', 'v3', answer('v3', 404, '404 page not found\n'), ['ETCD_API_MISSING']],
  ['not allowed', 'v2', answer('v2', 401, { message: 'Insufficient credentials' }), ['ETCD_REFUSED']],
  [
    'no way to it',
    'v3',
    `problem ETCD_UNREACHABLE ${base64('https://10.0.0.11:2379: curl: (7) refused\n')}\n`,
    ['ETCD_UNREACHABLE'],
  ],
  ['nothing to ask with', 'v3', 'problem CURL_MISSING \n', ['CURL_MISSING']],
  ['no leader', 'v3', answer('v3', 503, { error: 'etcdserver: no leader' }), ['ETCD_REFUSED']],
])('%s, %s', (_, api, output, expected) => {
  expect(changesOf(etcdNetwork, { ...wish, api }, output)).toEqual(expected);
});

test('it is put back as it was; where nothing was, ranges of hosts go as well', () => {
  const undoOf = (output: string): string => {
    const desired = etcdNetwork.schema.parse({ ...wish, api: 'v3' });
    if (typeof etcdNetwork.undo !== 'function') throw new TypeError('it can be taken back');
    const { source } = etcdNetwork.undo(etcdNetwork.parse(output, desired), desired);
    return source.slice(source.lastIndexOf('etcd_tell '));
  };
  expect(undoOf(v3())).toContain(`"range_end":"${base64('/coreos.com/network0')}"`);
  expect(undoOf(v3(undefined, taken))).not.toContain('range_end');
  expect(undoOf(v3('{"Network":"10.9.0.0/16"}'))).toContain(base64('{"Network":"10.9.0.0/16"}'));
});
