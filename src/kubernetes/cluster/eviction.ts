import type { CoreV1Api } from '@kubernetes/client-node';
import type { PodState } from './cluster.ts';
import { causesIn, messageIn } from './status-message.ts';

/** policy/v1 since 1.22, policy/v1beta1 before; the API says itself which one pods/eviction takes. */
async function findVersion(core: CoreV1Api): Promise<string> {
  const { resources } = await core.getAPIResources();
  const { group = 'policy', version = 'v1' } = resources.find(({ name }) => name === 'pods/eviction') ?? {};
  return `${group}/${version}`;
}

/** Answers that are not about this eviction: the API server, or what is before it, is not well. */
const unwell: readonly number[] = [502, 503, 504];

/**
 * Evicts this very pod, not another one of its name; gives back why not where the API refuses it: a PodDisruptionBudget
 * for now, two of them for one pod, or a lack of rights. A pod that is gone counts as evicted.
 */
export function openEvictions(core: CoreV1Api): (pod: PodState) => Promise<string | undefined> {
  let known: Promise<string> | undefined;
  const version = (): Promise<string> => {
    known ??= findVersion(core).catch((cause: unknown) => {
      known = undefined;
      throw cause;
    });
    return known;
  };
  return async ({ namespace, name, uid }) => {
    const metadata = { name, namespace };
    const body = { apiVersion: await version(), kind: 'Eviction', metadata, deleteOptions: { preconditions: { uid } } };
    try {
      await core.createNamespacedPodEviction({ namespace, name, body });
      return undefined;
    } catch (cause) {
      const { code, body: answer } = cause as { code?: number; body?: unknown };
      // 409: the pod of this name is another one by now
      if (code === 404 || code === 409) return undefined;
      if (typeof code !== 'number' || unwell.includes(code)) throw cause;
      return sayRefusal(code, answer);
    }
  };
}

/** A budget that forbids it is named by a cause; without one, 429 says that the API server has too much to do. */
export const sayRefusal = (code: number, answer: unknown): string =>
  causesIn(answer).join('; ') || (messageIn(answer) ?? `the API answers ${code}`);
