import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { type EtcdApiName, etcdApiNames, etcdApis } from '../../kubernetes/network/etcd-keys.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { readField } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { answerBy, askEtcd, problemOf, requestWords } from './ask-etcd.ts';
import { etcdFlannelUnits } from './etcd-flannel-state.ts';
import { flanneldProcesses } from './flanneld-processes.ts';

const schema = z.strictObject({});

interface Key {
  readonly api: EtcdApiName;
  readonly key: string;
  readonly value: string;
}

interface Actual {
  /** Of the flannel on this host; empty where there is none. */
  readonly prefix: string;
  readonly keys: readonly Key[];
  /** Why nobody could be asked; undefined where somebody was. */
  readonly problem?: string;
}

/** Sets `flannel`, its unit, and `prefix`, both empty where there is none. */
const findFlannel = joinScripts([
  seeUnitFiles,
  flanneldProcesses,
  etcdFlannelUnits,
  ShellScript.trusted(`
# flannel_flag NAME VARIABLE: the value on its command line, or of the variable that stands there, or that it reads itself.
flannel_flag() {
  _words=$(unit_texts "$flannel" | tr -s " \\t=\\"'\\\\\\\\" '\\n')
  _value=$(printf '%s\\n' "$_words" | sed -n "/^-\\{1,2\\}$1\\$/{n;p;}" | tail -n 1)
  _name=$2
  case $_value in '$'*) _name=$(printf %s "$_value" | tr -d '\${}') _value= ;; esac
  [ -n "$_value" ] || _value=$(printf '%s\\n' "$_words" | sed -n "/^$_name\\$/{n;p;}" | tail -n 1)
  printf '%s' "$_value"
}
flannel=$(etcd_flannel_units | head -n 1) prefix=
if [ -n "$flannel" ]; then
  prefix=$(flannel_flag etcd-prefix FLANNELD_ETCD_PREFIX)
  prefix=\${prefix:-/coreos.com/network}
  prefix=\${prefix%/}
fi
`),
]);

/** By the addresses and certificates of its own command line. */
const asFlannel = ShellScript.trusted(`
endpoints=$(flannel_flag etcd-endpoints FLANNELD_ETCD_ENDPOINTS)
endpoints=$(printf %s "\${endpoints:-http://127.0.0.1:4001,http://127.0.0.1:2379}" | sed 's,/*\\,, ,g; s,/*$,,')
ca=$(flannel_flag etcd-cafile FLANNELD_ETCD_CAFILE)
certificate=$(flannel_flag etcd-certfile FLANNELD_ETCD_CERTFILE)
key=$(flannel_flag etcd-keyfile FLANNELD_ETCD_KEYFILE)
`);

const change = (questions: readonly ShellScript[]): ShellScript =>
  joinScripts([findFlannel, askEtcd('change', asFlannel, questions)]);

/** By v2 every name begins with a slash, whatever flannel was told. */
const placeBy = (api: EtcdApiName, prefix: string): string => (api === 'v2' ? `/${prefix.replace(/^\//, '')}` : prefix);

const reasonOf = ({ what, why }: ProvisionError): string => (why === undefined ? what : `${what}: ${why}`);

function readKeys(output: string, prefix: string): Pick<Actual, 'keys' | 'problem'> {
  try {
    const refusal = problemOf(output);
    if (refusal !== undefined) throw refusal;
    const seen = etcdApiNames.map((api) => etcdApis[api].read(answerBy(api, output), placeBy(api, prefix)));
    if (seen.every((keys) => keys === undefined))
      return { keys: [], problem: 'What listens there speaks neither the API v2 of etcd nor v3 as JSON' };
    return {
      keys: etcdApiNames.flatMap((api, index) => (seen[index] ?? []).map(({ key, value }) => ({ api, key, value }))),
    };
  } catch (error) {
    if (error instanceof ProvisionError) return { keys: [], problem: reasonOf(error) };
    throw error;
  }
}

const apisOf = (keys: readonly Key[]): readonly EtcdApiName[] => [...new Set(keys.map(({ api }) => api))];

/** The keys of a flannel in etcd are gone, those below its prefix and no others, by whichever API has them. */
export const etcdKeys = defineOperation({
  name: 'etcd_keys',
  summary: 'no keys of it in etcd',
  schema,
  timeoutSeconds: 120,
  probe: () =>
    joinScripts([
      findFlannel,
      sh`if [ -n "$flannel" ]; then echo "prefix $prefix"`,
      askEtcd('look', asFlannel, [sh`etcd_see v2 "/\${prefix#/}"; etcd_see v3 "$prefix"`]),
      sh`fi`,
    ]),
  parse(output): Actual {
    const prefix = readField(output, 'prefix');
    return prefix === '' ? { prefix, keys: [] } : { prefix, ...readKeys(output, prefix) };
  },
  diff({ prefix, keys, problem }): readonly Change[] {
    if (problem !== undefined) throw notAsked(prefix, problem);
    return apisOf(keys).map((api) => {
      const names = keys.filter((one) => one.api === api).map(({ key }) => key.slice(placeBy(api, prefix).length + 1));
      return { subject: `etcd ${prefix}/`, action: `delete ${names.join(', ')}, by the API ${api}` };
    });
  },
  apply: (_, { prefix, keys }) =>
    change(
      apisOf(keys).map(
        (api) => sh`etcd_tell ${requestWords(etcdApis[api].remove(placeBy(api, prefix), 'everything'))}`,
      ),
    ),
  /** Without the time after which they would have gone by themselves. */
  undo: ({ keys }) =>
    change(keys.map(({ api, key, value }) => sh`etcd_tell ${requestWords(etcdApis[api].put(key, value))}`)),
});

const notAsked = (prefix: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_UNREACHED',
    kind: 'operation',
    what: `etcd could not be asked for the keys below ${prefix}/`,
    why,
    fix: `Leave --purge out, and delete them yourself where etcd can be asked: ETCDCTL_API=3 etcdctl del --prefix ${prefix}/, or ETCDCTL_API=2 etcdctl rm --recursive ${prefix} for a flannel up to 0.17.`,
  });
