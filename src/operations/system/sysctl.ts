import { z } from 'zod';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, readLines } from '../fields.ts';
import { digest, fileChanges, parseFile, publicFile, putFile, type SeenFile, seeFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  values: z
    .record(
      z.string().regex(/^[a-z0-9_]+([./][A-Za-z0-9_:-]+)+$/, 'a kernel parameter such as net.ipv4.ip_forward'),
      z.union([z.string(), z.number()]).transform(String),
    )
    .describe('kernel parameters and their values'),
  file: absolutePath.default('/etc/sysctl.d/90-provision.conf').describe('where they are kept for the next boot'),
});

interface Actual {
  readonly file: SeenFile;
  /** By key; null where the kernel has no such parameter (yet). */
  readonly values: ReadonlyMap<string, string | null>;
}

const swapped: Readonly<Record<string, string>> = { '.': '/', '/': '.' };
/** As sysctl(8) reads names: dots are slashes, and slashes dots. */
const procPath = (key: string): string => `/proc/sys/${key.replace(/[./]/g, (sign) => swapped[sign] ?? sign)}`;
const plain = (value: string): string => value.trim().replace(/\s+/g, ' ');
const persisted = (desired: z.output<typeof schema>): string =>
  Object.entries(desired.values)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');

/** Kernel parameters, now and after the next boot. */
export const sysctl = defineOperation({
  name: 'sysctl',
  summary: 'kernel parameters, now and after the next boot',
  schema,
  probe: (desired) =>
    joinScripts([
      seeFile(desired.file, persisted(desired)),
      ...Object.keys(desired.values).map(
        (key) => sh`[ ! -e ${procPath(key)} ] || printf '%s %s\n' ${key} "$(tr '\n\t' '  ' <${procPath(key)})"`,
      ),
    ]),
  parse(output, desired): Actual {
    const [first = '', ...rest] = output.split('\n');
    const found = new Map(readLines(rest.join('\n')));
    return {
      file: parseFile(first),
      values: new Map(
        Object.keys(desired.values).map((key) => [key, found.has(key) ? plain(found.get(key) ?? '') : null]),
      ),
    };
  },
  diff: (actual, desired) => [
    ...fileChanges(actual.file, publicFile(desired.file, persisted(desired))),
    ...Object.entries(desired.values)
      .filter(([key, value]) => actual.values.get(key) !== plain(value))
      .map(([key, value]) => ({ subject: key, action: `${actual.values.get(key) ?? '(not there yet)'} → ${value}` })),
  ],
  apply: (desired, actual) =>
    joinScripts([
      putFile(publicFile(desired.file, persisted(desired))),
      ...Object.entries(desired.values)
        .filter(([key, value]) => actual.values.get(key) !== plain(value))
        .map(
          ([key, value]) => sh`[ -e ${procPath(key)} ] ||
  fail SYSCTL_UNKNOWN ${`this kernel has no ${key}`} 'load the module it belongs to, or take it out of the list'
printf '%s\n' ${value} >${procPath(key)}`,
        ),
    ]),
  undo: (actual, desired) =>
    joinScripts([
      sh`restore ${desired.file}`,
      ...[...actual.values].flatMap(([key, value]) =>
        value === null || value === plain(desired.values[key] ?? '')
          ? []
          : [sh`printf '%s\n' ${value} >${procPath(key)}`],
      ),
    ]),
  writes: (desired) => [{ path: desired.file, sha256: digest(persisted(desired)) }],
});
