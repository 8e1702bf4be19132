import type { CoreV1Api, CoreV1Event } from '@kubernetes/client-node';

/** An event of the type Warning. */
export interface Warning {
  /** As `FailedCreatePodSandBox`. */
  readonly reason: string;
  readonly message: string;
}

/** The series of an event goes on after it was made. */
const lastSeenAt = ({ series, lastTimestamp, eventTime, metadata }: CoreV1Event): number =>
  Math.max(
    ...[series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp].map((time) =>
      time ? new Date(time).getTime() : 0,
    ),
  );

/** Gives the Warning that was last told of a pod; undefined where there is none. */
export const openWarnings =
  (core: CoreV1Api) =>
  async (namespace: string, uid: string): Promise<Warning | undefined> => {
    const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
    const { items } = await core.listNamespacedEvent({ namespace, fieldSelector });
    const last = items.toSorted((a, b) => lastSeenAt(a) - lastSeenAt(b)).at(-1);
    return last && { reason: last.reason ?? '', message: (last.message ?? '').replaceAll(/\s+/g, ' ').trim() };
  };
