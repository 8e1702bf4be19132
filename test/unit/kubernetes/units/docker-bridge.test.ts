// biome-ignore-all lint/suspicious/noTemplateCurlyInString: systemd's own syntax
import { expect, test } from 'vitest';
import { bridgeFlagsIn, chooseBridge, compileOwnBridge } from '../../../../src/kubernetes/units/docker-bridge.ts';

const path = '/etc/systemd/system/docker.service.d/zz-provision.conf';
const fragment = `# /lib/systemd/system/docker.service
[Unit]
Description=Docker Application Container Engine

[Service]
Type=notify
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS
`;
const compile = (dropIn: string, environment: Readonly<Record<string, string>>) =>
  compileOwnBridge(
    {
      unitText: `${fragment}\n# /etc/systemd/system/docker.service.d/flannel.conf\n${dropIn}`,
      environmentTexts: new Map(Object.entries({ '/etc/default/docker': 'DOCKER_OPTS="--debug"', ...environment })),
      path,
    },
    '172.17.0.1/16',
  );
const bodyOf = ({ content }: { content: string | null }) => content?.split('[Service]\n')[1];

test('flags with variables of flannel go, and so does the file that only they were read from', () => {
  const own = compile(
    `[Service]
EnvironmentFile=/run/flannel/subnet.env
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS --bip=\${FLANNEL_SUBNET} --mtu \${FLANNEL_MTU} --ip-masq=false
`,
    { '/run/flannel/subnet.env': 'FLANNEL_SUBNET=172.30.5.1/24\nFLANNEL_MTU=1450\n' },
  );
  expect(bodyOf(own)).toBe(`EnvironmentFile=
EnvironmentFile=-/etc/default/docker
ExecStart=
ExecStart=/usr/sbin/dockerd \\
  -H fd:// \\
  $DOCKER_OPTS \\
  --bip=172.17.0.1/16
`);
  expect(own.base).toContain('--bip=172.30.5.1/24');
  expect(own.effective).toEqual(['/usr/sbin/dockerd', '-H', 'fd://', '--debug', '--bip=172.17.0.1/16']);
  expect(own.unread).toEqual(['/run/flannel/subnet.env']);
});

test('a variable that has more in it is written out, without those flags', () => {
  const own = compile(
    `[Service]
EnvironmentFile=-/run/flannel/docker
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_NETWORK_OPTIONS
`,
    {
      '/run/flannel/docker':
        'DOCKER_NETWORK_OPTIONS=" --bip=172.30.5.1/24 --ip-masq=false --mtu=1450 --icc=true"\nDOCKER_OPT_MTU="--mtu=1450"\n',
    },
  );
  expect(own.effective).toEqual(['/usr/sbin/dockerd', '-H', 'fd://', '--bip=172.17.0.1/16', '--icc=true']);
  expect(own.flattened).toEqual(['DOCKER_NETWORK_OPTIONS']);
  expect(own.unread).toEqual(['/run/flannel/docker']);
});

test('a file that something else is read from stays', () => {
  const own = compile(
    `[Service]
EnvironmentFile=/run/flannel/subnet.env
ExecStart=
ExecStart=/usr/sbin/dockerd --bip=\${FLANNEL_SUBNET} --label=network=\${FLANNEL_NETWORK}
`,
    { '/run/flannel/subnet.env': 'FLANNEL_SUBNET=172.30.5.1/24\nFLANNEL_NETWORK=172.30.0.0/16\n' },
  );
  expect(own.unread).toEqual([]);
  expect(own.content).not.toContain('EnvironmentFile');
});

test('a Docker that nobody tells of its bridge needs no drop-in', () => {
  expect(compile('', {}).content).toBeNull();
});

test('what a process was told of its bridge', () => {
  expect(bridgeFlagsIn(['dockerd', '--bip', '172.30.5.1/24', '--debug', '--mtu=1450'])).toEqual([
    '--bip=172.30.5.1/24',
    '--mtu=1450',
  ]);
});

test('the bridge is in the first range of Docker that nobody else has', () => {
  expect(chooseBridge(['10.5.0.0/16', '10.78.5.0/24', '192.0.2.7'])).toBe('172.17.0.1/16');
  expect(chooseBridge(['172.17.4.0/24', '172.16.0.0/15', '172.18.0.0/15'])).toBe('172.20.0.1/16');
  expect(chooseBridge(['172.16.0.0/12', '192.168.0.0/20'])).toBe('192.168.16.1/20');
  expect(() => chooseBridge(['172.16.0.0/12', '192.168.0.0/16'])).toThrow('DOCKER_RANGE_TAKEN');
});

test('without a range from flannel there is none to replace', () => {
  const own = compile('[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --mtu=1450\n', {});
  expect(own.effective).toEqual(['/usr/sbin/dockerd']);
});
