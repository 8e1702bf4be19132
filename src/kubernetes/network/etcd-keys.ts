import { ProvisionError } from '../../errors.ts';

export const etcdApiNames = ['v2', 'v3'] as const;
export type EtcdApiName = (typeof etcdApiNames)[number];

export interface EtcdKey {
  readonly key: string;
  readonly value: string;
  /** By what etcd tells whether somebody has changed it since. */
  readonly revision: string;
}

/** What flannel has in etcd. */
export interface FlannelKeys {
  /** The network's configuration; null where there is none. */
  readonly config: { readonly text: string; readonly revision: string } | null;
  /** Ranges that hosts have taken, such as 10.5.1.0-24. */
  readonly subnets: readonly string[];
}

export function flannelKeysOf(keys: readonly EtcdKey[], prefix: string): FlannelKeys {
  const config = keys.find(({ key }) => key === `${prefix}/config`);
  const ranges = `${prefix}/subnets/`;
  return {
    config: config === undefined ? null : { text: config.value, revision: config.revision },
    subnets: keys.flatMap(({ key }) => (key.startsWith(ranges) ? [key.slice(ranges.length)] : [])),
  };
}

/** One request to etcd; of several paths the first one that it knows, since releases before 3.4 call their API otherwise. */
export interface EtcdRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly paths: readonly string[];
  readonly type: string;
  readonly body: string;
}

export interface EtcdAnswer {
  readonly status: number;
  readonly body: string;
}

/** The API of etcd that a flannel speaks. */
export interface EtcdApi {
  /** Keys below the prefix; undefined where etcd does not speak this API; throws for what is no answer to that. */
  read(answer: EtcdAnswer, prefix: string): readonly EtcdKey[] | undefined;
  /** Refused by etcd where the configuration is not the one that was seen. */
  write(prefix: string, text: string, seen: FlannelKeys['config']): EtcdRequest;
  /** Whatever it is by then; for good, whatever time to live it had. */
  put(key: string, value: string): EtcdRequest;
  remove(prefix: string, what: 'config' | 'everything'): EtcdRequest;
  /** Part of an answer to `write` that tells that it is done. */
  readonly written: string;
}

const form = 'application/x-www-form-urlencoded';

/** The older API, of flannel up to 0.17: names with a value, in folders. */
const etcdV2: EtcdApi = {
  read({ status, body }, prefix) {
    if (status === 404 && !body.includes('"errorCode"')) return undefined;
    if (status === 404 && JSON.parse(body).errorCode === 100) return [];
    if (status !== 200) throw refused({ status, body });
    return leavesOf(JSON.parse(body).node)
      .map(({ key, value = '', modifiedIndex }) => ({ key, value, revision: String(modifiedIndex) }))
      .filter(({ key }) => key.startsWith(`${prefix}/`));
  },
  write: (prefix, text, seen) =>
    ask('PUT', `${keyOf(prefix)}/config?${seen === null ? 'prevExist=false' : `prevIndex=${seen.revision}`}`, text),
  put: (key, value) => ask('PUT', keyOf(key), value),
  remove: (prefix, what) =>
    ask('DELETE', what === 'config' ? `${keyOf(prefix)}/config` : `${keyOf(prefix)}?recursive=true`),
  written: '"action":',
};

const keyOf = (key: string): string => `/v2/keys${key.split('/').map(encodeURIComponent).join('/')}`;

const ask = (method: EtcdRequest['method'], path: string, value?: string): EtcdRequest => ({
  method,
  paths: [path],
  type: form,
  body: value === undefined ? '' : `value=${encodeURIComponent(value)}`,
});

interface V2Node {
  readonly key: string;
  readonly value?: string;
  readonly modifiedIndex?: number;
  readonly nodes?: readonly V2Node[];
  readonly dir?: boolean;
}

const leavesOf = (node: V2Node): readonly V2Node[] => (node.dir ? (node.nodes ?? []).flatMap(leavesOf) : [node]);

/** The API of today as JSON, of flannel from 0.18 on. */
const etcdV3: EtcdApi = {
  read({ status, body }) {
    if (status === 404) return undefined;
    if (status !== 200) throw refused({ status, body });
    const { kvs = [] } = JSON.parse(body) as { kvs?: readonly Record<'key' | 'value' | 'mod_revision', string>[] };
    return kvs.map(({ key, value = '', mod_revision }) => ({
      key: text(key),
      value: text(value),
      revision: mod_revision,
    }));
  },
  write: (prefix, value, seen) =>
    post('txn', {
      compare: [{ target: 'MOD', key: base64(`${prefix}/config`), mod_revision: seen?.revision ?? '0' }],
      success: [{ request_put: { key: base64(`${prefix}/config`), value: base64(value) } }],
    }),
  put: (key, value) => post('put', { key: base64(key), value: base64(value) }),
  remove: (prefix, what) =>
    post(
      'deleterange',
      what === 'config'
        ? { key: base64(`${prefix}/config`) }
        : // '0' is what comes after '/'
          { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) },
    ),
  written: '"succeeded":true',
};

export const etcdApis: Readonly<Record<EtcdApiName, EtcdApi>> = { v2: etcdV2, v3: etcdV3 };

const post = (name: string, body: object): EtcdRequest => ({
  method: 'POST',
  paths: ['v3', 'v3beta', 'v3alpha'].map((version) => `/${version}/kv/${name}`),
  type: 'application/json',
  body: JSON.stringify(body),
});

const base64 = (plain: string): string => Buffer.from(plain).toString('base64');
const text = (encoded: string): string => Buffer.from(encoded, 'base64').toString('utf8');

const refused = ({ status, body }: EtcdAnswer): ProvisionError =>
  new ProvisionError({
    code: 'ETCD_REFUSED',
    kind: 'operation',
    what: `etcd answers with status ${status}`,
    why: body.trim().slice(0, 500),
    fix: 'See that etcd has a leader, and that it lets the client certificate of network.etcd read and write the keys of network.etcd.prefix.',
  });
