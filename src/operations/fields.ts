import { z } from 'zod';

/** Values that several operations take, each with one meaning and one description. */
export const absolutePath = z
  .string()
  .regex(/^(\/[^/\n\0]+)+$/, 'an absolute path without a slash at its end')
  .refine((path) => !/\/\.\.?(\/|$)/.test(path), 'a path without . and ..');

export const ipv4Network = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, 'an IPv4 network such as 10.5.0.0/16');

export const fileMode = z.string().regex(/^0?[0-7]{3,4}$/, 'a mode in octal digits, in quotes, such as "0644"');

export const accountName = z.string().regex(/^([a-z_][a-z0-9_-]*\$?|\d+)$/, 'a user or group, by name or number');

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 lower-case hex digits');

/** Lines `key rest of the line`, in order. */
export const readLines = (output: string): readonly (readonly [key: string, value: string])[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const space = line.indexOf(' ');
      return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
    });

/** The value of the only line with that key, or an empty text. */
export const readField = (output: string, key: string): string =>
  readLines(output).find(([name]) => name === key)?.[1] ?? '';

export const decodeBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** What `encode_path` made of a path. */
export const decodePath = (word: string): string => (word.startsWith('/') ? word : decodeBase64(word));
