import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, readField, readLines } from '../fields.ts';
import {
  digest,
  fileChanges,
  parseFile,
  putFile,
  type SeenFile,
  seeFile,
  type WantedFile,
} from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  path: absolutePath.default('/usr/local/lib/provision/iptables-backend').describe('where the script is that decides'),
  content: z.string().describe('the script'),
  node: z.string().nullish().describe('the Node this host is; one that is none can do without iptables'),
});

type Name = 'legacy' | 'nft';

/** What is in one back end. */
interface BackEnd {
  readonly name: Name;
  /** Chains and rules of the kubelet and kube-proxy. */
  readonly kubernetes: number;
  /** Rules in FORWARD and POSTROUTING that are neither theirs nor ours. */
  readonly others: number;
  /** Of FORWARD: ACCEPT, DROP, or empty where the table is not there. */
  readonly policy: string;
}

interface Actual {
  readonly file: SeenFile;
  readonly backEnds: readonly BackEnd[];
  readonly decision: string;
  readonly reason: string;
  /** The one the links lead to; empty without them. */
  readonly linked: string;
  /** What the script remembers, for undo. */
  readonly memory: string;
}

const memory = '/var/lib/provision/iptables-backend';

const script = (desired: z.output<typeof schema>): WantedFile => ({
  path: desired.path,
  content: desired.content,
  mode: '0755',
  owner: 'root',
  group: 'root',
});

const lines = (count: number): string => `${count} ${count === 1 ? 'line' : 'lines'}`;

function explain({ reason, decision, backEnds }: Actual): string {
  const found = backEnds.find(({ name }) => name === decision)?.kubernetes ?? 0;
  if (reason === 'rules') return `the rules of Kubernetes are there (${lines(found)})`;
  if (reason === 'both') return "the rules of Kubernetes are in both, and it is the system's default";
  if (reason === 'memory') return 'the rules of Kubernetes were there when it last ran';
  return "it is the system's default, and Kubernetes has no rules yet";
}

const refuseMissing = (node: string): ProvisionError =>
  new ProvisionError({
    code: 'IPTABLES_MISSING',
    kind: 'operation',
    what: `there is no iptables on the host of the Node ${node}`,
    why: 'Pods leave it under the address of their node and are forwarded by rules of iptables; flanneld ends itself without it',
    fix: 'Install the package iptables with the version that kube-proxy uses, then run again.',
  });

/** Rules of Kubernetes in both back ends, and rules of others where ours are not: packets pass both. */
function mixtures({ backEnds, decision, reason }: Actual): readonly string[] {
  const counts = backEnds.map(({ name, kubernetes }) => `${name}: ${lines(kubernetes)}`).join(', ');
  const other = backEnds.find(({ name }) => name !== decision);
  if (other === undefined) return [];
  const both =
    reason === 'both'
      ? [
          `IPTABLES_MIXED: Kubernetes has rules in both back ends of iptables (${counts}). Ours go to ${decision}, the system's default; those in ${other.name} count as well. Fix: see that the kubelet and kube-proxy use one iptables, then restart this host.`,
        ]
      : [];
  const isDropped = other.policy === 'DROP';
  if (other.others === 0 && !isDropped) return both;
  const found = [
    ...(other.others > 0 ? [`${other.others} in FORWARD and POSTROUTING`] : []),
    ...(isDropped ? ['the policy DROP of FORWARD, which drops packets of pods whatever our rules say'] : []),
  ];
  return [
    ...both,
    `IPTABLES_SPLIT: ours go to ${decision}, and somebody else has rules in ${other.name} (${found.join('; ')}); packets pass both. Fix: let their owner, such as Docker, use ${decision} and restart it${isDropped ? `, or say iptables-${other.name} -P FORWARD ACCEPT` : ''}.`,
  ];
}

/** Who has rules of the pod network: ours move at once, flanneld writes its own anew. */
const restartUsers = sh`if systemctl cat provision-static-routes.service >/dev/null 2>&1; then
  systemctl restart provision-static-routes.service || warn 'provision-static-routes.service could not move its rules; see its journal'
fi
! systemctl cat provision-flannel.service >/dev/null 2>&1 ||
  systemctl try-restart provision-flannel.service || warn 'provision-flannel.service did not start again; see its journal'`;

/** The back end of iptables in which Kubernetes has its rules, found and linked to for those who write ours. */
export const iptablesBackend = defineOperation({
  name: 'iptables_backend',
  summary: 'links to the iptables in which Kubernetes has its rules, for who writes ours',
  schema,
  timeoutSeconds: 120,
  probe: (desired) =>
    joinScripts([seeFile(desired.path, desired.content), sh`sh -c ${desired.content} iptables-backend look`]),
  parse(output): Actual {
    const [first = '', ...rest] = output.split('\n');
    const said = rest.join('\n');
    const [decision = '', reason = ''] = readField(said, 'decision').split(' ');
    const told = (key: string, name: Name): string =>
      readLines(said)
        .find(([first, value]) => first === key && value.startsWith(`${name} `))?.[1]
        .slice(name.length + 1) ?? '';
    return {
      file: parseFile(first),
      backEnds: (['legacy', 'nft'] as const)
        .filter((name) => told('program', name) !== '')
        .map((name) => ({
          name,
          kubernetes: Number(told('kubernetes', name)),
          others: Number(told('others', name)),
          policy: told('policy', name),
        })),
      decision,
      reason,
      linked: readField(said, 'linked'),
      memory: readField(said, 'memory'),
    };
  },
  diff(actual, desired) {
    if (actual.decision === '' && desired.node) throw refuseMissing(desired.node);
    const { decision, linked } = actual;
    return [
      ...fileChanges(actual.file, script(desired)),
      ...(decision === linked
        ? []
        : [
            {
              subject: 'back end of iptables',
              action: `${linked === '' ? '' : `${linked} → `}${decision}: ${explain(actual)}${linked === '' ? '' : '; our chains move there, and what uses it is restarted'}`,
            },
          ]),
    ];
  },
  warnings: mixtures,
  apply: (desired, actual) =>
    joinScripts([
      putFile(script(desired)),
      sh`[ -n ${actual.decision} ] || exit 0
${desired.path} >/dev/null`,
      ...(actual.linked === '' || actual.linked === actual.decision ? [] : [restartUsers]),
    ]),
  undo: (actual, desired) =>
    joinScripts([
      actual.linked === '' ? sh`rm -rf /run/provision/iptables` : sh`${desired.path} use ${actual.linked} || :`,
      actual.memory === '' ? sh`rm -f ${memory}` : sh`printf '%s\n' ${actual.memory} >${memory}`,
      sh`restore ${desired.path}`,
    ]),
  writes: (desired) => [{ path: desired.path, sha256: digest(desired.content) }],
});
