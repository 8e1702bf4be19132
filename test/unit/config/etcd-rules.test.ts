import { expect, test } from 'vitest';
import { parseInventory } from '../../../src/config/inventory.ts';
import { inventoryText, thrownBy } from './shown.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const flanneld = `flanneld: { path: flanneld, sha256: ${sha256}, version: 0.20.2 }`;
const tls = '{ endpoints: https://10.0.0.1:2379, ca: ca.pem, certificate: c.pem, key: k.pem }';

interface Wish {
  readonly agent?: string;
  readonly etcd?: string;
  readonly cni?: string;
  readonly runtime?: string;
  readonly artifacts?: string;
}

const text = ({ agent = 'flannel-etcd', etcd = tls, cni = 'none', runtime = 'docker', artifacts = flanneld }: Wish) =>
  inventoryText({
    vars: `    network: { agent: ${agent}${etcd && `, etcd: ${etcd}`} }
${cni && `    cni: ${cni}`}
    runtime: { type: ${runtime} }`,
  }).replace(/artifacts: .*/, `artifacts: { ${artifacts} }`);

const parse = (wish: Wish) => parseInventory('/etc/cluster/inventory.yaml', text(wish), { homeFolder: '/home/op' });

test('flannel with etcd needs neither plugins nor their archive; its files count from the inventory', () => {
  const { settings } = parse({});
  expect(settings.network.etcd).toEqual({
    endpoints: ['https://10.0.0.1:2379'],
    prefix: '/coreos.com/network',
    ca: '/etc/cluster/ca.pem',
    certificate: '/etc/cluster/c.pem',
    key: '/etc/cluster/k.pem',
  });
  expect(settings.cni).toMatchObject({ isNone: true });
  expect(parse({ etcd: '{ endpoints: [http://10.0.0.1:2379, http://10.0.0.2:2379] }' }).settings.network.etcd).toEqual({
    endpoints: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'],
    prefix: '/coreos.com/network',
  });
});

test.each<[string, Wish, string]>([
  [
    'plugins with etcd',
    { cni: '' },
    '5:23\n  With the agent flannel-etcd it is Docker that gives containers their addresses',
  ],
  [
    'plugins with etcd, written',
    { cni: '{ bin_dir: /opt/cni/bin }' },
    '5:23\n  With the agent flannel-etcd it is Docker',
  ],
  [
    'a misspelt word',
    { cni: 'nothing' },
    '6:10\n  Not settings of cni\n    6 |     cni: nothing\n      |          ^\n  Write none or a map with any of bin_dir, conf_dir',
  ],
  ['a misspelt key', { cni: '{ bin_dri: /opt }' }, '6:12\n  Unrecognized key: "bin_dri" (did you mean "bin_dir"?)'],
  [
    'no plugins without etcd',
    { agent: 'static-routes', etcd: '' },
    '6:10\n  The agent static-routes needs CNI plugins',
  ],
  [
    'etcd with another agent',
    { agent: 'flannel', cni: '' },
    '5:32\n  network.etcd means nothing with the agent flannel',
  ],
  ['no etcd', { etcd: '' }, '5:23\n  The agent flannel-etcd has to know where etcd is'],
  ['no flanneld', { artifacts: '' }, '5:23\n  The agent flannel-etcd needs its program'],
  ['containerd', { runtime: 'containerd' }, '7:22\n  With the agent flannel-etcd nodes have to run Docker'],
  ['no CA', { etcd: '{ endpoints: https://10.0.0.1:2379 }' }, '5:37\n  etcd is asked by https, and network.etcd.ca'],
  ['a CA without TLS', { etcd: '{ endpoints: http://10.0.0.1:2379, ca: x }' }, '5:37\n  etcd is asked by http, where'],
  [
    'a certificate alone',
    { etcd: tls.replace(', key: k.pem', '') },
    '5:37\n  A client certificate of network.etcd needs its key',
  ],
  [
    'no archive of plugins',
    { agent: 'flannel', etcd: '', cni: '{}', runtime: 'docker' },
    '4:5\n  Missing key: "cni_plugins"',
  ],
])('%s', (_, wish, expected) => {
  expect(thrownBy(() => parse(wish))).toContain(`✖ CONFIG_INVALID  /etc/cluster/inventory.yaml:${expected}`);
});

test.each<[string, Wish, string]>([
  [
    'no CA',
    { etcd: '{ endpoints: https://10.0.0.1:2379 }' },
    "Name the certificate of etcd's CA, a local file (PEM): network.etcd: { ca: … }.",
  ],
  [
    'http and https',
    { etcd: '{ endpoints: [https://10.0.0.1:2379, http://10.0.0.2:2379], ca: x }' },
    'Write all of endpoints with https, or all with http.',
  ],
  [
    'a CA without TLS',
    { etcd: '{ endpoints: http://10.0.0.1:2379, ca: x }' },
    'Write https in endpoints, or take out ca, certificate and key.',
  ],
  ['a certificate alone', { etcd: tls.replace(', key: k.pem', '') }, 'Write both, or neither.'],
  [
    'no archive of plugins',
    { agent: 'flannel', etcd: '', cni: '{}', runtime: 'docker' },
    'Write artifacts: { cni_plugins: { path: …, sha256: … } }.',
  ],
])('what to do is said of %s', (_, wish, fix) => {
  expect(
    thrownBy(() => parse(wish))
      .split('\n')
      .at(-1),
  ).toBe(`  ${fix}`);
});
