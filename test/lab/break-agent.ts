import type { Lab } from '../../src/lab/lab.ts';
import { onEach } from './read-hosts.ts';

export type NetworkAgent = 'static-routes' | 'flannel';

/** Scripts that do to an agent what a fault or a person does, and what they show when it works. */
interface Breaking {
  readonly unit: string;
  readonly kill: string;
  /** What the unit says while its process works, or has done its work. */
  readonly works: RegExp;
  /** Prints what it keeps. */
  readonly see: string;
  /** Deletes what it sees to again and again. */
  readonly lose: string;
}

const dropChains = (chains: readonly string[]): string =>
  `for one in ${chains.join(' ')}; do
  set -- $(echo $one | tr : ' ')
  iptables -w -t $1 -S $2 | grep -e "-j $3" | sed "s/^-A/-t $1 -D/" | xargs -L 1 iptables -w
  iptables -w -t $1 -F $3; iptables -w -t $1 -X $3
done`;

const breaking: Readonly<Record<NetworkAgent, Breaking>> = {
  'static-routes': {
    unit: 'provision-static-routes.service',
    // a run of it is over in a moment, so it may take some tries to hit one
    kill: `try=0
until [ "$(systemctl show -p Result --value $unit)" = signal ]; do
  try=$((try+1)); [ $try -lt 100 ] || exit 1
  systemctl start --no-block $unit; systemctl kill -s KILL $unit
done`,
    works: /^Result=success$/m,
    see: 'ip -4 -o route show proto 157; for table in filter nat; do iptables -w -t $table -S | grep PROVISION; done',
    lose: `ip -4 route flush proto 157
${dropChains(['filter:FORWARD:PROVISION-FWD', 'nat:POSTROUTING:PROVISION-POSTRTG'])}`,
  },
  flannel: {
    unit: 'provision-flannel.service',
    kill: 'systemctl kill -s KILL $unit',
    works: /^ActiveState=active$/m,
    see: 'for table in filter nat; do iptables -w -t $table -S | grep FLANNEL; done',
    lose: dropChains(['filter:FORWARD:FLANNEL-FWD', 'nat:POSTROUTING:FLANNEL-POSTRTG']),
  },
};

/** Kills the agent of these nodes with SIGKILL; the answer tells whether it has worked again since. */
export async function killAgent(
  agent: NetworkAgent,
  lab: Lab,
  nodes: readonly string[],
): Promise<() => Promise<boolean | string>> {
  const { unit, kill, works } = breaking[agent];
  const start = 'systemctl show -p Result,ActiveState,InvocationID $unit';
  const killed = await onEach(lab, nodes, `unit=${unit}; ${start}; ${kill} && ${start}`);
  return async () => {
    const now = await onEach(lab, nodes, `unit=${unit}; ${start}`);
    const isBack = (node: string): boolean => {
      const [, invocation = ''] = /^InvocationID=(.*)$/m.exec(now[node] ?? '') ?? [];
      return invocation !== '' && !killed[node]?.includes(invocation) && works.test(now[node] ?? '');
    };
    return nodes.every(isBack) || JSON.stringify(now);
  };
}

/** Deletes by hand what the agent keeps on a node; the answer tells whether all of it is there again. */
export async function loseRules(agent: NetworkAgent, lab: Lab, node: string): Promise<() => Promise<boolean | string>> {
  const { see, lose } = breaking[agent];
  const before = await onEach(lab, [node], see);
  await onEach(lab, [node], lose);
  return async () => {
    const { stdout } = await lab.exec(node, 'sh -s', { input: see });
    return stdout.trimEnd() === before[node] || stdout;
  };
}
