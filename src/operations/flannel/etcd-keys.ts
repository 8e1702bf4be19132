import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { etcdFlannelUnits } from './etcd-flannel-state.ts';
import { flanneldProcesses } from './flanneld-processes.ts';

const schema = z.strictObject({});

interface Key {
  /** In base64, as the API has it. */
  readonly key: string;
  readonly value: string;
}

interface Actual {
  /** Of the flannel on this host; undefined where there is none. */
  readonly prefix: string | undefined;
  readonly keys: readonly Key[];
  /** Why nobody could be asked; undefined where somebody was. */
  readonly unreached: string | undefined;
  /** Keys of it are there by the older API, which is not spoken here. */
  readonly isOlder: boolean;
}

/** Asks etcd as the flannel of the host does: by the addresses and certificates of its own command line. */
const askEtcd = ShellScript.trusted(`
# flannel_flag UNIT NAME VARIABLE: the value on its command line, or of the variable that stands there, or that it reads itself.
flannel_flag() {
  _words=$(unit_texts "$1" | tr -s " \\t=\\"'\\\\\\\\" '\\n')
  _value=$(printf '%s\\n' "$_words" | sed -n "/^-\\{1,2\\}$2\\$/{n;p;}" | tail -n 1)
  _name=$3
  case $_value in '$'*) _name=$(printf %s "$_value" | tr -d '\${}') _value= ;; esac
  [ -n "$_value" ] || _value=$(printf '%s\\n' "$_words" | sed -n "/^$_name\\$/{n;p;}" | tail -n 1)
  printf '%s' "$_value"
}
flannel=$(etcd_flannel_units | head -n 1)
prefix=$(flannel_flag "$flannel" etcd-prefix FLANNELD_ETCD_PREFIX)
prefix=\${prefix:-/coreos.com/network}
endpoints=$(flannel_flag "$flannel" etcd-endpoints FLANNELD_ETCD_ENDPOINTS)
endpoints=\${endpoints:-http://127.0.0.1:4001,http://127.0.0.1:2379}
ca=$(flannel_flag "$flannel" etcd-cafile FLANNELD_ETCD_CAFILE)
cert=$(flannel_flag "$flannel" etcd-certfile FLANNELD_ETCD_CERTFILE)
key=$(flannel_flag "$flannel" etcd-keyfile FLANNELD_ETCD_KEYFILE)
in_base64() { printf %s "$1" | base64 -w 0; }
range="\\"key\\":\\"$(in_base64 "$prefix/")\\",\\"range_end\\":\\"$(in_base64 "\${prefix}0")\\""

etcd_curl() { curl -fsS -m 5 \${ca:+--cacert "$ca"} \${cert:+--cert "$cert"} \${key:+--key "$key"} "$@"; }
# ask_etcd VERB JSON: the answer of the first that gives one.
ask_etcd() {
  for endpoint in $(printf %s "$endpoints" | tr , ' '); do
    for version in v3 v3beta; do etcd_curl -d "{$2}" "$endpoint/$version/kv/$1" && return 0; done
  done
  return 1
}
`);

const functions = joinScripts([seeUnitFiles, flanneldProcesses, etcdFlannelUnits, askEtcd]);

function readKeys(answer: string): readonly Key[] {
  const { kvs = [] }: { kvs?: readonly { key: string; value?: string }[] } = JSON.parse(answer || '{}');
  return kvs.map(({ key, value = '' }) => ({ key, value }));
}

/** The keys of a flannel in etcd are gone, those below its prefix and no others. */
export const etcdKeys = defineOperation({
  name: 'etcd_keys',
  schema,
  timeoutSeconds: 120,
  probe: () =>
    joinScripts([
      functions,
      ShellScript.trusted(`
if [ -n "$flannel" ]; then
  echo "prefix $prefix"
  if ! command -v curl >/dev/null; then echo 'unreached this host has no curl'
  elif answer=$(ask_etcd range "$range" 2>&1); then echo "answer $answer"
  else echo "unreached $(printf %s "$answer" | tr '\\n' ' ')"
  fi
  for endpoint in $(printf %s "$endpoints" | tr , ' '); do
    ! etcd_curl -o /dev/null "$endpoint/v2/keys$prefix" 2>/dev/null || { echo 'older yes'; break; }
  done
fi`),
    ]),
  parse(output): Actual {
    const field = (name: string) => readLines(output).find(([key]) => key === name)?.[1];
    return {
      prefix: field('prefix'),
      keys: readKeys(field('answer') ?? ''),
      unreached: field('unreached'),
      isOlder: field('older') === 'yes',
    };
  },
  diff({ prefix, keys, unreached, isOlder }): readonly Change[] {
    if (prefix === undefined) return [];
    if (unreached !== undefined) throw notAsked(prefix, unreached);
    if (isOlder) throw older(prefix);
    if (keys.length === 0) return [];
    const names = keys.map(({ key }) => decodeBase64(key).slice(prefix.length + 1));
    return [{ subject: `etcd ${prefix}/`, action: `delete ${names.join(', ')}` }];
  },
  apply: () => joinScripts([functions, sh`ask_etcd deleterange "$range" >/dev/null`]),
  /** Without the time after which they would have gone by themselves. */
  undo: ({ keys }) =>
    joinScripts([
      functions,
      ...keys.map(({ key, value }) => sh`ask_etcd put ${`"key":"${key}","value":"${value}"`} >/dev/null`),
    ]),
});

const byHand = (prefix: string, command: string): string =>
  `Leave --purge out, and delete them yourself where etcd can be asked: ${command} ${prefix}/`;

const notAsked = (prefix: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_UNREACHED',
    kind: 'operation',
    what: `etcd could not be asked for the keys below ${prefix}/`,
    why,
    fix: byHand(prefix, 'ETCDCTL_API=3 etcdctl del --prefix'),
  });

const older = (prefix: string): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_KEYS_OLDER',
    kind: 'operation',
    what: `the keys below ${prefix} are of etcd's API v2, which is not spoken here`,
    fix: byHand(prefix, 'ETCDCTL_API=2 etcdctl rm --recursive'),
  });
