import type { z } from 'zod';
import { isMap, type Locate } from './check.ts';
import { type connectionSchema, secretVariables } from './connection.ts';
import type { Layer } from './groups.ts';
import type { SealedSecret } from './host.ts';
import { asReference } from './secret.ts';

/** The secrets of a host that stand elsewhere: those of its connection, and variables of its own that something reads. */
export function findSealed(
  connection: z.output<typeof connectionSchema>,
  values: Readonly<Record<string, unknown>>,
  reads: ReadonlySet<string>,
  locate: Locate,
  toPath: (path: string) => string,
): readonly SealedSecret[] {
  const names = [...Object.keys(secretVariables), ...[...reads].filter((name) => !(name in connection))];
  return names.flatMap((variable) => {
    const reference = asReference(values[variable]);
    if (!reference) return [];
    const { kind, value } = reference;
    const absolute = kind === 'file' ? { kind, value: toPath(value) } : reference;
    return [{ variable, reference: absolute, location: locate([variable, kind]) }];
  });
}

/** Tells of the secrets that stand in a layer as they are, also of those that are no text. */
export function hidePlainSecrets({ values }: Layer, hide: ((secret: string) => void) | undefined): void {
  for (const name of Object.keys(secretVariables)) {
    const value = values[name];
    if (typeof value === 'string' || typeof value === 'number') hide?.(String(value));
  }
  const { images } = values;
  const password = isMap(images) ? images['password'] : undefined;
  if (typeof password === 'string' || typeof password === 'number') hide?.(String(password));
}
