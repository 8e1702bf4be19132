import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FlannelKeys } from '../../src/kubernetes/network/etcd-keys.ts';
import type { HostOperationName } from '../../src/operations/registry.ts';
import { testAuthority } from '../identity/test-authority.ts';

export interface LawCase {
  readonly name: string;
  readonly wish: unknown;
  /** A script that makes the host differ from the wish. */
  readonly arrange?: string;
  readonly clean?: string;
  /** For an operation that looks and refuses, and never changes anything. */
  readonly hasNothingToDo?: true;
  /** The part of the probe that undo promises to bring back. */
  readonly lasting?: (actual: never) => unknown;
}

/** The SHA-256 of the archive that `makeArchive` leaves in the cache of the host. */
export const archiveSha256 = 'f'.repeat(64);

/** Likewise of the package of `makePackage`, and of the image of `makeImage`. */
export const packageSha256 = 'd'.repeat(64);
export const imageSha256 = 'c'.repeat(64);

/** What every file of another host holds that is copied. */
export const copiedText = 'of another host\n';

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
/** A link with room for peers, and the agent with two of them. IPv6 would add routes to new links of its own, a moment later. */
const makeAgent = `echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link add laws0 type veth peer name laws1; ip link set laws0 up; ip link set laws1 up; ip addr add 192.0.2.1/24 dev laws0
${write('/usr/local/lib/provision/static-routes', template('static-routes.sh'))}${write('/usr/local/lib/provision/iptables-backend', template('iptables-backend.sh'))}chmod 755 /usr/local/lib/provision/*
${write('/etc/systemd/system/provision-static-routes.service', template('static-routes.service'))}
${write('/etc/provision/static-routes/config', 'NETWORK=10.5.0.0/16\nSUBNET=10.5.1.0/24\nMASQUERADE=true\nMTU=1400\n')}
${write('/etc/provision/static-routes/peers', 'b 10.5.2.0/24 192.0.2.2\nc 10.5.3.0/24 192.0.2.3\n')}
ip route add 10.5.2.0/24 via 192.0.2.9 proto 157; ip route add 10.5.9.0/24 via 192.0.2.9 proto 157`;
const dropAgent = `systemctl stop provision-static-routes.service; ip route flush proto 157; ip link del prov-vxlan; ip link del laws0
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
rm -rf /etc/provision/static-routes /usr/local/lib/provision /etc/systemd/system/provision-static-routes.service /run/flannel/subnet.env; systemctl daemon-reload`;
/** The same with VXLAN to the first peer, which is behind a gateway, and to the second if direct routing is off. */
const makeTunnelAgent = (directRouting: boolean) => `${makeAgent.replace('MTU=1400', 'MTU=')}
ip route add 198.51.100.0/24 via 192.0.2.254
${write('/etc/provision/static-routes/peers', 'b 10.5.2.0/24 198.51.100.2\nc 10.5.3.0/24 192.0.2.3\n')}
printf 'BACKEND=vxlan\nADDRESS=192.0.2.1\nPORT=8473\nVNI=5\nDIRECT_ROUTING=${directRouting}\nOVERLAY_ADDRESS=10.5.1.0\n' >>/etc/provision/static-routes/config`;
const tunnelWish = (directRouting: boolean) => ({
  cluster_cidr: '10.5.0.0/16',
  subnet: '10.5.1.0/24',
  peers: [
    { name: 'b', pod_cidr: '10.5.2.0/24', address: '198.51.100.2' },
    { name: 'c', pod_cidr: '10.5.3.0/24', address: '192.0.2.3' },
  ],
  backend: 'vxlan',
  vxlan: { port: 8473, vni: 5, direct_routing: directRouting },
  address: '192.0.2.1',
  overlay_address: '10.5.1.0',
});

const dropLaws =
  'rm -rf /etc/systemd/system/laws.service* /etc/laws.yaml /etc/laws-real.yaml /var/lib/provision/config; systemctl daemon-reload';
/** A unit that names a configuration file, and that file. */
const makeConfigured = (flags: string, config = '') => `${dropLaws}
printf '[Service]\\nEnvironment=OPTS=%s\\nExecStart=/usr/bin/busybox tail $OPTS --quiet\\n' '${flags}' >/etc/systemd/system/laws.service
${write('/etc/laws-real.yaml', config)}chmod 640 /etc/laws-real.yaml; ln -s laws-real.yaml /etc/laws.yaml; systemctl daemon-reload`;

/** The same for a kubelet that takes drop-ins, or rather for a program of which that is remembered: it is never started. */
const makeDropIns = (
  unitDropIn = '',
  dropIn = '',
) => `${makeConfigured('--config=/etc/laws.yaml', 'kind: KubeletConfiguration\nmaxPods: 110\nenforceNodeAllocatable: []\n')}
cp /usr/bin/busybox /usr/local/bin/laws-kubelet; for kind in help version; do mkdir -p /run/provision/facts/$kind/usr/local/bin; done
sed -i 's|busybox tail|laws-kubelet|; s|/usr/bin/laws|/usr/local/bin/laws|' /etc/systemd/system/laws.service
seen=/usr/local/bin/laws-kubelet.$(stat -c '%i.%s.%Y' /usr/local/bin/laws-kubelet)
printf '      --%s  x\\n' 'config string' 'config-dir string' quiet >/run/provision/facts/help$seen
echo 'Kubernetes v1.34.4' >/run/provision/facts/version$seen
${dropIn && write('/etc/provision/kubelet.conf.d/90-provision.conf', dropIn)}
${unitDropIn && write('/etc/systemd/system/laws.service.d/90-provision.conf', unitDropIn)}systemctl daemon-reload`;
const dropDropIns = `${dropLaws}; rm -rf /usr/local/bin/laws-kubelet /run/provision/facts/*/usr/local/bin/laws-kubelet* /etc/provision/kubelet.conf.d; rmdir --ignore-fail-on-non-empty /etc/provision`;
const sentToFolder = `[Service]
ExecStart=
ExecStart=/usr/local/bin/laws-kubelet $OPTS --quiet --config-dir=/etc/provision/kubelet.conf.d
`;

const program = '#!/bin/sh\necho v1.2.3 >&2\n';
const programSha256 = createHash('sha256').update(program).digest('hex');

/** Stands for flanneld: makes what that makes, beside what another one has left. */
const makeFlannel = `iptables -N FLANNEL-OLD; iptables -A FORWARD -s 10.5.0.0/16 -m comment --comment 'flanneld forward' -j ACCEPT
ip link add flannel.76 type vxlan id 76 dstport 8476; ip link add laws0 type veth peer name laws1; ip link set laws0 up; ip link set laws1 up
ip addr add 192.0.2.1/24 dev laws0; ip route add 10.5.8.0/24 via 192.0.2.8
${write(
  '/usr/local/lib/provision/laws-flannel',
  `#!/bin/sh
ip link del flannel.77; ip link add flannel.77 type vxlan id 77 dstport 8477 nolearning
ip addr add 10.5.1.0/32 dev flannel.77; ip link set flannel.77 up
ip route replace 10.5.2.0/24 via 10.5.2.0 dev flannel.77 onlink; ip route replace 10.5.3.0/24 via 192.0.2.3
for table in nat:POSTROUTING:FLANNEL-POSTRTG filter:FORWARD:FLANNEL-FWD; do
  set -- $(echo $table | tr : ' ')
  iptables -t $1 -N $3; iptables -t $1 -F $3; iptables -t $1 -A $3 -s 10.5.0.0/16 -m comment --comment 'flanneld masq' -j RETURN
  iptables -t $1 -C $2 -m comment --comment 'flanneld masq' -j $3 || iptables -t $1 -A $2 -m comment --comment 'flanneld masq' -j $3
done
mkdir -p /run/flannel; printf 'FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n' >/run/flannel/subnet.env
`,
)}chmod 755 /usr/local/lib/provision/laws-flannel
${write('/etc/systemd/system/provision-flannel.service', '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/lib/provision/laws-flannel\n')}`;
const dropFlannel = `systemctl stop provision-flannel.service; ip link del flannel.76; ip link del flannel.77; ip link del laws0
iptables -D FORWARD -s 10.5.0.0/16 -m comment --comment 'flanneld forward' -j ACCEPT; iptables -X FLANNEL-OLD
rm -rf /usr/local/lib/provision /etc/systemd/system/provision-flannel.service /run/flannel; systemctl daemon-reload`;
const recordedRules = (name: string) =>
  readFileSync(new URL(`../unit/kubernetes/network/flannel-rules/${name}.txt`, import.meta.url), 'utf8')
    .replace(/\*mangle[\s\S]*?COMMIT\n/, '')
    .split('\n')
    .filter((line) => /^(\*|:FLANNEL|COMMIT|-A .*flanneld)/.test(line))
    .join('\n');
/** Somebody else's rules before and behind those of flannel. */
const makeRules = (
  backEnd: string,
  name: string,
) => `iptables-${backEnd} -t nat -A POSTROUTING -s 10.244.7.0/24 -j MASQUERADE
iptables-${backEnd}-restore --noflush <<'END'\n${recordedRules(name)}\nEND
iptables-${backEnd} -A FORWARD -s 10.244.0.0/16 -p tcp -j ACCEPT`;
const dropRules = (backEnd: string) =>
  `for command in '-t nat -F' '-t nat -X' -F -X; do iptables-${backEnd} $command; done`;

const startEtcd = `systemd-run -q --unit=laws-etcd.service --service-type=notify /opt/k8s/bin/etcd --data-dir=/run/laws-etcd --enable-v2 \\
  --listen-client-urls=http://127.0.0.1:12379 --advertise-client-urls=http://127.0.0.1:12379 --listen-peer-urls=http://127.0.0.1:12380`;
const writeToEtcd = (api: 'v2' | 'v3', key: string, text: string): string => {
  const encode = (plain: string) => Buffer.from(plain).toString('base64');
  return api === 'v2'
    ? `curl -fsS -X PUT --data-urlencode 'value=${text}' http://127.0.0.1:12379/v2/keys${encodeURI(key)}`
    : `curl -fsS -d '{"key":"${encode(key)}","value":"${encode(text)}"}' http://127.0.0.1:12379/v3/kv/put`;
};
const stopEtcd = 'systemctl stop laws-etcd.service; rm -rf /run/laws-etcd';

const credentialWish = {
  kubeconfig: `${base}/client.kubeconfig`,
  content: `current-context: a
contexts: [{ name: a, context: { cluster: a, user: a } }]
users: [{ name: a, user: { client-certificate: ${base}/pki/client.pem, client-key: ${base}/pki/client.pem } }]
`,
  certificate: `${base}/pki/client.pem`,
  common_name: 'system:node:laws',
  organization: 'system:nodes',
  ca: testAuthority().certificate,
};
const bootstrapWish = {
  kubeconfig: `${base}/client.kubeconfig`,
  bootstrap_kubeconfig: `${base}/bootstrap.kubeconfig`,
  content: 'kind: Config\n',
  cert_dir: `${base}/pki`,
  unit: 'laws.service',
  common_name: 'system:node:laws',
  organization: 'system:nodes',
};
/** Stands for Docker with a range from flannel; it sleeps, and has that on its command line. */
const makeDocker = `ip link add docker0 type bridge; ip addr add 172.30.9.1/24 dev docker0
${write('/run/laws/subnet.env', 'FLANNEL_SUBNET=172.30.9.1/24\nFLANNEL_MTU=1450\n')}${write(
  '/etc/systemd/system/laws.service',
  `[Service]
EnvironmentFile=/run/laws/subnet.env
ExecStart=/usr/bin/busybox sh -c "while :; do sleep 1000; done" --debug --bip=\${FLANNEL_SUBNET} --mtu=\${FLANNEL_MTU} --ip-masq=false
`,
)}systemctl daemon-reload; systemctl start laws.service`;
const dropDocker = `systemctl stop laws.service; ip link del docker0; rm -rf /run/laws /etc/systemd/system/laws.service*; systemctl daemon-reload`;

const writeFlanneldUnit = `${write('/etc/systemd/system/laws-flanneld.service', `[Service]\nType=notify\nNotifyAccess=all\nExecStart=${base}/flanneld -etcd-endpoints=http://127.0.0.1:12379 -etcd-prefix=/laws/network\n[Install]\nWantedBy=multi-user.target\n`)}systemctl daemon-reload`;

/** Stands for a flanneld with etcd: its device, a route by a gateway, and its rules, between those of others. */
const makeEtcdFlannel = `echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link add laws0 type veth peer name laws1; ip link set laws0 up; ip link set laws1 up; ip addr add 192.0.2.1/24 dev laws0
ip route add 172.30.200.0/24 via 192.0.2.9 proto 157; ip route add 198.51.100.0/24 via 192.0.2.9
iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE
${write(
  `${base}/flanneld`,
  `#!/bin/sh
ip link add flannel.78 type vxlan id 78 dstport 8478 nolearning; ip link set flannel.78 up
ip route replace 172.30.7.0/24 via 192.0.2.7; ip route replace 172.30.8.0/24 via 192.0.2.8 dev laws0 onlink
iptables -t nat -N FLANNEL-POSTRTG; iptables -t nat -F FLANNEL-POSTRTG
iptables -t nat -A FLANNEL-POSTRTG -s 172.30.0.0/16 ! -d 224.0.0.0/4 -m comment --comment 'flanneld masq' -j MASQUERADE
iptables -t nat -C POSTROUTING -m comment --comment 'flanneld masq' -j FLANNEL-POSTRTG || iptables -t nat -A POSTROUTING -m comment --comment 'flanneld masq' -j FLANNEL-POSTRTG
systemd-notify --ready
while :; do sleep 1000; done
`,
)}chmod 755 ${base}/flanneld
${writeFlanneldUnit}`;
const dropEtcdFlannel = `systemctl disable --now laws-flanneld.service; ip link del flannel.78; ip link del laws0
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6
for command in '-t nat -F' '-t nat -X'; do iptables $command; done
rm -rf ${base} /etc/systemd/system/laws-flanneld.service*; systemctl daemon-reload`;
/** Keys of a flannel, and one beside them. */
const makeEtcd = (api: 'v2' | 'v3'): string =>
  ['network/config', 'network/subnets/172.30.7.0-24', 'network/by hand', 'network-of-others']
    .map((name) => writeToEtcd(api, `/laws/${name}`, `of "${name}", 100% & more`))
    .join('\n');
const dropEtcd = `${stopEtcd}; ${dropEtcdFlannel}`;
const dropMark = 'rm -rf /etc/provision';

/** The probe tells what time it is on the host. */
const withoutClock = (actual: object) => ({ ...actual, now: 0 });
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
  base_file: [
    {
      name: 'not there yet',
      wish: { path: `${base}/base.yaml`, content: 'a: 1\n' },
      arrange: `rm -rf ${base} /var/lib/provision/bases`,
    },
    {
      name: 'another text to begin with than the last one',
      wish: { path: `${base}/base.yaml`, content: 'a: 2\n', mode: '0600' },
      arrange: `mkdir -p ${base}; echo 'a: 1' >${base}/base.yaml; mkdir -p /var/lib/provision/bases; echo old >/var/lib/provision/bases/${encodeURIComponent(`${base}/base.yaml`)}`,
    },
  ],
  client_certificate: [
    {
      name: 'none yet, with directories',
      wish: credentialWish,
      arrange: `rm -rf ${base}`,
      lasting: withoutClock,
    },
    {
      name: 'a kubeconfig that leads to nothing, and a key of others in the way',
      wish: credentialWish,
      arrange: `mkdir -p ${base}/pki; echo old >${base}/pki/client.pem; chmod 644 ${base}/pki/client.pem; printf 'kind: Config\nusers: []\n' >${base}/client.kubeconfig`,
      lasting: withoutClock,
    },
  ],
  bootstrap_kubeconfig: [
    {
      name: 'old credentials in the way',
      wish: bootstrapWish,
      arrange: `${makeUnit}; mkdir -p ${base}/pki; echo 'kind: Config' >${base}/client.kubeconfig; echo old >${base}/pki/kubelet-client-1.pem; ln -sfn kubelet-client-1.pem ${base}/pki/kubelet-client-current.pem; systemctl start laws`,
      clean: `${dropUnit}; rm -rf ${base}`,
      lasting: withoutClock,
    },
  ],
  copied_files: [
    {
      name: 'one that is not there, and one of another content and mode',
      wish: {
        host: 'cp1',
        files: ['new/key.pem', 'other.pem'].map((name) => ({
          path: `${base}/${name}`,
          source: `/opt/k8s/ssl/${name}`,
          sha256: createHash('sha256').update(copiedText).digest('hex'),
          mode: '600',
        })),
      },
      arrange: `rm -rf ${base}; mkdir -p ${base}; echo old >${base}/other.pem`,
    },
  ],
  directory: [
    { name: 'new', wish: { path: `${base}/d/e`, mode: '0750' }, arrange: `rm -rf ${base}` },
    { name: 'other mode', wish: { path: `${base}/f`, mode: '0700', owner: 'daemon' }, arrange: `mkdir -p ${base}/f` },
  ],
  installation: [
    {
      name: 'on a host without that program',
      wish: { program: 'laws-kubelet', unit: 'laws-kubelet.service' },
      clean: 'rm -f /var/lib/provision/software/laws-kubelet',
    },
  ],
  free_space: [
    {
      name: 'where there is room',
      hasNothingToDo: true,
      wish: { needs: [{ path: '/var/tmp/laws/file', bytes: 1000 }] },
      // others write to the disk as well
      lasting: (places: readonly { freeBytes: number }[]) => places.map(({ freeBytes: _, ...rest }) => rest),
    },
  ],
  hook: [
    {
      name: 'a script that says something',
      wish: { name: 'before', script: 'echo "for $PROVISION_NODE"\n', node: 'laws' },
      clean: 'rm -rf /var/lib/provision/hooks',
    },
  ],
  packages: [
    {
      name: 'one of its own',
      wish: { files: [{ path: 'laws-tool_1.0_all.deb', sha256: packageSha256 }] },
      clean: 'dpkg --purge laws-tool 2>/dev/null; rm -rf /var/tmp/laws',
    },
  ],
  images: [
    {
      name: 'an archive with one image',
      wish: {
        runtime: 'containerd',
        images: [{ path: 'laws.tar', sha256: imageSha256, names: ['laws.invalid/empty:1'] }],
      },
      arrange: 'systemctl start containerd.service',
      clean: 'ctr -n k8s.io images rm laws.invalid/empty:1 >/dev/null 2>&1; systemctl stop containerd.service',
    },
  ],
  swap: [
    {
      name: 'a line of /etc/fstab and a unit',
      wish: {},
      arrange: `cp -p /etc/fstab /run/laws-fstab; printf '/laws/swap none swap sw 0 0\n' >>/etc/fstab; printf '[Swap]\nWhat=/laws/file\n[Install]\nWantedBy=swap.target\n' >/etc/systemd/system/laws-file.swap; systemctl daemon-reload; systemctl -q enable laws-file.swap`,
      clean:
        'cp -p /run/laws-fstab /etc/fstab; systemctl -q disable laws-file.swap; rm -f /etc/systemd/system/laws-file.swap; systemctl daemon-reload',
    },
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
  iptables_backend: [
    {
      name: 'no links yet',
      wish: { path: `${base}/bin/iptables-backend`, content: template('iptables-backend.sh'), node: 'x' },
      arrange: 'rm -rf /run/provision/iptables /var/lib/provision/iptables-backend',
    },
    {
      name: 'links to the one that Kubernetes does not use',
      wish: { path: `${base}/iptables-backend`, content: template('iptables-backend.sh') },
      arrange: `${write(`${base}/iptables-backend`, template('iptables-backend.sh'))}chmod 755 ${base}/iptables-backend; ${base}/iptables-backend
iptables-legacy -t nat -N KUBE-POSTROUTING`,
      clean: `${dropRules('legacy')}; rm -rf ${base} /run/provision/iptables /var/lib/provision/iptables-backend`,
    },
  ],
  stale_rules: [
    {
      name: 'chains of a flannel that runs no more',
      wish: { cluster_cidr: '10.244.0.0/16', agent: 'static-routes' },
      arrange: makeRules('nft', 'v0.28.7-nft'),
      clean: dropRules('nft'),
    },
    {
      name: 'rules of an old flannel for another network',
      wish: { cluster_cidr: '10.5.0.0/16', agent: 'flannel' },
      arrange: makeRules('legacy', 'v0.17.0-legacy'),
      clean: dropRules('legacy'),
    },
    {
      name: 'rules of an earlier flannel for another network, in chains that stay',
      wish: { cluster_cidr: '10.5.0.0/16', agent: 'flannel' },
      arrange: makeRules('nft', 'v0.20.2-nft'),
      clean: dropRules('nft'),
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
  binary: [
    {
      name: 'new, with the version it says of itself',
      wish: {
        path: `${base}/bin/flanneld`,
        artifact: { path: 'flanneld', sha256: programSha256, version: '1.2.3' },
      },
      arrange: `rm -rf ${base}\n${write(`/var/lib/provision/cache/${programSha256}`, program)}`,
    },
    {
      name: 'over one that runs',
      wish: { path: `${base}/program`, artifact: { path: 'program', sha256: programSha256 } },
      arrange: `${write(`/var/lib/provision/cache/${programSha256}`, program)}
mkdir -p ${base}; cp /bin/sleep ${base}/program; ${base}/program 60 </dev/null >/dev/null 2>&1 & sleep 0.1`,
    },
  ],
  former_agents: [
    {
      name: 'a flannel and its device, with static-routes to stay',
      wish: { agent: 'static-routes', backend: 'host-gw', vni: 1 },
      arrange: `${write('/etc/systemd/system/provision-flannel.service', '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n')}
${write('/etc/provision/flannel/net-conf.json', '{}\n')}${write('/etc/provision/flannel/kubeconfig', 'a secret\n')}chmod 600 /etc/provision/flannel/kubeconfig
systemctl daemon-reload; systemctl --quiet enable --now provision-flannel.service`,
      clean: `systemctl --quiet disable --now provision-flannel.service; rm -rf /etc/provision/flannel /etc/systemd/system/provision-flannel.service; systemctl daemon-reload`,
    },
  ],
  hand_over: [
    {
      name: 'routes of a flannel that runs',
      wish: { agent: 'static-routes', backend: 'host-gw', vni: 1, port: 8472, cluster_cidr: '10.5.0.0/16' },
      arrange: `${write('/etc/systemd/system/provision-flannel.service', '[Service]\nExecStart=/bin/sleep 1000\n')}systemctl daemon-reload; systemctl start provision-flannel.service
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link add laws0 type veth peer name laws1; ip link set laws0 up; ip link set laws1 up; ip addr add 192.0.2.1/24 dev laws0
ip route add 10.5.2.0/24 via 192.0.2.2; ip route add 10.5.3.0/24 via 192.0.2.3; ip route add 203.0.113.0/24 via 192.0.2.9`,
      clean: `systemctl stop provision-flannel.service; rm -f /etc/systemd/system/provision-flannel.service; systemctl daemon-reload; ip link del laws0
echo 0 >/proc/sys/net/ipv6/conf/default/disable_ipv6`,
    },
  ],
  awaited_plugins: [
    {
      name: 'one of another content, and one that is not there, beside that of somebody else',
      wish: {
        directory: `${base}/bin`,
        plugins: ['bridge', 'portmap'].map((name) => ({ name, sha256: programSha256 })),
      },
      arrange: `mkdir -p ${base}/bin; echo older >${base}/bin/bridge; echo foreign >${base}/bin/foreign`,
    },
    {
      name: 'in a directory that is to be made',
      wish: { directory: `${base}/new/bin`, plugins: [{ name: 'bridge', sha256: programSha256 }] },
      arrange: `rm -rf ${base}`,
    },
  ],
  delivered_plugins: [
    {
      name: 'not noted yet',
      wish: { directory: `${base}/bin`, plugins: [{ name: 'bridge', sha256: programSha256 }] },
      arrange: `${write(`${base}/bin/bridge`, program)}chmod 755 ${base}/bin/bridge`,
      lasting: ({ at: _, ...rest }: { at: number }) => rest,
    },
  ],
  flannel_agent: [
    {
      name: 'device, routes, rules and subnet.env, beside those of others',
      wish: {
        cluster_cidr: '10.5.0.0/16',
        subnet: '10.5.1.0/24',
        backend: 'vxlan',
        vni: 77,
        port: 8477,
        peers: [
          { name: 'b', pod_cidr: '10.5.2.0/24', address: '192.0.2.2' },
          { name: 'c', pod_cidr: '10.5.3.0/24', address: '192.0.2.3' },
        ],
      },
      arrange: makeFlannel,
      clean: dropFlannel,
      lasting: ({ process: _, ...rest }: { process: string }) => rest,
    },
  ],
  docker_bridge: [
    {
      name: 'whose Docker takes the range when it is restarted',
      wish: { unit: 'laws.service', config: `${base}/daemon.json` },
      arrange: `ip link add docker0 type bridge; ip addr add 192.0.2.1/25 dev docker0; mkdir -p /run/flannel ${base}
echo FLANNEL_SUBNET=10.5.1.1/24 >/run/flannel/subnet.env; echo '{ "debug": true }' >${base}/daemon.json
${write('/etc/systemd/system/laws.service', "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'ip addr flush dev docker0; ip addr add 10.5.1.1/24 dev docker0'\n")}systemctl daemon-reload`,
      clean: `ip link del docker0; rm -rf ${base} /run/flannel; ${dropUnit}`,
      lasting: ({ addresses }: { addresses: readonly string[] }) => addresses,
    },
  ],
  etcd_network: (['v2', 'v3'] as const).flatMap((api) =>
    // the configuration of somebody else, by which no host has taken a range
    [':', writeToEtcd(api, '/laws/network/config', '{"Network":"10.9.0.0/16"}')].map((before) => ({
      name: `by the ${api} API, ${before === ':' ? 'where nothing is' : 'in the place of another one'}`,
      wish: {
        endpoints: ['http://127.0.0.1:12378', 'http://127.0.0.1:12379'],
        api,
        prefix: '/laws/network',
        content: '{ "Network": "10.5.0.0/16", "Backend": { "Type": "host-gw" } }',
      },
      arrange: `${startEtcd}\n${before}`,
      clean: stopEtcd,
      // its revision is another one after every change
      lasting: ({ config, subnets }: FlannelKeys) => [config?.text, subnets],
    })),
  ),
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
    {
      name: 'all that containerd has by default, and an imported file',
      wish: { path: `${base}/config.toml`, bin_dir: '/opt/k8s/cni' },
      arrange: `mkdir -p ${base}/conf.d; containerd config default | sed 's,^imports = .*,imports = ["conf.d/*.toml"],' >${base}/config.toml; echo 'version = 2' >${base}/conf.d/none.toml`,
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
    {
      name: 'the folder of a kubelet, not needed any more',
      wish: { unit: 'laws.service' },
      arrange: `${makeDropIns(sentToFolder)}; mkdir -p /etc/provision/kubelet.conf.d`,
      clean: dropDropIns,
    },
  ],
  kubelet_config: [
    {
      name: 'fields changed and added',
      wish: {
        unit: 'laws.service',
        config: { maxPods: 200, evictionHard: { 'memory.available': '100Mi' }, clusterDNS: ['10.96.0.10'] },
      },
      arrange: makeConfigured(
        '--config=/etc/laws.yaml',
        'kind: KubeletConfiguration # mine\nmaxPods: 110 # few\nclusterDNS:\n- 10.0.0.2\n',
      ),
      clean: dropLaws,
    },
    {
      name: 'fields not wanted any more',
      wish: { unit: 'laws.service' },
      arrange: `${makeConfigured('--config=/etc/laws.yaml', 'kind: KubeletConfiguration\nmaxPods: 200\npodsPerCore: 3\n')}
${write('/var/lib/provision/config/laws.service.json', `${JSON.stringify({ file: '/etc/laws-real.yaml', fields: [{ path: ['maxPods'], value: 200, former: ' 110', made: 0 }] })}\n`)}`,
      clean: dropLaws,
    },
    {
      name: 'fields as a drop-in',
      wish: { unit: 'laws.service', config: { maxPods: 200, evictionHard: { 'memory.available': '100Mi' } } },
      arrange: makeDropIns(),
      clean: dropDropIns,
    },
    {
      name: 'a drop-in not wanted any more',
      wish: { unit: 'laws.service' },
      arrange: makeDropIns(
        sentToFolder,
        'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 200\n',
      ),
      clean: dropDropIns,
    },
  ],
  kubelet_can_start: [
    {
      name: 'nothing in the way',
      hasNothingToDo: true,
      wish: { unit: 'laws.service', runtime: 'containerd', runtime_unit: 'containerd.service' },
      arrange: makeConfigured('--config=/etc/laws.yaml', 'kind: KubeletConfiguration\nfailSwapOn: false\n'),
      clean: dropLaws,
    },
  ],
  kubelet_change: [
    {
      name: 'nothing that forbids it',
      hasNothingToDo: true,
      wish: { unit: 'laws.service', config: { maxPods: 200 }, pod_cidr: '10.5.1.0/24' },
      arrange: makeConfigured('--config=/etc/laws.yaml', 'kind: KubeletConfiguration\nmaxPods: 110\n'),
      clean: dropLaws,
    },
  ],
  manager_state: [
    {
      name: 'another policy to come',
      wish: { unit: 'laws.service', config: { cpuManagerPolicy: 'static' } },
      arrange: `${makeConfigured('--config=/etc/laws.yaml --root-dir=/var/tmp/laws/kubelet', 'kind: KubeletConfiguration\n')}
sed -i 's|^Environment=.*|Environment="OPTS=--config=/etc/laws.yaml --root-dir=/var/tmp/laws/kubelet"|' /etc/systemd/system/laws.service; systemctl daemon-reload
${write('/var/tmp/laws/kubelet/cpu_manager_state', '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}')}${write('/var/tmp/laws/kubelet/memory_manager_state', '{"policyName":"None","machineState":{},"checksum":4236770233}')}`,
      clean: dropLaws,
      // Of no use to the old kubelet either, which writes it anew.
      lasting: ({ policies: _, ...rest }: { policies: unknown }) => rest,
    },
  ],
  kube_proxy: [
    {
      name: 'the range as a flag',
      wish: { unit: 'laws.service', cluster_cidr: '10.5.0.0/16', manage: true },
      arrange: makeConfigured('--cluster-cidr=10.244.0.0/16'),
      clean: dropLaws,
    },
    {
      name: 'the range in a file, and a flag',
      wish: { unit: 'laws.service', cluster_cidr: '10.5.0.0/16', manage: true, flags: { v: 4 } },
      arrange: makeConfigured('--config=/etc/laws.yaml', '{"kind": "KubeProxyConfiguration", "clusterCIDR": ""}\n'),
      clean: dropLaws,
    },
  ],
  dead_leases: [
    {
      name: 'an address held for nothing',
      wish: { network: 'laws', runtime: 'containerd' },
      arrange: `systemctl start containerd; mkdir -p /var/lib/cni/networks/laws
printf '${'d'.repeat(64)}\r\neth0' >/var/lib/cni/networks/laws/10.5.1.9; echo 10.5.1.9 >/var/lib/cni/networks/laws/last_reserved_ip.0
touch -d '5 minutes ago' /var/lib/cni/networks/laws/*`,
      clean: 'rm -rf /var/lib/cni/networks/laws; systemctl stop containerd',
    },
  ],
  stale_links: [
    {
      name: 'a bridge and a device of other networks',
      wish: { agent: 'static-routes', backend: 'host-gw', cluster_cidr: '10.5.0.0/16', subnet: '10.5.1.0/24' },
      arrange: `ip link add cni0 type bridge; ip addr add 10.9.0.1/24 dev cni0
ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472; ip addr add 10.9.0.0/32 dev flannel.1`,
      clean: 'ip link del cni0 2>/dev/null; ip link del flannel.1 2>/dev/null; exit 0',
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
    { name: 'VXLAN to all peers', wish: tunnelWish(false), arrange: makeTunnelAgent(false), clean: dropAgent },
    {
      name: 'a VXLAN device with another port that learns, and stale entries on it; plain routes on the link',
      wish: tunnelWish(true),
      arrange: `${makeTunnelAgent(true)}
ip link add prov-vxlan address 02:70:00:00:00:01 type vxlan id 5 dstport 8474 local 192.0.2.1 dev laws0
ip link set prov-vxlan mtu 1300 up; ip addr add 10.5.7.0/32 dev prov-vxlan; echo 1 >/proc/sys/net/ipv4/conf/prov-vxlan/rp_filter
ip neigh add 10.5.8.0 lladdr 02:70:00:00:00:08 dev prov-vxlan nud permanent
bridge fdb add 02:70:00:00:00:08 dev prov-vxlan dst 192.0.2.8 self permanent
ip route add 10.5.8.0/24 via 10.5.8.0 dev prov-vxlan onlink proto 157`,
      clean: dropAgent,
    },
    {
      name: 'no VXLAN device any more',
      wish: { ...tunnelWish(false), backend: 'host-gw', peers: tunnelWish(false).peers.slice(1) },
      arrange: `${makeAgent}
${write('/etc/provision/static-routes/peers', 'c 10.5.3.0/24 192.0.2.3\n')}
ip link add prov-vxlan address 02:70:c0:00:02:01 type vxlan id 5 dstport 8473 local 192.0.2.1 dev laws0 nolearning
ip link set prov-vxlan up`,
      clean: dropAgent,
    },
  ],
  docker_own_bridge: [
    {
      name: 'told of its bridge by flannel',
      wish: { unit: 'laws.service', kubelet: 'laws.service' },
      arrange: makeDocker,
      clean: dropDocker,
      // the process and its bridge are for the tasks that start it again
      lasting: ({ file, unit }: { file: unknown; unit: unknown }) => [file, unit],
    },
  ],
  etcd_flannel: [
    {
      name: 'running and enabled',
      wish: { cluster_cidr: '10.5.0.0/16' },
      arrange: `${makeEtcdFlannel}; systemctl enable --now laws-flanneld.service`,
      clean: dropEtcdFlannel,
    },
  ],
  etcd_keys: ([['v2'], ['v3'], ['v2', 'v3']] as const).map((apis) => ({
    name: `below its prefix, by ${apis.join(' and ')}`,
    wish: {},
    arrange: [writeFlanneldUnit, startEtcd, ...apis.map(makeEtcd)].join('\n'),
    clean: dropEtcd,
  })),
  subnet_file: [
    { name: 'left to flannel', wish: { writer: 'etcd-flannel' }, arrange: dropMark, clean: dropMark },
    {
      name: "the agent's again",
      wish: { writer: 'agent' },
      arrange: write('/etc/provision/static-routes/leaves-subnet-env', ''),
      clean: dropMark,
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

/** Moves a file into the cache and says its SHA-256. */
const intoCache = (file: string) =>
  `sum=$(sha256sum <${file}); sum=\${sum%% *}; mkdir -p /var/lib/provision/cache; mv ${file} /var/lib/provision/cache/$sum
cd /; rm -rf "$d"; printf %s "$sum"`;

export const makePackage = `set -eu; d=$(mktemp -d); cd "$d"; mkdir -p p/DEBIAN p/usr/share/laws; echo laws >p/usr/share/laws/tool
printf 'Package: laws-tool\nVersion: 1.0\nArchitecture: all\nMaintainer: Laws <laws@laws.invalid>\nDescription: for the laws\n' >p/DEBIAN/control
chmod 755 p p/DEBIAN; dpkg-deb -Zgzip -b p t.deb >/dev/null; ${intoCache('t.deb')}`;

export const makeImage = `set -eu; d=$(mktemp -d); cd "$d"; mkdir root; echo laws >root/file; tar -C root -cf layer.tar .
layer=$(sha256sum <layer.tar); layer=\${layer%% *}
printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$(dpkg --print-architecture)" "$layer" >c.json
printf '[{"Config":"c.json","RepoTags":["laws.invalid/empty:1"],"Layers":["layer.tar"]}]' >manifest.json
tar -cf t.tar manifest.json c.json layer.tar; ${intoCache('t.tar')}`;
