import { createHash } from 'node:crypto';
import { ProvisionError } from '../errors.ts';
import type { DistantFiles } from '../operations/operation.ts';
import { sh } from '../shell.ts';
import type { Host } from './host.ts';

type Hosts = ReadonlyMap<string, Pick<Host, 'trip'>>;

/**
 * Files of a host in base64, for another host; here they are in memory alone, and hidden from all that is shown.
 * Throws COPY_UNREADABLE, COPY_DIFFERS.
 */
export async function copyFiles(
  { host, files }: DistantFiles,
  hosts: Hosts,
  hide: (secret: string) => void,
): Promise<readonly string[]> {
  const items = files.map(({ path }, index) => {
    const source = sh`base64 -w 0 ${path}`.source;
    return { id: `copy ${index}`, kind: 'probe' as const, timeoutSeconds: 30, source };
  });
  const answers = await hosts.get(host)?.trip({ items });
  return files.map(({ path, sha256 }, index) => {
    const { code, stdout = '', stderr } = answers?.get(`copy ${index}`) ?? {};
    if (code !== 0) throw unreadable(host, path, stderr ?? 'the host was not reached');
    const content = Buffer.from(stdout, 'base64');
    if (!isPublic(content)) hide(content.toString('utf8'));
    if (createHash('sha256').update(content).digest('hex') !== sha256) throw differs(host, path);
    return content.toString('base64');
  });
}

/** Certificates alone: everybody may read them, and other files hold them as well. */
const isPublic = (content: Buffer): boolean =>
  /^(?!.*PRIVATE KEY).*-----BEGIN CERTIFICATE-----/s.test(content.toString('utf8'));

const unreadable = (host: string, path: string, why: string): ProvisionError =>
  new ProvisionError({
    code: 'COPY_UNREADABLE',
    kind: 'operation',
    what: `${host}: ${path} could not be read to be copied`,
    where: `${host}:${path}`,
    why,
    fix: 'See that the host is reached and has the file; then run again.',
  });

const differs = (host: string, path: string): ProvisionError =>
  new ProvisionError({
    code: 'COPY_DIFFERS',
    kind: 'operation',
    what: `${host}: ${path} is not what it was at the beginning of the run; nothing of it was copied`,
    where: `${host}:${path}`,
    fix: 'Run again when nobody changes it.',
  });
