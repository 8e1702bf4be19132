import { readFileSync } from 'node:fs';
import type { HostOperationName } from '../../src/operations/registry.ts';

export interface LawCase {
  readonly name: string;
  readonly wish: unknown;
  /** A script that makes the host differ from the wish. */
  readonly arrange?: string;
  readonly clean?: string;
  /** The part of the probe that undo promises to bring back. */
  readonly lasting?: (actual: never) => unknown;
}

/** The SHA-256 of the archive that `makeArchive` leaves in the cache of the host. */
export const archiveSha256 = 'f'.repeat(64);

const base = '/var/tmp/laws';
const unit = `[Service]
ExecStart=/bin/sleep 1000000
[Install]
WantedBy=multi-user.target
`;
const makeUnit = `printf '%s' '${unit}' >/etc/systemd/system/laws.service; echo one >/etc/laws.conf; systemctl daemon-reload`;
const dropUnit =
  'systemctl disable --now laws.service; rm -f /etc/systemd/system/laws.service /etc/laws.conf /var/lib/provision/stamps/laws.service; systemctl daemon-reload';

const template = (name: string) => readFileSync(new URL(`../../templates/${name}.hbs`, import.meta.url), 'utf8');
const write = (path: string, content: string) =>
  `mkdir -p ${path.replace(/\/[^/]*$/, '')}; cat >${path} <<'END-OF-FILE'\n${content}END-OF-FILE\n`;
/** A link with room for peers, and the agent with two of them. */
const makeAgent = `ip link add laws0 type veth peer name laws1; ip link set laws0 up; ip link set laws1 up; ip addr add 192.0.2.1/24 dev laws0
${write('/usr/local/lib/provision/static-routes', template('static-routes.sh'))}chmod 755 /usr/local/lib/provision/static-routes
${write('/etc/systemd/system/provision-static-routes.service', template('static-routes.service'))}
${write('/etc/provision/static-routes/config', 'NETWORK=10.5.0.0/16\nSUBNET=10.5.1.0/24\nMASQUERADE=true\nMTU=1400\n')}
${write('/etc/provision/static-routes/peers', 'b 10.5.2.0/24 192.0.2.2\nc 10.5.3.0/24 192.0.2.3\n')}
ip route add 10.5.2.0/24 via 192.0.2.9 proto 157; ip route add 10.5.9.0/24 via 192.0.2.9 proto 157`;
const dropAgent = `systemctl stop provision-static-routes.service; ip route flush proto 157; ip link del laws0
rm -rf /etc/provision/static-routes /usr/local/lib/provision /etc/systemd/system/provision-static-routes.service /run/flannel/subnet.env; systemctl daemon-reload`;

/** For every operation at least one wish that the host does not meet at first. */
export const lawCases: Readonly<Record<HostOperationName, readonly LawCase[]>> = {
  file: [
    {
      name: 'new, with directories',
      wish: { path: `${base}/a/b/c.txt`, content: "it's\n$HOME\n" },
      arrange: `rm -rf ${base}`,
    },
    {
      name: 'other content, mode and owner',
      wish: { path: `${base}/x`, content: 'new\n', mode: '0600', owner: 'daemon', group: 'daemon' },
      arrange: `mkdir -p ${base}; echo old >${base}/x; chmod 640 ${base}/x; chown nobody ${base}/x`,
    },
    { name: 'secret', wish: { path: `${base}/s`, content: 'hidden', mode: '0400', secret: true } },
    {
      name: 'over a link',
      wish: { path: `${base}/l`, content: 'new\n' },
      arrange: `mkdir -p ${base}; ln -sfn /etc/hostname ${base}/l`,
    },
    {
      name: 'absent',
      wish: { path: `${base}/gone`, state: 'absent' },
      arrange: `mkdir -p ${base}; echo old >${base}/gone`,
    },
  ],
  directory: [
    { name: 'new', wish: { path: `${base}/d/e`, mode: '0750' }, arrange: `rm -rf ${base}` },
    { name: 'other mode', wish: { path: `${base}/f`, mode: '0700', owner: 'daemon' }, arrange: `mkdir -p ${base}/f` },
  ],
  sysctl: [
    {
      name: 'forwarding',
      wish: {
        values: { 'net.ipv4.ip_forward': 1, 'net.ipv4.ip_local_port_range': '20000 60000' },
        file: '/etc/sysctl.d/90-laws.conf',
      },
      arrange: 'echo 0 >/proc/sys/net/ipv4/ip_forward',
    },
  ],
  kernel_module: [
    {
      name: 'built in',
      wish: { name: 'br_netfilter' },
      arrange: 'rm -f /etc/modules-load.d/provision-br_netfilter.conf',
    },
  ],
  archive: [
    {
      name: 'beside others, over an older one',
      wish: {
        artifact: { path: 'plugins.tgz', sha256: archiveSha256 },
        directory: `${base}/bin`,
        required: ['bridge', 'foreign'],
      },
      arrange: `mkdir -p ${base}/bin; echo foreign >${base}/bin/foreign; chmod 755 ${base}/bin/foreign; echo older >${base}/bin/bridge`,
    },
    {
      name: 'into nothing',
      wish: { artifact: { path: 'plugins.tgz', sha256: archiveSha256 }, directory: `${base}/new/bin` },
      arrange: `rm -rf ${base}`,
    },
  ],
  cni_config: [
    {
      name: 'with those of others around',
      wish: { directory: `${base}/net.d`, name: '10-flannel.conflist', content: template('10-flannel.conflist') },
      arrange: `mkdir -p ${base}/net.d/sub; cd ${base}/net.d; echo '{"name":"crio","type":"bridge"}' >'00 crio.conf'; echo broken >99-x.json; touch calico-kubeconfig sub/a.conf`,
    },
    {
      name: 'wrong content, no others',
      wish: { directory: `${base}/net.d`, name: '10-flannel.conflist', content: '{}' },
      arrange: `mkdir -p ${base}/net.d; echo old >${base}/net.d/10-flannel.conflist`,
    },
  ],
  containerd_config: [
    {
      name: 'other directories in a file of version 2',
      wish: { path: `${base}/config.toml` },
      arrange: `mkdir -p ${base}; printf 'version = 2 # mine\\n[plugins."io.containerd.grpc.v1.cri".cni]\\n  bin_dir = "/usr/lib/cni"\\n' >${base}/real.toml; chmod 600 ${base}/real.toml; ln -s real.toml ${base}/config.toml`,
    },
    {
      name: 'no file, directories that are not the default',
      wish: { path: `${base}/none.toml`, bin_dir: '/opt/k8s/cni' },
    },
  ],
  unit_flags: [
    {
      name: 'a flag more, one from an environment file changed',
      wish: { unit: 'laws.service', flags: { retry: true }, more_flags: { lines: '5 %$' } },
      arrange: `${write('/etc/laws.env', 'LAWS_OPTS="--lines=3 --quiet /dev/null"\n')}
printf '[Service]\\nEnvironmentFile=-/etc/laws.env\\nExecStart=/usr/bin/tail $LAWS_OPTS\\n' >/etc/systemd/system/laws.service; systemctl daemon-reload`,
      clean: 'rm -rf /etc/systemd/system/laws.service* /etc/laws.env; systemctl daemon-reload',
    },
    {
      name: 'a drop-in that is not needed any more',
      wish: { unit: 'laws.service' },
      arrange: `${makeUnit}; mkdir -p /etc/systemd/system/laws.service.d
printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 5\\n' >/etc/systemd/system/laws.service.d/90-provision.conf; systemctl daemon-reload`,
      clean: 'rm -rf /etc/systemd/system/laws.service* /etc/laws.conf; systemctl daemon-reload',
    },
  ],
  static_routes: [
    {
      name: 'wrong, missing and superfluous routes',
      wish: {
        cluster_cidr: '10.5.0.0/16',
        subnet: '10.5.1.0/24',
        mtu: 1400,
        peers: [
          { name: 'b', pod_cidr: '10.5.2.0/24', address: '192.0.2.2' },
          { name: 'c', pod_cidr: '10.5.3.0/24', address: '192.0.2.3' },
        ],
      },
      arrange: makeAgent,
      clean: dropAgent,
    },
  ],
  service: [
    {
      name: 'started and enabled',
      wish: {
        unit: 'laws.service',
        state: 'running',
        enabled: true,
        restart_after: ['/etc/laws.conf', '/etc/laws.absent'],
      },
      arrange: makeUnit,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => [
        properties.get('ActiveState'),
        properties.get('UnitFileState'),
      ],
    },
    {
      name: 'restarted after a change',
      wish: {
        unit: 'laws.service',
        state: 'running',
        restart_after: ['/etc/laws.conf'],
        health: { exec: ['test', '-e', '/etc/laws.conf'] },
      },
      arrange: `${makeUnit}; systemctl start laws.service; sleep 1; echo two >/etc/laws.conf`,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => properties.get('ActiveState'),
    },
    {
      name: 'stopped',
      wish: { unit: 'laws.service', state: 'stopped' },
      arrange: `${makeUnit}; systemctl start laws.service`,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => properties.get('ActiveState'),
    },
  ],
};

/** Makes the archive of the cases in the host's cache; prints its SHA-256. */
export const makeArchive = `set -eu; d=$(mktemp -d); cd "$d"; mkdir bin
for name in bridge host-local loopback; do echo "#!/bin/sh
# $name" >bin/$name; chmod 755 bin/$name; done
tar -cf a.tar ./bin; gzip -c a.tar >a.tgz
sum=$(sha256sum <a.tgz); sum=\${sum%% *}; mkdir -p /var/lib/provision/cache; mv a.tgz /var/lib/provision/cache/$sum
rm -rf "$d"; printf %s "$sum"`;
