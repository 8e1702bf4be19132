import { z } from 'zod';
import type { CordonMark } from './cluster.ts';

/** On a Node that a run has cordoned, or is about to. */
export const cordonAnnotation = 'provision/cordon';

const markSchema = z.object({
  run: z.string(),
  was_cordoned: z.boolean(),
  kept: z.boolean().default(false),
});

/** The mark among the annotations of a Node; one that cannot be read is none. */
export function readCordon(annotations: Readonly<Record<string, string>>): CordonMark | undefined {
  try {
    const { run, was_cordoned, kept } = markSchema.parse(JSON.parse(annotations[cordonAnnotation] ?? ''));
    return { run, wasCordoned: was_cordoned, isKept: kept };
  } catch {
    return undefined;
  }
}

/** The value of the annotation. */
export const writeCordon = ({ run, wasCordoned, isKept }: CordonMark): string =>
  JSON.stringify({ run, was_cordoned: wasCordoned, ...(isKept && { kept: true }) });
