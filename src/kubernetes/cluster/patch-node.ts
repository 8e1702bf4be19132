import type * as Client from './client.ts';

/** Changes fields of a Node by a merge patch; the new version, undefined where the Node is no longer of the version given. */
export async function patchNode(
  k8s: typeof Client,
  core: Client.CoreV1Api,
  name: string,
  version: string,
  fields: object,
): Promise<string | undefined> {
  const { metadata = {}, ...rest } = fields as { metadata?: object };
  const body = { ...rest, metadata: { ...metadata, resourceVersion: version } };
  const asMerge = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch);
  try {
    return (await core.patchNode({ name, body }, asMerge)).metadata?.resourceVersion ?? '';
  } catch (error) {
    if ((error as { code?: number }).code === 409) return undefined;
    throw error;
  }
}
