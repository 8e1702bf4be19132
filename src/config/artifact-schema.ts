import { z } from 'zod';

export const localPath = () => z.string().min(1);

/** A local file that hosts need, by content. */
export const artifactSchema = z.strictObject({
  path: localPath().describe('a local file; relative to the inventory'),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'Not a SHA-256: expected 64 hexadecimal digits')
    .toLowerCase()
    .describe('its SHA-256, as `sha256sum` prints it'),
});

/** The same with the version that the program says of itself, which is checked before it takes its place. */
export const programSchema = (says: string) =>
  artifactSchema.extend({
    version: z
      .string()
      .regex(/^v?\d+\.\d+\.\d+\S*$/, 'Not a version')
      .meta({ examples: ['1.34.4'] })
      .describe(`its version, as \`${says}\` prints it`),
  });

/** A package of Debian, whose name says what is in it. */
export const packageSchema = artifactSchema.extend({
  path: localPath()
    .regex(
      /(^|\/)[a-z0-9][a-z0-9+.-]*_[^_/]+_[a-z0-9-]+\.deb$/,
      "Not the name of a package's file: expected NAME_VERSION_ARCHITECTURE.deb, as apt-get download makes it",
    )
    .describe('a local file called NAME_VERSION_ARCHITECTURE.deb; relative to the inventory'),
});
