import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../../src/lab/lab.ts';

/** Standard output of a script on a host, without the last newline; throws when it fails. */
export async function on(lab: Lab, host: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await lab.exec(host, 'sh -s', { input: script });
  if (code !== 0) throw new Error(`${host}: exit status ${code}\n${script}\n${stderr}${stdout}`);
  return stdout.trimEnd();
}

/** The same on several hosts at once, by host. */
export const onEach = async (lab: Lab, hosts: readonly string[], script: string): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(hosts.map(async (host) => [host, await on(lab, host, script)] as const)));

/** Standard output of kubectl; throws when it fails. */
export async function kubectl(lab: Lab, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

export interface NodeObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly podCIDR?: string; readonly unschedulable?: boolean };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly capacity?: Readonly<Record<string, string>>;
  };
}

export const nodeObjects = async (lab: Lab): Promise<readonly NodeObject[]> =>
  JSON.parse(await kubectl(lab, 'get', 'nodes', '-o', 'json')).items;

export const readyCondition = (node: NodeObject) => node.status.conditions.find(({ type }) => type === 'Ready');

/** Each Node's podCIDR by name. */
export const podCidrs = async (lab: Lab): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await nodeObjects(lab)).map(({ metadata, spec }) => [metadata.name, spec.podCIDR]));

/** The start of a unit: differs after every restart; "0" for one that does not run. */
export const invocationOf = (lab: Lab, host: string, unit: string): Promise<string> =>
  on(lab, host, `systemctl show -p InvocationID,NRestarts,ExecMainStartTimestampMonotonic ${unit}`);

/** Routes of ours as "network via address", sorted. */
export const routesOf = async (lab: Lab, host: string): Promise<string[]> =>
  (await on(lab, host, "ip -4 route show proto 157 | sed 's/ dev .*//'")).split('\n').filter(Boolean).sort();

/** What is on the disk where a run may write: names, modes and contents. */
export const diskOf = (lab: Lab, host: string): Promise<string> =>
  on(
    lab,
    host,
    `find /etc /opt/cni /var/lib/provision /usr/local/lib -xdev -printf '%p %M %u %g %T@ %l\\n' 2>/dev/null | sort
find /etc /opt/cni /var/lib/provision /usr/local/lib -xdev -type f -exec sha256sum {} + 2>/dev/null | sort -k 2`,
  );

/** All that a run could change, the whole file system with its times among it; without what hosts write by themselves. */
export const stateOf = (lab: Lab, hosts: readonly string[]): Promise<Record<string, string>> =>
  onEach(
    lab,
    hosts,
    `set -- /proc /sys /dev /run /tmp /var/log /var/lib/kubelet /var/lib/containerd /var/lib/etcd /opt/k8s/logs
for path; do shift; set -- "$@" -path "$path" -o; done
find / /var -xdev \\( "$@" -false \\) -prune -o -printf '%p %M %u %g %s %T@ %C@ %l\\n' | sort
ip -4 route show table all | sort; iptables-save 2>/dev/null | grep PROVISION
cat /proc/sys/net/ipv4/ip_forward; grep br_netfilter /proc/modules | cut -d' ' -f1
systemctl show -p Id,ActiveState,UnitFileState,InvocationID provision-static-routes.timer kubelet containerd kube-controller-manager`,
  );

/** Waits until a question is answered with yes; throws with what the last answer was. */
export async function eventually(
  what: string,
  seconds: number,
  isSo: () => Promise<boolean | string>,
  periodMs = 500, // kubectl costs a tenth of a second of a processor
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    // an API server that is only starting answers with an error
    const answer = await isSo().catch((error: unknown) => String(error));
    if (answer === true) return;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s${answer === false ? '' : `\n${answer}`}`);
    await sleep(periodMs);
  }
}

/** What a script prints on each host once it prints the same ten seconds later: kubelet and kube-proxy may yet be at their rules. */
export async function steadyOnEach(
  lab: Lab,
  hosts: readonly string[],
  script: string,
): Promise<Record<string, string>> {
  let last = await onEach(lab, hosts, script);
  await eventually('hosts stay as they are', 180, async () => {
    await sleep(10_000);
    const before = last;
    last = await onEach(lab, hosts, script);
    return hosts.every((host) => last[host] === before[host]);
  });
  return last;
}

/** Waits until all these Nodes are Ready. */
export const allReady = (lab: Lab, names: readonly string[], seconds = 120): Promise<void> =>
  eventually(`${names.join(', ')} are Ready`, seconds, async () => {
    const nodes = await nodeObjects(lab);
    const waiting = names.filter(
      (name) => readyCondition(nodes.find(({ metadata }) => metadata.name === name) ?? lost)?.status !== 'True',
    );
    return waiting.length === 0 || waiting.join(', ');
  });

const lost: NodeObject = { metadata: { name: '', uid: '' }, spec: {}, status: { conditions: [], addresses: [] } };
