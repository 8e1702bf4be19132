import { z } from 'zod';
import { withConfigDigests } from '../../kubernetes/cluster/config-digest.ts';
import { type Manifest, readManifests } from '../../kubernetes/cluster/manifest.ts';

/** Objects as YAML of one or more documents. */
export const manifestsField = z
  .string()
  .transform((text, context): readonly Manifest[] => {
    const read = readManifests(text);
    if ('manifests' in read) return withConfigDigests(read.manifests);
    context.addIssue({ code: 'custom', message: `Not a manifest: ${read.why}` });
    return z.NEVER;
  })
  .describe('the objects, as YAML of one or more documents');
