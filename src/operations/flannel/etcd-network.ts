import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { etcdApiNames, etcdApis, type FlannelKeys, flannelKeysOf } from '../../kubernetes/network/etcd-keys.ts';
import { meansTheSame, refuseOther } from '../../kubernetes/network/etcd-network.ts';
import { sh } from '../../shell.ts';
import { defineOperation } from '../operation.ts';
import { answerBy, askEtcd, problemOf, requestWords } from './ask-etcd.ts';

const pem = () => z.string().default('');

const schema = z.strictObject({
  endpoints: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .describe('addresses of etcd; the first that answers is asked'),
  api: z.enum(etcdApiNames).describe('the API of etcd that this flannel speaks'),
  prefix: z.string().describe('what the keys of the network begin with'),
  ca: pem().describe('who vouches for etcd, as PEM'),
  certificate: pem().describe('what it is shown, as PEM'),
  key: pem().describe('and its key, which appears in no plan, output or record'),
  content: z.string().describe("the network's configuration, as JSON"),
});

type Desired = z.output<typeof schema>;

const apiOf = ({ api }: Desired) => etcdApis[api];

const clientOf = ({ endpoints, ca, certificate, key }: Desired) =>
  sh`endpoints=${endpoints.map((endpoint) => endpoint.replace(/\/+$/, '')).join(' ')}
etcd_certificates ${ca} ${certificate} ${key}`;

const notSpoken = ({ api }: Desired): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_API_MISSING',
    kind: 'operation',
    what: `This flannel speaks the ${api} API of etcd, and etcd does not`,
    fix:
      api === 'v2'
        ? 'Start etcd with --enable-v2, which it has up to 3.5, or take flannel 0.18 or later.'
        : 'Take an etcd of 3.2 or later, or flannel 0.17.',
  });

/** What was seen; with a refusal nothing was. */
interface Actual extends FlannelKeys {
  readonly refusal?: ProvisionError;
}

function readNetwork(output: string, desired: Desired): Actual {
  const nothing = { config: null, subnets: [] };
  try {
    const refusal = problemOf(output);
    if (refusal !== undefined) return { ...nothing, refusal };
    const keys = apiOf(desired).read(answerBy(desired.api, output), desired.prefix);
    return keys ? flannelKeysOf(keys, desired.prefix) : { ...nothing, refusal: notSpoken(desired) };
  } catch (error) {
    if (error instanceof ProvisionError) return { ...nothing, refusal: error };
    throw error;
  }
}

const changed = 'the configuration of the network in etcd was changed by somebody else while this run was under way';

/** flannel's network as etcd has it; asked by this host, for all of them. Ranges that hosts have taken are not touched. */
export const etcdNetwork = defineOperation({
  name: 'etcd_network',
  summary: "flannel's network in etcd, asked by this host for all of them",
  schema,
  probe: (desired) => askEtcd('look', clientOf(desired), [sh`etcd_see ${desired.api} ${desired.prefix}`]),
  parse: readNetwork,
  diff(actual, { prefix, content }) {
    const { config, refusal } = actual;
    if (refusal !== undefined) throw refusal;
    if (config !== null && meansTheSame(config.text, content)) return [];
    refuseOther(actual, content, prefix);
    return [
      {
        subject: `${prefix}/config in etcd`,
        action: config === null ? 'create' : 'change',
        before: config?.text ?? '',
        after: content,
      },
    ];
  },
  apply: (desired, { config }) =>
    askEtcd('change', clientOf(desired), [
      sh`etcd_ask ${requestWords(apiOf(desired).write(desired.prefix, desired.content, config))}
case $status$answer in
20*${apiOf(desired).written}*) ;;
*) printf '%s\n' "$answer" >&2; fail CHANGED_MEANWHILE ${changed} 'Run again: it is looked at anew' ;;
esac`,
    ]),
  /** Where nothing was there, the ranges that hosts have taken since go as well. */
  undo: ({ config, subnets }, desired) =>
    askEtcd('change', clientOf(desired), [
      sh`etcd_tell ${requestWords(
        config === null
          ? apiOf(desired).remove(desired.prefix, subnets.length === 0 ? 'everything' : 'config')
          : apiOf(desired).put(`${desired.prefix}/config`, config.text),
      )}`,
    ]),
});
