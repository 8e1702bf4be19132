import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../src/lab/lab.ts';
import { readState } from '../../src/lab/state.ts';
import { type EtcdApi, putEtcdKey } from './etcd-ground.ts';
import { allReady, eventually, kubectl, on, onEach } from './read-hosts.ts';
import { nodeNames } from './settle.ts';

/** The range that flannel gives out by etcd; the lab's own pod range is another one. */
export const oldRange = '172.30.0.0/16';

const unit = (etcd: string): string => `[Unit]
Description=flannel with etcd
Wants=network-online.target
After=network-online.target
Before=docker.service

[Service]
Type=notify
ExecStart=/var/lib/flannel/flanneld -etcd-endpoints=https://${etcd}:2379 -etcd-prefix=/coreos.com/network -etcd-cafile=/opt/k8s/ssl/ca.pem -etcd-certfile=/var/lib/flannel/etcd.pem -etcd-keyfile=/var/lib/flannel/etcd-key.pem -ip-masq -iface=eth0
Restart=on-failure

[Install]
WantedBy=multi-user.target
`;

const dockerDropIn = `[Unit]
Wants=flanneld.service
After=flanneld.service

[Service]
EnvironmentFile=/run/flannel/subnet.env
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS --bip=\${FLANNEL_SUBNET} --mtu=\${FLANNEL_MTU} --ip-masq=false
`;

/** What an operator has set up: flanneld by a unit of its own, its ranges in etcd, and Docker with the range of its host. */
export async function setUpEtcdFlannel(lab: Lab, backend: 'vxlan' | 'host-gw', api: EtcdApi): Promise<void> {
  const nodes = nodeNames(lab);
  const program = readState(lab.folder)?.flanneld?.program;
  if (program === undefined) throw new Error('this lab has no flanneld');
  const config = { Network: oldRange, SubnetLen: 24, Backend: { Type: backend } };
  await putEtcdKey(lab, api, '/coreos.com/network/config', JSON.stringify(config));
  const [certificate, key] = [
    await on(lab, 'cp1', 'cat /opt/k8s/ssl/etcd.pem'),
    await on(lab, 'cp1', 'cat /opt/k8s/ssl/etcd-key.pem'),
  ];
  for (const node of nodes) {
    const folder = join(lab.host(node).folder, 'var/lib/flannel');
    mkdirSync(folder, { recursive: true });
    copyFileSync(program, join(folder, 'flanneld'));
  }
  const write = (path: string, text: string): string =>
    `mkdir -p $(dirname ${path}); cat >${path} <<'END-OF-FILE'\n${text}\nEND-OF-FILE`;
  await onEach(
    lab,
    nodes,
    `set -e
${write('/var/lib/flannel/etcd.pem', certificate)}
${write('/var/lib/flannel/etcd-key.pem', key)}
${write('/etc/systemd/system/flanneld.service', unit(lab.host('cp1').address))}
${write('/etc/systemd/system/docker.service.d/flannel.conf', dockerDropIn)}
chmod 755 /var/lib/flannel/flanneld
systemctl daemon-reload`,
  );
  // one after another: of two that start at once, flannel 0.20 may never tell one of the other
  for (const node of nodes) await on(lab, node, 'systemctl enable --now flanneld');
  await eventually('flannel knows all nodes', 30, async () => {
    const routes = await onEach(lab, nodes, "ip -4 route show | grep -c '172\\.30\\..* via ' || :");
    return Object.values(routes).every((many) => many === String(nodes.length - 1)) || JSON.stringify(routes);
  });
  await onEach(
    lab,
    nodes,
    `systemctl stop kubelet docker.socket docker
ip link del docker0
systemctl start docker kubelet`,
  );
  await allReady(lab, nodes);
  await podsAreOn(lab, '172.30.');
}

/** Waits until all pods that are not on the network of their host run, with addresses that begin like that. */
export const podsAreOn = (lab: Lab, beginning: string, seconds = 120): Promise<void> =>
  eventually(`pods have addresses ${beginning}…`, seconds, async () => {
    const fields =
      'jsonpath={range .items[*]}{.metadata.name} {.spec.hostNetwork} {.status.phase} {.status.podIP} {.metadata.deletionTimestamp}{"\\n"}{end}';
    const lines = (await kubectl(lab, 'get', 'pods', '-A', '-o', fields)).split('\n').filter(Boolean);
    const others = lines.filter((line) => !line.includes(' true ') && !line.includes(` Running ${beginning}`));
    return (lines.length > 0 && others.length === 0) || others.join('; ');
  });

const networkOf = (lab: Lab, node: string): Promise<string> =>
  on(
    lab,
    node,
    `echo "docker0 $(ip -4 -o addr show dev docker0 | awk '{ print $4 }')"
echo "flanneld $(systemctl is-active flanneld) $(systemctl is-enabled flanneld)"
echo "dockerd $(tr '\\0' ' ' </proc/$(systemctl show -p MainPID --value docker)/cmdline)"
echo "kubelet $(tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value kubelet)/cmdline | grep -c -e network-plugin)"
echo "routes $(ip -4 route show | grep -c '172\\.30\\..* via ') of old, $(ip -4 route show proto 157 | wc -l) of ours"
echo "rules $(iptables-save | grep -v KUBE- | grep -c '172\\.30\\.')"
echo "links $(ip -o link show type vxlan | wc -l)"
echo "subnet.env $(sed -n 's/^FLANNEL_NETWORK=//p' /run/flannel/subnet.env)"
echo "drop-ins $(find /etc/systemd/system -name '*provision*.conf' | sort | tr '\\n' ' ')"`,
  );

/** What each node has of either network. */
export const networksOf = async (lab: Lab): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(nodeNames(lab).map(async (node) => [node, await networkOf(lab, node)])));
