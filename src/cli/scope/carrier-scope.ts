import { z } from 'zod';
import type { CarrierFile } from '../image/carrier.ts';

/** The image that brings the CNI plugins; `carrier` in the scope of a task. */
export const carrierVariables = z.object({
  image: z.string(),
  pull_policy: z.string(),
  is_loaded: z.boolean().describe('whether it is loaded into the runtimes of nodes'),
  is_pushed: z.boolean().describe('whether nodes pull it from the registry it was pushed to'),
  archives: z
    .array(z.object({ path: z.string(), sha256: z.string(), names: z.array(z.string()) }))
    .describe('it as a file, as the operation images takes it'),
  plugins: z.array(z.object({ name: z.string(), sha256: z.string() })).describe('what it puts on a node'),
});

/** Null where plugins are sent to hosts. */
export function carrierScope(carrier: CarrierFile | undefined): z.output<typeof carrierVariables> | null {
  if (carrier === undefined) return null;
  const { image, path, sha256, plugins, isPushed } = carrier;
  return {
    image: image.name,
    // a name that no registry answers to, or one of somebody else
    pull_policy: isPushed ? 'IfNotPresent' : 'Never',
    is_loaded: !isPushed,
    is_pushed: isPushed,
    archives: [{ path, sha256, names: [image.name] }],
    plugins,
  };
}
