import { createHash } from 'node:crypto';
import { isMap } from '../is-map.ts';
import type { Manifest } from './manifest.ts';

/** On the pods of a template, the digest of itself and the ConfigMaps that it mounts: a pod says which one it was made of, and with another text they roll. */
export const configDigestAnnotation = 'provision/config-digest';

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isMap(inner) ? inner[key] : undefined), value);

/** Manifests with that annotation on each pod template that mounts a ConfigMap among them. */
export const withConfigDigests = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.map((manifest) => {
    const digest = digestFor(manifest, manifests);
    if (digest === undefined) return manifest;
    const spec = manifest['spec'] as Record<string, unknown>;
    const template = spec['template'] as Record<string, unknown>;
    const metadata = at(template, 'metadata') as Record<string, unknown> | undefined;
    const annotations = { ...(at(metadata, 'annotations') as object | undefined), [configDigestAnnotation]: digest };
    return { ...manifest, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } };
  });

function digestFor(manifest: Manifest, all: readonly Manifest[]): string | undefined {
  const volumes = at(manifest, 'spec', 'template', 'spec', 'volumes');
  if (!Array.isArray(volumes)) return undefined;
  const names = volumes.map((volume) => at(volume, 'configMap', 'name'));
  const mounted = all.filter(
    ({ kind, metadata }) =>
      kind === 'ConfigMap' && metadata.namespace === manifest.metadata.namespace && names.includes(metadata.name),
  );
  if (mounted.length === 0) return undefined;
  const texts = mounted.map((one) => [one.metadata.name, one['data'] ?? {}]);
  const text = JSON.stringify([texts, at(manifest, 'spec', 'template')]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The digest that pods of this manifest have; undefined where they mount nothing of it. */
export const configDigestOf = (manifest: Manifest): string | undefined => {
  const digest = at(manifest, 'spec', 'template', 'metadata', 'annotations', configDigestAnnotation);
  return typeof digest === 'string' ? digest : undefined;
};
