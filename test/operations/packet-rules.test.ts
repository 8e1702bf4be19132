import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { staleRules } from '../../src/operations/network/stale-rules.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { iptablesBackend } from '../../src/operations/system/iptables-backend.ts';
import { changesOf } from './case.ts';

const script = { content: 'the script', node: 'node1' };
const absent = 'absent - - - - - - -';
/** SHA-256 of the script. */
const there = 'file 755 0 root 0 root 9f1fdb76a696edc42eba820bad27c2e6fecad9b8937ecd72061f9930ea0fa44d -';
const seen = (backEnds: Readonly<Record<string, [kubernetes: number, policy: string, others: number]>>, rest: string) =>
  [
    there,
    ...Object.entries(backEnds).flatMap(([name, [kubernetes, policy, others]]) => [
      `program ${name} /usr/sbin/iptables-${name}`,
      `kubernetes ${name} ${kubernetes}`,
      `policy ${name} ${policy}`,
      `others ${name} ${others}`,
    ]),
    'default nft',
    rest,
  ].join('\n');
const both = { legacy: [0, '', 0], nft: [34, 'ACCEPT', 0] } satisfies Parameters<typeof seen>[0];
const linkChanges = (output: string, wish: object = script) =>
  changesOf(iptablesBackend, wish, output).filter((change) => !change.startsWith('/usr/local/lib'));

test.each<[string, string, readonly string[]]>([
  ['linked already', seen(both, 'decision nft rules\nlinked nft'), []],
  [
    'no links yet',
    seen(both, 'decision nft rules\nlinked '),
    ['back end of iptables: nft: the rules of Kubernetes are there (34 lines)'],
  ],
  [
    'kube-proxy went elsewhere',
    seen({ legacy: [1, 'ACCEPT', 0], nft: [0, '', 0] }, 'decision legacy rules\nlinked nft'),
    [
      'back end of iptables: nft → legacy: the rules of Kubernetes are there (1 line); our chains move there, and what uses it is restarted',
    ],
  ],
  ['a host without pods and without iptables', seen({}, 'decision  default\nlinked '), ['IPTABLES_MISSING']],
])('back end of iptables: %s', (_name, output, changes) => {
  expect(linkChanges(output)).toEqual(changes);
});

test('a host that runs no pods can do without iptables', () => {
  expect(linkChanges(seen({}, 'decision  default\nlinked '), { content: 'the script', node: null })).toEqual([]);
  expect(
    changesOf(iptablesBackend, script, seen(both, 'decision nft rules\nlinked nft').replace(there, absent)),
  ).toEqual(['/usr/local/lib/provision/iptables-backend: create']);
});

const warningsOf = (output: string) => {
  const operation = iptablesBackend as unknown as HostOperation;
  const desired = operation.schema.parse(script);
  return operation.warnings?.(operation.parse(output, desired), desired) ?? [];
};

test('rules on both sides are warned of, with what to do', () => {
  expect(warningsOf(seen(both, 'decision nft rules'))).toEqual([]);
  expect(warningsOf(seen({ legacy: [12, 'ACCEPT', 0], nft: [34, 'ACCEPT', 0] }, 'decision nft both'))).toEqual([
    expect.stringMatching(/^IPTABLES_MIXED: .*legacy: 12 lines, nft: 34 lines.* Fix: /),
  ]);
  expect(warningsOf(seen({ legacy: [0, 'DROP', 4], nft: [34, 'ACCEPT', 2] }, 'decision nft rules'))).toEqual([
    expect.stringMatching(
      /^IPTABLES_SPLIT: .*4 in FORWARD and POSTROUTING; the policy DROP.*iptables-legacy -P FORWARD ACCEPT/,
    ),
  ]);
});

const recorded = (name: string): string =>
  readFileSync(new URL(`../unit/kubernetes/network/flannel-rules/${name}.txt`, import.meta.url), 'utf8');
/** What the probe prints for these. */
const probed = (saves: Readonly<Record<string, string>>, more: readonly string[] = []): string =>
  [
    ...Object.entries(saves).flatMap(([name, save]) => [
      `program ${name} iptables-${name}`,
      ...(save.includes('\n:KUBE-') ? [`kubernetes ${name}`] : []),
      ...save
        .split('\n')
        .filter((line) => /^(\*|:FLANNEL-|-A (POSTROUTING|FORWARD|FLANNEL-[A-Z]+) )/.test(line))
        .map((line) => `rule ${name} ${line}`),
    ]),
    ...more,
  ].join('\n');

const other = { cluster_cidr: '10.5.0.0/16', agent: 'flannel' };
const same = { cluster_cidr: '10.244.0.0/16', agent: 'flannel' };
const routes = { cluster_cidr: '10.244.0.0/16', agent: 'static-routes' };
test.each<[string, object, string, number]>([
  ['plain rules for another network', other, probed({ nft: recorded('v0.17.0-nft') }), 6],
  ['rules for another network, but not the jumps', other, probed({ nft: recorded('v0.20.2-nft') }), 6],
  ['the same of a newer flannel', other, probed({ nft: recorded('v0.28.7-nft') }), 7],
  ['rules of the right network', same, probed({ nft: recorded('v0.28.7-nft') }), 0],
  ['whatever flannel left where it is not the agent, chains too', routes, probed({ nft: recorded('v0.28.7-nft') }), 12],
  ['plain rules where it is not the agent', routes, probed({ nft: recorded('v0.17.0-nft') }), 6],
  [
    'rules where Kubernetes has none',
    same,
    probed({ legacy: recorded('v0.28.7-legacy'), nft: recorded('v0.28.7-nft') }),
    12,
  ],
  ['nothing while a flanneld of somebody else runs', other, probed({ nft: recorded('v0.17.0-nft') }, ['foreign']), 0],
  [
    'a chain with a rule of somebody else stays, and the jump to it',
    routes,
    probed({ nft: recorded('v0.28.7-nft').replace('-A FLANNEL-FWD', '-A FLANNEL-FWD -p tcp -j DROP\n-A FLANNEL-FWD') }),
    10,
  ],
])('stale rules: %s', (_name, wish, output, count) => {
  const changes = changesOf(staleRules, wish, output);
  expect(changes).toHaveLength(count);
  for (const change of changes) expect(change).toMatch(/^iptables \((legacy|nft), (nat|filter)\): -[DX] [A-Z-]+/);
});

test('a stale rule stands in the plan by its text, with why it goes', () => {
  expect(changesOf(staleRules, other, probed({ nft: recorded('v0.20.2-nft') }))).toContain(
    'iptables (nft, nat): -D FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully: made by flannel for 10.244.0.0/16',
  );
});
