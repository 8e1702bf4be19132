import { z } from 'zod';

/** Where a secret is, when the inventory does not hold it as it is. */
export interface SecretReference {
  readonly kind: 'env' | 'file' | 'age';
  /** The name of a variable of the environment, a path, or an armored age file. */
  readonly value: string;
}

const kinds = ['env', 'file', 'age'] as const satisfies readonly SecretReference['kind'][];

const referenceSchema = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, 'Not the name of an environment variable')
      .optional(),
    file: z.string().min(1).optional(),
    age: z.string().min(1).optional(),
  })
  .transform((reference, context): SecretReference => {
    const [first, ...more] = kinds.flatMap((kind) => {
      const value = reference[kind];
      return value === undefined ? [] : [{ kind, value }];
    });
    if (first && more.length === 0) return first;
    context.addIssue({
      code: 'custom',
      message: 'A secret is a text, or one of { env: NAME }, { file: PATH }, { age: … }',
      params: { fix: 'Write one of the three, and no other one beside it.' },
    });
    return z.NEVER;
  });

/** A secret as it is, or where it is. */
export const secret = () => z.union([z.string().min(1), referenceSchema]);

/** The reference that a variable without a schema is, if it is one. */
export function asReference(value: unknown): SecretReference | undefined {
  const checked = referenceSchema.safeParse(value);
  return checked.success ? checked.data : undefined;
}
