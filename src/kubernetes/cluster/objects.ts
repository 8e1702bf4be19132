import type { KubeConfig, KubernetesObject, V1APIResource, V1Secret } from '@kubernetes/client-node';
import { ProvisionError } from '../../errors.ts';
import { fixedResource } from './api-versions.ts';
import type * as Client from './client.ts';
import { type LiveObject, type Manifest, nameObject, type ObjectReference, referTo } from './manifest.ts';
import { messageIn } from './status-message.ts';

/** Objects as they were at one moment, those asked for and no others. */
export interface SeenObjects {
  /** Undefined where there is none; throws a TypeError for one that was not asked for. */
  get(reference: ObjectReference): LiveObject | undefined;
  /** The token in a Secret of type kubernetes.io/service-account-token, once it is there. */
  token(secret: ObjectReference): string | undefined;
}

/** Every write is bound to what was seen; may throw OBJECT_REFUSED. */
export interface ObjectStore {
  create(manifest: Manifest): Promise<void>;
  /** Sets the fields that it has, null for one that goes; leaves all others. */
  patch(live: LiveObject, fields: Manifest): Promise<void>;
  /** With what it has made; a DaemonSet is gone only when its pods are. */
  remove(live: LiveObject): Promise<void>;
}

export interface ObjectOptions {
  /** Told of every token before anything else sees it. */
  hide(secret: string): void;
  /** Makes the error for an API that does not answer as it should. */
  unreachable(cause: unknown): ProvisionError;
}

const tokenType = 'kubernetes.io/service-account-token';

interface ApiAnswer extends Error {
  readonly code?: number;
  readonly body?: unknown;
}

const keyOf = (reference: ObjectReference): string => `${reference.apiVersion} ${nameObject(reference)}`;

/** Objects of any kind, seen and changed through the API. */
export function openObjects(
  k8s: typeof Client,
  config: KubeConfig,
  { hide, unreachable }: ObjectOptions,
): { see(references: readonly ObjectReference[]): Promise<SeenObjects>; readonly store: ObjectStore } {
  class Objects extends k8s.KubernetesObjectApi {
    protected override async resource(apiVersion: string, kind: string): Promise<V1APIResource | undefined> {
      return fixedResource(apiVersion, kind) ?? super.resource(apiVersion, kind);
    }
  }
  const client = config.makeApiClient(Objects);

  async function read(reference: ObjectReference): Promise<(KubernetesObject & V1Secret) | undefined> {
    try {
      return await client.read<KubernetesObject>(referTo(reference));
    } catch (cause) {
      if ((cause as ApiAnswer).code === 404) return undefined;
      throw cause;
    }
  }

  async function write(reference: ObjectReference, request: () => Promise<unknown>, without?: number): Promise<void> {
    try {
      await request();
    } catch (cause) {
      const { code } = cause as ApiAnswer;
      if (code !== undefined && code === without) return;
      throw code !== undefined && code >= 400 && code < 500
        ? refused(reference, cause as ApiAnswer)
        : unreachable(cause);
    }
  }

  return {
    async see(references) {
      const objects = new Map<string, LiveObject | undefined>();
      const tokens = new Map<string, string>();
      await Promise.all(
        references.map(async (reference) => {
          const found = await read(reference);
          const key = keyOf(reference);
          const token = found?.type === tokenType ? found.data?.['token'] : undefined;
          if (token !== undefined) {
            const plain = Buffer.from(token, 'base64').toString();
            hide(plain);
            tokens.set(key, plain);
          }
          objects.set(key, found && withoutContents({ ...found, ...referTo(reference), metadata: found.metadata }));
        }),
      );
      return {
        get(reference) {
          const key = keyOf(reference);
          if (!objects.has(key)) throw new TypeError(`${key} was not asked for`);
          return objects.get(key);
        },
        token: (secret) => tokens.get(keyOf(secret)),
      };
    },
    store: {
      create: (manifest) => write(manifest, () => client.create(writable(manifest))),
      patch: (live, fields) =>
        write(live, () => {
          const { resourceVersion } = live.metadata;
          const body = writable({ ...fields, metadata: { ...fields.metadata, resourceVersion } } as Manifest);
          return client.patch(body, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch);
        }),
      remove: (live) =>
        write(
          live,
          () => {
            const { uid, resourceVersion } = live.metadata;
            // while its pods end its status changes
            const isOwner = live.kind === 'DaemonSet';
            const body = isOwner
              ? { preconditions: { uid }, propagationPolicy: 'Foreground' }
              : { preconditions: { uid, resourceVersion } };
            return client.delete(writable(live), undefined, undefined, undefined, undefined, undefined, body);
          },
          404,
        ),
    },
  };
}

/** The client's types know no objects that must not be changed. */
const writable = (object: Manifest): KubernetesObject => structuredClone(object) as KubernetesObject;

const withoutContents = ({ data, stringData, ...rest }: Record<string, unknown>): LiveObject =>
  JSON.parse(JSON.stringify(rest['kind'] === 'Secret' ? rest : { ...rest, data, stringData }));

const refused = (reference: ObjectReference, cause: ApiAnswer): ProvisionError =>
  new ProvisionError({
    code: 'OBJECT_REFUSED',
    kind: 'cluster',
    what: `the API refuses to have ${nameObject(reference)} written`,
    why: messageIn(cause.body) ?? cause.message,
    fix:
      cause.code === 403
        ? 'Let the user of cluster.kubeconfig write it: an administrator bound to cluster-admin may.'
        : 'Run again if somebody else has written it at this moment; else delete it, and it is made anew.',
    cause,
  });
