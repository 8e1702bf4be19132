import { z } from 'zod';
import { secret } from './secret.ts';

/** Where images of pods come from, and how one is brought there. */
export const imagesSchema = z.strictObject({
  registry: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._/-]*[a-z0-9])?$/, 'Not a registry')
    .meta({ examples: ['registry.example:5000'] })
    .optional()
    .describe('the registry that nodes take images of `provision` from, instead of those on the internet'),
  user: z.string().min(1).optional().describe('who pushes to it; nobody in particular if left out'),
  password: secret().optional().describe('and the password'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'certificates (PEM) of those who vouch for the registry, besides the known ones; relative to the inventory',
    ),
  plain_http: z.boolean().default(false).describe('whether it is pushed to without TLS'),
});
