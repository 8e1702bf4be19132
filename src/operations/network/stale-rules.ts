import { z } from 'zod';
import type { Change } from '../../events.ts';
import { networkAgents } from '../../kubernetes/network/agents.ts';
import { splitRule } from '../../kubernetes/network/flannel-rules.ts';
import { type BackEnd, findStale, type Stale } from '../../kubernetes/network/stale-rules.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { flanneldProcesses } from '../flannel/flanneld-processes.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  cluster_cidr: z.string().describe('the range of all pods'),
  agent: z.enum(networkAgents).describe('what sets up the pod network of this host'),
});

type Desired = z.output<typeof schema>;

export type SeenBackEnd = BackEnd & { readonly program: string };

interface Actual {
  readonly backEnds: readonly SeenBackEnd[];
  /** Whether a flanneld runs whose rules are not ours to remove: it would write them again. */
  readonly isForeignRunning: boolean;
}

/** Prints what `parseRules` reads. */
export const seeRules = ShellScript.trusted(`
# see_rules NAME PROGRAM: asking legacy for a table would make it.
see_rules() {
  echo "program $1 $2"
  [ "$1" = nft ] || grep -qs . /proc/net/ip_tables_names || return 0
  "$2-save" 2>/dev/null | awk -v name="$1" '/^:KUBE-/ { if (!seen++) print "kubernetes " name; next }
    /^\\*/ || /^:FLANNEL-/ || /^-A (POSTROUTING|FORWARD|FLANNEL-[A-Z]+) / { print "rule " name " " $0 }'
}
found=
for name in legacy nft; do ! command -v "iptables-$name" >/dev/null || { see_rules "$name" "iptables-$name"; found=yes; }; done
[ -n "$found" ] || case $(iptables -V 2>/dev/null) in '') ;; *nf_tables*) see_rules nft iptables ;; *) see_rules legacy iptables ;; esac
`);

/** `valuesOf` gives the rest of each line that begins with that key. */
export const parseRules = (valuesOf: (key: string) => readonly string[]): readonly SeenBackEnd[] =>
  valuesOf('program').map((value) => {
    const [, name = '', program = ''] = /^(\S+) (\S+)$/.exec(value) ?? [];
    return {
      name: name === 'nft' ? 'nft' : 'legacy',
      program,
      inUse: valuesOf('kubernetes').includes(name),
      save: valuesOf('rule')
        .filter((rule) => rule.startsWith(`${name} `))
        .map((rule) => rule.slice(name.length + 1))
        .join('\n'),
    };
  });

export const staleIn = (backEnds: readonly SeenBackEnd[], { cluster_cidr, agent }: Desired): readonly Stale[] =>
  backEnds.map((backEnd) => findStale(backEnd, { clusterCidr: cluster_cidr, agent, backEnds }));

const staleOf = ({ backEnds, isForeignRunning }: Actual, desired: Desired): readonly Stale[] =>
  isForeignRunning ? [] : staleIn(backEnds, desired);

/** What goes, by its text, and why. */
export const staleChanges = (stale: readonly Stale[]): readonly Change[] =>
  stale.flatMap(({ backEnd, rules, chains }): readonly Change[] => [
    ...rules.map(({ table, chain, text, because }) => ({
      subject: `iptables (${backEnd}, ${table})`,
      action: `-D ${chain} ${text}: ${because}`,
    })),
    ...chains.map(({ table, chain }) => ({
      subject: `iptables (${backEnd}, ${table})`,
      action: `-X ${chain}: nothing is left in it`,
    })),
  ]);

type Backed = { readonly backEnds: readonly SeenBackEnd[] };

export const dropStale = (actual: Backed, stale: readonly Stale[]): ShellScript =>
  inEachBackEnd(actual, stale, (program, { rules, chains }) => [
    ...rules.map(({ table, chain, text }) => sh`drop_rule ${program} ${table} ${chain} ${splitRule(text)}`),
    ...chains.map(({ table, chain }) => sh`${program} -w -t ${table} -X ${chain}`),
  ]);

export const putBackStale = (actual: Backed, stale: readonly Stale[]): ShellScript =>
  inEachBackEnd(actual, stale, (program, { rules, chains }) => [
    ...chains.map(({ table, chain }) => sh`${program} -w -t ${table} -N ${chain} 2>/dev/null || :`),
    ...rules.map(
      ({ table, chain, position, text }) => sh`put_rule ${program} ${table} ${chain} ${position} ${splitRule(text)}`,
    ),
  ]);

const functions = ShellScript.trusted(`
# drop_rule PROGRAM TABLE CHAIN WORD...: this very rule; an agent that has started meanwhile may have been quicker.
drop_rule() {
  program=$1 table=$2; shift 2
  "$program" -w -t "$table" -C "$@" 2>/dev/null || return 0
  "$program" -w -t "$table" -D "$@"
}
# put_rule PROGRAM TABLE CHAIN POSITION WORD...: where it was; at the end of a chain that is shorter by now.
put_rule() {
  program=$1 table=$2 chain=$3 position=$4; shift 4
  "$program" -w -t "$table" -I "$chain" "$position" "$@" 2>/dev/null || "$program" -w -t "$table" -A "$chain" "$@" ||
    warn "this rule could not be put back: iptables -t $table -A $chain $*"
}
`);

const inEachBackEnd = (
  { backEnds }: Backed,
  stale: readonly Stale[],
  say: (program: string, stale: Stale) => readonly ShellScript[],
): ShellScript =>
  joinScripts([
    functions,
    ...stale.flatMap((one) => {
      const own = backEnds.find(({ name }) => name === one.backEnd);
      return say(own?.program ?? 'iptables', one);
    }),
  ]);

/** Rules that a flannel of before has left, for another pod range or for none any more; each goes by its very text. */
export const staleRules = defineOperation({
  name: 'stale_rules',
  summary: 'no packet rules of an earlier flannel; those of others stay',
  schema,
  probe: ({ agent }) =>
    joinScripts([
      flanneldProcesses,
      seeRules,
      ShellScript.trusted('[ -z "$(foreign_flannelds)" ] || echo foreign'),
      // one that goes by etcd stays beside the agent to come until the last node has left it
      ...(agent === 'flannel-etcd' ? [] : [ShellScript.trusted('[ -z "$(etcd_flannelds)" ] || echo foreign')]),
    ]),
  parse(output): Actual {
    const lines = readLines(output);
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return { backEnds: parseRules(valuesOf), isForeignRunning: lines.some(([key]) => key === 'foreign') };
  },
  diff: (actual, desired) => staleChanges(staleOf(actual, desired)),
  apply: (desired, actual) => dropStale(actual, staleOf(actual, desired)),
  undo: (actual, desired) => putBackStale(actual, staleOf(actual, desired)),
});
