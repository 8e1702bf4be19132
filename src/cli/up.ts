import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { loadInventory, loadPlaybook, Unknown } from '../config/load.ts';
import { peersOf } from '../engine/peers.ts';
import { run } from '../engine/run.ts';
import type { Serial } from '../engine/stage.ts';
import { openCluster } from '../kubernetes/api.ts';
import { datapath } from '../operations/datapath.ts';
import { nodeReady } from '../operations/node-ready.ts';
import { podCidrs } from '../operations/pod-cidrs.ts';
import { hostOperations } from '../operations/registry.ts';
import { connectSsh } from '../transport/ssh.ts';

const registry = new Map<string, unknown>(
  Object.entries({ ...hostOperations, pod_cidrs: podCidrs, node_ready: nodeReady, datapath }),
);

const root = join(import.meta.dirname, '..');

export async function up(file: string): Promise<number> {
  const inventory = await loadInventory(file);
  const stages = await loadPlaybook(join(root, 'playbooks/up.yaml'), join(root, 'templates'), registry as never);
  const settings = inventory.settings as any;
  const select = (pattern: string | string[]): string[] => {
    const [wanted = [], except = []] = [false, true].map((no) =>
      [pattern]
        .flat()
        .filter((p) => p.startsWith('!') === no)
        .flatMap((p) => (p === 'all' ? [...inventory.hosts.keys()] : inventory.groups.get(p.replace('!', ''))) ?? [p]),
    );
    return wanted.filter((name) => !except.includes(name));
  };
  const id = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;
  const status = await run({
    id,
    command: 'up',
    holder: `run ${id} by ${userInfo().username}@${hostname()} since ${new Date().toISOString()}`,
    hosts: [...inventory.hosts].map(([name, vars]) => ({
      name,
      address: vars['ansible_host'],
      outsideLimit: false,
      connect: () =>
        connectSsh(
          {
            name,
            address: vars['ansible_host'],
            port: 22,
            user: 'root',
            privateKeyFile: inventory.at(vars['ansible_ssh_private_key_file']),
            knownHostsFile: inventory.at(vars['ssh_known_hosts_file']),
          },
          { connectTimeoutMs: 10_000, acceptNewHostKeys: false, attempts: 4 },
        ),
    })),
    stages: stages.map((stage: any) => ({
      name: stage.name,
      hosts: select(stage.hosts),
      serial: stage.serial === undefined ? undefined : ([stage.serial].flat() as Serial),
      order: stage.order,
      protectReady: stage.protect_ready === true,
      beyondLimit: false,
      tasks: stage.tasks,
    })),
    agentUnit: 'provision-static-routes.service',
    units: [settings.kubelet.unit, settings.controller_manager.unit, settings.runtime.unit],
    concurrency: 50,
    verify: false,
    openCluster: () => openCluster(settings.cluster.kubeconfig),
    check(hosts, snapshot) {
      for (const host of hosts) {
        if (inventory.groups.get('nodes')?.includes(host.name))
          host.nodeName = snapshot.nodes.find((node) => node.machineId === host.facts.machineId)?.name;
      }
    },
    scope(host, snapshot) {
      const later = new Unknown('after every Node has a podCIDR');
      return {
        ...settings,
        host: { name: host.name, address: host.address },
        node: {
          name: host.nodeName,
          pod_cidr:
            snapshot.nodes.find((node) => node.name === host.nodeName)?.podCidr ?? (host.nodeName ? later : null),
          peers: peersOf(host.nodeName, snapshot) ?? later,
        },
      };
    },
    emit: (event) => {
      if (event.type === 'failure')
        console.log(
          `✖ ${event.error.code} ${event.host ?? ''} ${event.error.what}\n${event.error.why}\n${event.error.fix}`,
        );
      else console.log(JSON.stringify(event));
    },
  });
  return status === 'failed' ? 4 : 0;
}
