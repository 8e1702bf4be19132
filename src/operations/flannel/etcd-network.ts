import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { type EtcdAnswer, type EtcdKeys, etcdV2, etcdV3 } from '../../kubernetes/network/etcd-keys.ts';
import { meansTheSame, refuseOther } from '../../kubernetes/network/etcd-network.ts';
import { sh } from '../../shell.ts';
import { decodeBase64, readField } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { askEtcd } from './etcd-network-script.ts';

const pem = () => z.string().default('');

const schema = z.strictObject({
  endpoints: z
    .array(z.url({ protocol: /^https?$/ }))
    .min(1)
    .describe('addresses of etcd; the first that answers is asked'),
  api: z.enum(['v2', 'v3']).describe('the API of etcd that this flannel speaks'),
  prefix: z.string().describe('what the keys of the network begin with'),
  ca: pem().describe('who vouches for etcd, as PEM'),
  certificate: pem().describe('what it is shown, as PEM'),
  key: pem().describe('and its key, which appears in no plan, output or record'),
  content: z.string().describe("the network's configuration, as JSON"),
});

type Desired = z.output<typeof schema>;

const apiOf = ({ api }: Desired) => (api === 'v2' ? etcdV2 : etcdV3);

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

/** What keeps this host from asking; undefined for nothing. */
function problemOf(output: string): ProvisionError | undefined {
  const [code, reasons = ''] = readField(output, 'problem').split(' ');
  if (code === 'CURL_MISSING')
    return new ProvisionError({
      code: 'CURL_MISSING',
      kind: 'operation',
      what: 'This host has no curl, by which etcd is asked',
      fix: 'Install the package curl.',
    });
  if (code !== 'ETCD_UNREACHABLE') return undefined;
  return new ProvisionError({
    code: 'ETCD_UNREACHABLE',
    kind: 'operation',
    what: 'No address of etcd answers this host',
    why: decodeBase64(reasons).trim(),
    fix: 'Correct network.etcd: endpoints, as this host reaches them, ca, certificate and key.',
  });
}

/** What was seen; with a refusal nothing was. */
interface Actual extends EtcdKeys {
  readonly refusal?: ProvisionError;
}

function readKeys(answer: EtcdAnswer, desired: Desired): Actual {
  const nothing = { config: null, subnets: [] };
  try {
    return apiOf(desired).read(answer, desired.prefix) ?? { ...nothing, refusal: notSpoken(desired) };
  } catch (error) {
    if (error instanceof ProvisionError) return { ...nothing, refusal: error };
    throw error;
  }
}

const changed = 'the configuration of the network in etcd was changed by somebody else while this run was under way';

/** flannel's network as etcd has it; asked by this host, for all of them. Ranges that hosts have taken are not touched. */
export const etcdNetwork = defineOperation({
  name: 'etcd_network',
  schema,
  probe: (desired) =>
    askEtcd(
      'look',
      desired,
      apiOf(desired).look(desired.prefix),
      sh`printf 'status %s\nanswer %s\n' "$status" "$(printf '%s' "$answer" | base64 -w 0)"`,
    ),
  parse(output, desired): Actual {
    const refusal = problemOf(output);
    if (refusal !== undefined) return { config: null, subnets: [], refusal };
    const answer = { status: Number(readField(output, 'status')), body: decodeBase64(readField(output, 'answer')) };
    return readKeys(answer, desired);
  },
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
    askEtcd(
      'change',
      desired,
      apiOf(desired).write(desired.prefix, desired.content, config),
      sh`case $status$answer in
20*${apiOf(desired).written}*) ;;
*) printf '%s\n' "$answer" >&2; fail CHANGED_MEANWHILE ${changed} 'Run again: it is looked at anew' ;;
esac`,
    ),
  /** Where nothing was there, the ranges that hosts have taken since go as well. */
  undo: ({ config, subnets }, desired) =>
    askEtcd(
      'change',
      desired,
      config === null
        ? apiOf(desired).remove(desired.prefix, subnets.length === 0 ? 'everything' : 'config')
        : apiOf(desired).overwrite(desired.prefix, config.text),
      sh`case $status in 20* | 404) ;; *) printf '%s\n' "$answer" >&2; exit 1 ;; esac`,
    ),
});
