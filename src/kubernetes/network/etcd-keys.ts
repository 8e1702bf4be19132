import { ProvisionError } from '../../errors.ts';

/** What flannel has in etcd. */
export interface EtcdKeys {
  /** The network's configuration, and by what etcd tells whether somebody has changed it since; null where there is none. */
  readonly config: { readonly text: string; readonly revision: string } | null;
  /** Ranges that hosts have taken, such as 10.5.1.0-24. */
  readonly subnets: readonly string[];
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
  look(prefix: string): EtcdRequest;
  /** Undefined where etcd does not speak this API; throws for what is no JSON. */
  read(answer: EtcdAnswer, prefix: string): EtcdKeys | undefined;
  /** Refused by etcd where the configuration is not the one that was seen. */
  write(prefix: string, text: string, seen: EtcdKeys['config']): EtcdRequest;
  /** Whatever the configuration is by then. */
  overwrite(prefix: string, text: string): EtcdRequest;
  remove(prefix: string, what: 'config' | 'everything'): EtcdRequest;
  /** Part of an answer to `write` that tells that it is done. */
  readonly written: string;
}

const form = 'application/x-www-form-urlencoded';

/** The older API, of flannel up to 0.17: names with a value, in folders. */
export const etcdV2: EtcdApi = {
  look: (prefix) => ask('GET', `${keyOf(prefix)}?recursive=true&quorum=true`),
  read({ status, body }, prefix) {
    if (status === 404 && !body.includes('"errorCode"')) return undefined;
    if (status === 404 && JSON.parse(body).errorCode === 100) return { config: null, subnets: [] };
    if (status !== 200) throw refused({ status, body });
    const leaves = leavesOf(JSON.parse(body).node);
    const config = leaves.find(({ key }) => key === `${prefix}/config`);
    return {
      config: config === undefined ? null : { text: config.value ?? '', revision: String(config.modifiedIndex) },
      subnets: subnetsOf(
        leaves.map(({ key }) => key),
        prefix,
      ),
    };
  },
  write: (prefix, text, seen) =>
    ask('PUT', `${keyOf(prefix)}/config?${seen === null ? 'prevExist=false' : `prevIndex=${seen.revision}`}`, text),
  overwrite: (prefix, text) => ask('PUT', `${keyOf(prefix)}/config`, text),
  remove: (prefix, what) =>
    ask('DELETE', what === 'config' ? `${keyOf(prefix)}/config` : `${keyOf(prefix)}?recursive=true`),
  written: '"action":',
};

const keyOf = (prefix: string): string => `/v2/keys${prefix}`;

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

const subnetsOf = (keys: readonly string[], prefix: string): readonly string[] =>
  keys.flatMap((key) => (key.startsWith(`${prefix}/subnets/`) ? [key.slice(`${prefix}/subnets/`.length)] : []));

/** The API of today as JSON, of flannel from 0.18 on. */
export const etcdV3: EtcdApi = {
  // '0' is what comes after '/'
  look: (prefix) => post('range', { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) }),
  read({ status, body }, prefix) {
    if (status === 404) return undefined;
    if (status !== 200) throw refused({ status, body });
    const { kvs = [] } = JSON.parse(body) as { kvs?: readonly Record<'key' | 'value' | 'mod_revision', string>[] };
    const pairs = kvs.map(({ key, value = '', mod_revision }) => ({
      key: text(key),
      value: text(value),
      mod_revision,
    }));
    const config = pairs.find(({ key }) => key === `${prefix}/config`);
    return {
      config: config === undefined ? null : { text: config.value, revision: config.mod_revision },
      subnets: subnetsOf(
        pairs.map(({ key }) => key),
        prefix,
      ),
    };
  },
  write: (prefix, value, seen) =>
    post('txn', {
      compare: [{ target: 'MOD', key: base64(`${prefix}/config`), mod_revision: seen?.revision ?? '0' }],
      success: [{ request_put: { key: base64(`${prefix}/config`), value: base64(value) } }],
    }),
  overwrite: (prefix, value) => post('put', { key: base64(`${prefix}/config`), value: base64(value) }),
  remove: (prefix, what) =>
    post(
      'deleterange',
      what === 'config'
        ? { key: base64(`${prefix}/config`) }
        : { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) },
    ),
  written: '"succeeded":true',
};

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
