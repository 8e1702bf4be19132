import { describe, expect, it } from 'vitest';
import { fieldAt, setFields, takeBack } from '../../../../src/kubernetes/kubelet/config-fields.ts';

const block = `# how this node is run
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 110   # as everywhere
clusterDNS: # of the cluster
- 10.254.0.2
- 10.254.0.3 # the second one

authentication:
    anonymous: { enabled: false }
    x509:
        clientCAFile: "/opt/k8s/ssl/ca.pem"
evictionHard:
    memory.available:  '50Mi'
    # disks
    nodefs.available: 1%
featureGates: {}
systemReserved:
cgroupDriver: systemd
# the end
`;
const flow = `kind: KubeletConfiguration
maxPods: 110
evictionHard: { memory.available: 50Mi, nodefs.available: 1% }
clusterDNS: [ 10.254.0.2 ]
authentication: {anonymous: {enabled: no}, x509: {clientCAFile: /ca.pem}}`;
const json = `{
  "kind": "KubeletConfiguration",
  "apiVersion": "kubelet.config.k8s.io/v1beta1",
  "maxPods": 110,
  "clusterDNS": ["10.254.0.2"],
  "authentication": {
    "anonymous": {
      "enabled": false
    }
  },
  "evictionHard": {"memory.available":"50Mi"}
}
`;
const texts: Readonly<Record<string, string>> = {
  block,
  CRLF: block.replaceAll('\n', '\r\n'),
  'no newline at the end': block.trimEnd(),
  'ends in a field': block.replace('# the end\n', '').trimEnd(),
  'three dashes and dots': `---\n${block}...\n`,
  'a byte order mark': `\ufeff${block}`,
  flow,
  json,
  'JSON in one line': JSON.stringify(JSON.parse(json)),
  'JSON, CRLF': json.replaceAll('\n', '\r\n'),
};
const wishes: readonly Record<string, unknown>[] = [
  { maxPods: 200 },
  { maxPods: '200' },
  { podPidsLimit: 4096, failSwapOn: true },
  { evictionHard: { 'memory.available': '100Mi', 'imagefs.available': '5%' } },
  { evictionSoft: { 'memory.available': '200Mi', 'nodefs.available': '10%' }, kubeReserved: { cpu: '100m' } },
  { clusterDNS: ['10.96.0.10'], enforceNodeAllocatable: ['pods', 'system-reserved'] },
  { clusterDNS: [] },
  { featureGates: { RotateKubeletServerCertificate: true, GracefulNodeShutdown: false }, systemReserved: { cpu: '1' } },
  { authentication: { webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: true } } },
  { registerWithTaints: [{ key: 'a', effect: 'NoSchedule' }], clusterDomain: 'on', tlsMinVersion: 'a: b #c' },
  { resolvConf: '/run/systemd/resolve/resolv.conf', containerRuntimeEndpoint: 'unix:///run/c.sock', healthzPort: 0 },
];

describe.each(Object.entries(texts))('%s', (_, text) => {
  it.each(wishes)('%j is set, and goes without a trace', (wish) => {
    const edited = setFields(text, wish);
    for (const [key, value] of Object.entries(wish))
      expect(fieldAt(edited.text, [key])?.value).toEqual(merged(text, key, value));
    expect(setFields(edited.text, wish)).toEqual({ text: edited.text, fields: [] });
    expect(takeBack(edited.text, edited.fields)).toBe(text);
  });

  it('all of them together', () => {
    const edited = setFields(text, Object.assign({}, ...wishes));
    expect(takeBack(edited.text, edited.fields)).toBe(text);
  });

  it('is left alone where it says the same', () => {
    expect(setFields(text, { maxPods: 110, authentication: { anonymous: { enabled: false } } }).fields).toEqual([]);
  });
});

function merged(text: string, key: string, value: unknown): unknown {
  const before = fieldAt(text, [key])?.value;
  const isMap = (one: unknown): one is Record<string, unknown> =>
    typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isMap(before) || !isMap(value)) return value;
  const merge = (a: Record<string, unknown>, b: Record<string, unknown>): Record<string, unknown> => {
    const all: Record<string, unknown> = { ...a };
    for (const [name, one] of Object.entries(b)) {
      const old = a[name];
      all[name] = isMap(old) && isMap(one) ? merge(old, one) : one;
    }
    return all;
  };
  return merge(before, value);
}

it('changes and adds in the style of the file', () => {
  const { text } = setFields(block, {
    maxPods: 200,
    clusterDNS: ['10.96.0.10'],
    evictionHard: { 'memory.available': '100Mi', 'imagefs.available': '5%' },
    authentication: { anonymous: { enabled: true } },
    evictionSoft: { 'memory.available': '200Mi' },
  });
  expect(text).toBe(
    block
      .replace('maxPods: 110', 'maxPods: 200')
      .replace('- 10.254.0.2\n- 10.254.0.3', '- 10.96.0.10')
      .replace("'50Mi'", "'100Mi'")
      .replace('    nodefs.available: 1%\n', '    nodefs.available: 1%\n    imagefs.available: 5%\n')
      .replace('enabled: false', 'enabled: true')
      .replace('systemd\n', 'systemd\nevictionSoft:\n    memory.available: 200Mi\n'),
  );
});

it('writes JSON into JSON', () => {
  const { text } = setFields(json, { maxPods: 200, evictionHard: { 'nodefs.available': '1%' }, clusterDomain: 'x' });
  expect(JSON.parse(text)).toMatchObject({
    maxPods: 200,
    clusterDomain: 'x',
    evictionHard: { 'nodefs.available': '1%' },
  });
  expect(text).toContain('{"memory.available":"50Mi","nodefs.available":"1%"},\n  "clusterDomain": "x"\n}\n');
});

describe('what others do meanwhile', () => {
  const edited = setFields(block, { maxPods: 200, podPidsLimit: 100, kubeReserved: { cpu: '100m' } });
  const back = (change: (text: string) => string) => takeBack(change(edited.text), edited.fields);

  it('stays where it is elsewhere', () => {
    const change = (text: string) => text.replace('# as everywhere', '# small').replace('# the end', 'readOnlyPort: 0');
    expect(back(change)).toBe(change(block));
  });
  it('is theirs where it was ours', () => {
    const change = (text: string) => text.replace('maxPods: 200', 'maxPods: 300');
    expect(back(change)).toBe(block.replace('maxPods: 110', 'maxPods: 300'));
  });
  it('keeps a map that came with us', () => {
    expect(back((text) => text.replace('cpu: 100m\n', 'cpu: 100m\n    memory: 1Gi\n'))).toBe(
      block.replace('systemd\n', 'systemd\nkubeReserved:\n    memory: 1Gi\n'),
    );
  });
  it('may be that they took it out', () => {
    expect(back((text) => text.replace('podPidsLimit: 100\n', ''))).toBe(block);
  });
  it('may be another spelling of the same', () => {
    expect(back((text) => text.replace('podPidsLimit: 100', 'podPidsLimit:   100 # ok'))).toBe(block);
  });
});

it('gives back the same where a run died between its record and the file, or between two values', () => {
  const first = setFields(block, { maxPods: 200 });
  const second = setFields(block, { maxPods: 300 });
  for (const text of [block, first.text, second.text])
    expect(takeBack(text, [...first.fields, ...second.fields])).toBe(block);
});

it.each([
  ['an alias', 'a: &x { b: 1 }\nauthentication: *x\n', { authentication: { anonymous: true } }],
  ['a value that others refer to', 'maxPods: &n 110\npodsPerCore: *n\n', { maxPods: 200 }],
  ['two documents', 'a: 1\n---\nb: 2\n', { maxPods: 1 }],
  ['no YAML', 'a: [\n', { maxPods: 1 }],
  ['nothing', '# empty\n', { maxPods: 1 }],
])('refuses %s', (_, text, wish) => {
  expect(() => setFields(text, wish)).toThrow();
});
