import { z } from 'zod';

/** How many hosts at once: a number, or a part like "25%". */
export const batchSize = z.union([
  z.int().min(1),
  z
    .string()
    .regex(/^(100|[1-9]\d?)%$/, 'Not a batch size')
    .meta({ examples: ['25%'] })
    .transform((text) => text as `${number}%`),
]);

/** One value, or a list of them; read as a list. */
export const oneOrMore = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([schema.transform((one) => [one]), z.array(schema).min(1)]);
