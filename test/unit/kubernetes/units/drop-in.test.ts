// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's own syntax
import { describe, expect, it } from 'vitest';
import { effectiveFlag, type WantedFlags } from '../../../../src/kubernetes/flags/flags.ts';
import { knownFlags, parseHelp } from '../../../../src/kubernetes/flags/known-flags.ts';
import { compileDropIn, type DropInRequest } from '../../../../src/kubernetes/units/drop-in.ts';
import { unit, units } from './unit-texts.ts';

const path = '/etc/systemd/system/kubelet.service.d/90-provision.conf';
const request = (name: string, flags: WantedFlags, more: Partial<DropInRequest> = {}): DropInRequest => ({
  unitText: unit(name).text,
  environmentTexts: unit(name).environment,
  path,
  flags,
  ...more,
});
const compile = (name: string, flags: WantedFlags, more: Partial<DropInRequest> = {}) =>
  compileDropIn(request(name, flags, more));
const execStart = (content: string | null): string => (content ?? '').split('ExecStart=\n')[1] ?? '';

const refused = new Set(['later-reset', 'script', 'script-file']);
const wanted: WantedFlags = {
  'cni-bin-dir': '/opt/other/bin',
  v: 3,
  'cluster-cidr': '10.5.0.0/16',
  'allocate-node-cidrs': true,
  'hostname-override': 'a "quoted" $name 50%',
  'node-labels': ['x=1', 'y=2'],
};

describe.each(Object.keys(units).filter((name) => !refused.has(name)))('%s', (name) => {
  const added = compile(name, wanted);
  const text = `${unit(name).text}\n# ${path}\n${added.content}`;

  it('says afterwards what was wanted, read back by the rules of units', () => {
    const readBack = compileDropIn({ ...request(name, {}), unitText: text, path: '/none/99-other.conf' }).base;
    expect(readBack).toEqual(added.effective);
    for (const flag of ['cni-bin-dir', 'v', 'cluster-cidr', 'allocate-node-cidrs', 'hostname-override'])
      expect(effectiveFlag(readBack, flag)).toBe(String(wanted[flag]));
  });

  it('is compiled from the base again, whatever ours says by now', () =>
    expect(compile(name, wanted, { unitText: text })).toEqual(added));

  it('goes away with the flags', () => {
    const removed = compile(name, {}, { unitText: text });
    expect(removed.content).toBeNull();
    expect(removed.effective).toEqual(removed.base);
    expect(removed.base).toEqual(added.base);
  });
});

it('writes a drop-in a person can read, keeping the variable', () => {
  const { content, flattened } = compile('blog-opts', { 'network-plugin': 'cni', 'cni-bin-dir': '/opt/k8s/cni' });
  expect(flattened).toEqual([]);
  expect(content).toBe(`# Written by provision from its inventory; changes made here are lost at the next run.
# The unit and its other drop-ins stay as they are: remove this file to be back at them.
[Service]
ExecStart=
ExecStart=/opt/k8s/bin/kubelet \\
  $KUBELET_OPTS \\
  --network-plugin=cni \\
  --cni-bin-dir=/opt/k8s/cni
`);
});

it('replaces a flag where it stands', () => {
  expect(execStart(compile('kubeasz', { 'cni-bin-dir': '/opt/cni/bin' }).content)).toContain(
    '  --config=/var/lib/kubelet/config.yaml \\\n  --cni-bin-dir=/opt/cni/bin \\\n  --cni-conf-dir',
  );
});

it('flattens only the variable a changed flag is in', () => {
  const { content, flattened } = compile('kubespray', { 'cni-bin-dir': '/usr/lib/cni' });
  expect(flattened).toEqual(['KUBELET_NETWORK_PLUGIN']);
  expect(execStart(content)).toContain('$KUBELET_ARGS');
  expect(execStart(content)).toContain(
    '--network-plugin=cni \\\n  --cni-conf-dir=/etc/cni/net.d \\\n  --cni-bin-dir=/usr/lib/cni',
  );
});

it('leaves the spelling of untouched words alone', () => {
  const start = execStart(compile('quoted', { 'network-plugin': 'cni' }).content);
  expect(start).toContain('-/opt/k8s/bin/kubelet \\\n');
  expect(start).toContain('"--node-labels=zone=${ZONE},cost=$$5,load=50%%"');
});

it.each<[string, WantedFlags]>([
  ['kubeasz', { 'network-plugin': 'cni', v: 2 }],
  ['kubespray', { 'cni-conf-dir': '/etc/cni/net.d' }],
  ['kubeadm', { 'network-plugin': 'cni' }],
  ['hard-way', { 'leader-elect': true }],
  ['spaced', { 'node-ip': '10.0.0.5', v: 2, 'fail-swap-on': false }],
  ['repeated', { v: 4, 'cni-bin-dir': '/two', 'node-labels': ['a=1', 'b=2'] }],
  ['earlier-drop-in', { v: 6, config: '/b.yaml' }],
  ['kubeasz-controller-manager', { 'allocate-node-cidrs': true, 'cluster-cidr': '172.20.0.0/16' }],
  ['kubeasz-proxy', { 'cluster-cidr': '172.20.0.0/16', 'proxy-mode': 'ipvs' }],
  ['hard-way-kubelet', { 'register-node': true, config: '/var/lib/kubelet/kubelet-config.yaml' }],
  ['hard-way-proxy', { config: '/var/lib/kube-proxy/kube-proxy-config.yaml' }],
  ['blog-controller-manager', { 'leader-elect': true, 'cluster-cidr': '10.244.0.0/16', v: 2 }],
  ['blog-proxy', { config: '/opt/k8s/conf/kube-proxy-config.yml' }],
  ['rpm-kubelet', { v: 4, address: '127.0.0.1', 'fail-swap-on': false }],
  ['rpm-proxy', { master: 'http://127.0.0.1:8080', v: 0 }],
  ['debian-kubelet', { config: '/etc/kubernetes/kubelet.yaml', kubeconfig: '/etc/kubernetes/kubelet.conf', v: 1 }],
  ['debian-controller-manager', { kubeconfig: '/etc/kubernetes/controller-manager.conf' }],
  ['debian-proxy', { config: '/etc/kubernetes/proxy config.yaml', v: 2 }],
  ['switches', { 'leader-elect': true, 'enable-hostpath-provisioner': true, profiling: false, v: 2 }],
  ['switches', { 'use-service-account-credentials': true, 'contention-profiling': false }],
  ['switches', { kubeconfig: '/etc/kube conf/cm' }],
  ['specifiers', { 'metrics-format': '100%', password: 'a$b' }],
])('needs nothing where %s already says the same', (name, flags) => expect(compile(name, flags).content).toBeNull());

it('resolves the specifiers of units, and keeps them as written', () => {
  const specifiers = { H: 'node-1', N: 'kube-proxy', p: 'kube-proxy' };
  const known = { 'hostname-override': 'node-1', config: '/etc/kube-proxy.yaml' };
  expect(compile('specifiers', known, { specifiers }).content).toBeNull();
  const start = execStart(compile('specifiers', { v: 2 }, { specifiers }).content);
  expect(start).toContain('@/usr/local/bin/kube-proxy \\\n  %N \\\n  --hostname-override=%H');
});

it('keeps a flag and its value in the next word on one line', () =>
  expect(execStart(compile('spaced', { 'network-plugin': 'cni' }).content)).toContain('  --node-ip 10.0.0.5 \\\n'));

it('replaces every repetition of a flag whose values add up', () => {
  const { effective } = compile('repeated', { 'node-labels': 'c=3' });
  expect(effective.filter((word) => word.startsWith('--node-labels'))).toEqual(['--node-labels=c=3']);
});

describe('refusals', () => {
  const help = parseHelp('Flags:\n      --config string   x\n  -v, --v Level  x\n      --network-plugin string  x\n');
  const known = { binary: { name: 'kubelet', version: '', known: help } };

  it.each<[string, string, WantedFlags, Partial<DropInRequest>, RegExp]>([
    ['UNIT_IS_SCRIPT', 'script', {}, {}, /sh/],
    ['UNIT_IS_SCRIPT', 'script-file', {}, {}, /start-kubelet\.sh/],
    ['UNIT_IS_SCRIPT', 'kubeasz', {}, { firstLine: '#!/usr/bin/env bash' }, /kubelet/],
    ['DROP_IN_OVERRIDDEN', 'later-reset', {}, {}, /99-local\.conf/],
    ['FLAG_UNKNOWN', 'taskset', { 'network-plugins': 'cni' }, known, /did you mean "network-plugin"/],
    ['FLAG_UNKNOWN', 'repeated', { v: 2 }, known, /kubelet\.service sets --node-labels/],
    ['FLAG_UNKNOWN', 'kubespray', { v: 2 }, known, /kubelet\.env sets --node-ip/],
    ['ENVIRONMENT_FILE_MISSING', 'blog-opts', { v: 2 }, { environmentTexts: new Map() }, /kubelet\.conf/],
    ['UNIT_NOT_ONE_COMMAND', 'taskset', {}, { unitText: '# /a/b.service\n[Service]\n' }, /no commands/],
  ])('%s: %s', (code, name, flags, more, message) => {
    expect(() => compile(name, flags, more)).toThrow(message);
    expect(() => compile(name, flags, more)).toThrow(expect.objectContaining({ code }));
  });

  it('drops what the binary does not know where told to', () => {
    const { dropped, effective } = compile('repeated', {}, { ...known, dropUnknownFlags: true });
    expect(dropped).toEqual(['node-labels', 'cni-bin-dir', 'node-labels', 'cni-bin-dir']);
    expect(effective).toEqual(['/opt/k8s/bin/kubelet', '--v=2', '--v=4']);
  });

  const kubelet = (version: string) => {
    const known = knownFlags('', 'kubelet', version) ?? new Map();
    return { binary: { name: 'kubelet', version, known } };
  };
  const refusal = (name: string, flags: WantedFlags, version: string): unknown => {
    try {
      return compile(name, flags, kubelet(version));
    } catch (error) {
      return error;
    }
  };

  it('says with which release flags of the inventory came or went, and what is there instead', () => {
    expect(refusal('taskset', { 'network-plugin': 'cni', 'config-dir': '/etc/k.d' }, '1.34.4')).toMatchObject({
      code: 'FLAG_UNKNOWN',
      kind: 'config',
      what: 'The kubelet on this host (1.34.4) does not know --network-plugin (went with 1.24)',
      fix: `Correct or remove "network-plugin". Instead: the container runtime's own CNI settings (for --network-plugin)`,
    });
    expect(refusal('taskset', { 'config-dir': '/etc/k.d' }, '1.20.2')).toMatchObject({
      what: 'The kubelet on this host (1.20.2) does not know --config-dir (came with 1.28)',
      fix: 'Correct or remove "config-dir" for this host, or upgrade it first',
    });
  });

  it('names all unknown flags of the unit at once, and the setting that leaves them out', () => {
    expect(refusal('hard-way-kubelet', {}, '1.34.4')).toMatchObject({
      code: 'FLAG_UNKNOWN',
      kind: 'operation',
      where: '/etc/systemd/system/kubelet.service',
      what: '/etc/systemd/system/kubelet.service sets --container-runtime (went with 1.27), --image-pull-progress-deadline (went with 1.24), --network-plugin (went with 1.24), which the kubelet on this host (1.34.4) does not know',
      fix: "Remove --container-runtime, --image-pull-progress-deadline, --network-plugin from /etc/systemd/system/kubelet.service, or set kubelet.drop_unknown_flags: true to leave such flags out. Instead: the container runtime's own CNI settings (for --network-plugin)",
    });
    expect(refusal('blog-opts', {}, '1.34.4')).toMatchObject({
      where: '/opt/k8s/conf/kubelet.conf',
      what: expect.stringMatching(/^\/opt\/k8s\/conf\/kubelet\.conf sets --logtostderr \(went with 1\.26\), --log-dir/),
    });
  });

  it('does not take flags of a wrapper for those of the binary', () =>
    expect(compile('taskset', { v: 2 }, known).effective.at(-1)).toBe('--v=2'));
});

it('reads which flags take a value off --help', () => {
  const known = parseHelp(
    'Flags:\n      --add-dir-header           If true\n      --address ip     The IP\n  -v, --v Level\n      --tracing string[="x"]  y\n',
  );
  expect(known.get('add-dir-header')).toEqual({ takesValue: false });
  expect(known.get('address')).toEqual({ takesValue: true });
  expect(known.get('tracing')).toEqual({ takesValue: false });
  expect(known.has('v')).toBe(true);
});

describe('flags whose values another unit writes into a file', () => {
  const awaited = { unit: 'flanneld.service', file: '/run/flannel/subnet.env', variables: { bip: 'FLANNEL_SUBNET' } };
  const docker = (line: string) => ({
    unitText: `# /lib/systemd/system/docker.service\n[Service]\n${line}\n`,
    environmentTexts: new Map<string, string>(),
    path: '/etc/systemd/system/docker.service.d/90-provision.conf',
    flags: { 'ip-masq': false },
    awaited,
  });

  it('are variables to systemd, in the place of those that are there', () => {
    const { content } = compileDropIn(docker('ExecStart=/usr/sbin/dockerd -H fd:// --bip=172.30.0.1/16 $DOCKER_OPTS'));
    expect(content?.replace(/^#.*\n/gm, '')).toBe(`[Unit]
Wants=flanneld.service
After=flanneld.service

[Service]
EnvironmentFile=-/run/flannel/subnet.env
ExecStartPre=/bin/sh -c 'until test -s /run/flannel/subnet.env; do sleep 1; done'
ExecStart=
ExecStart=/usr/sbin/dockerd \\
  -H fd:// \\
  --bip=\${FLANNEL_SUBNET} \\
  $DOCKER_OPTS \\
  --ip-masq=false
`);
  });

  it('are read back with the values that the file has', () => {
    const { content } = compileDropIn(docker('ExecStart=/usr/sbin/dockerd -H fd://'));
    const readBack = compileDropIn({
      ...docker(
        `ExecStart=/usr/sbin/dockerd -H fd://\n# /etc/systemd/system/docker.service.d/90-provision.conf\n${content}`,
      ),
      environmentTexts: new Map([['/run/flannel/subnet.env', 'FLANNEL_SUBNET=10.5.1.1/24\n']]),
      path: '/none/99-other.conf',
      flags: {},
      awaited: { ...awaited, variables: {} },
    });
    expect(effectiveFlag(readBack.base, 'bip')).toBe('10.5.1.1/24');
  });
});
