import { createHash } from 'node:crypto';
import { ProvisionError } from '../../errors.ts';
import type { LocalFile } from './base-image.ts';
import { processorOf } from './processors.ts';
import { plainName, type ReadMember, readTar } from './tar.ts';

/** A file that a node gets. */
export interface PluginFile {
  readonly name: string;
  readonly sha256: string;
  /** For which processor it is; undefined where it does not say. */
  readonly processor: string | undefined;
}

/** What a pod network of flannel calls. */
const needed = ['bridge', 'flannel', 'host-local', 'loopback', 'portmap'];

/** The plugins in an archive, with those that have a file of their own; throws ARCHIVE_BROKEN, ARCHIVE_UNSAFE, ARCHIVE_LACKS. */
export async function readPluginFiles(archive: LocalFile, flannel?: LocalFile): Promise<readonly PluginFile[]> {
  const { path, where } = archive;
  const members = await readTar(archive.bytes).catch((cause: unknown) => {
    throw new ProvisionError({
      code: 'ARCHIVE_BROKEN',
      kind: 'config',
      what: `${path} cannot be read as an archive`,
      where,
      why: (cause as Error).message,
      fix: 'make it again and correct its sha256',
      cause,
    });
  });
  const files = new Map<string, PluginFile>();
  for (const member of members) {
    const name = plainName(member.header.name).replace(/^bin(\/|$)/, '');
    const wrong = whatIsWrong(member, name, files);
    if (wrong !== undefined)
      throw new ProvisionError({
        code: 'ARCHIVE_UNSAFE',
        kind: 'config',
        what: `the archive ${path} ${wrong}`,
        where,
        fix: 'pack it again: plain files at its top, under ./ or under bin/',
      });
    if (member.header.type === 'file') files.set(name, fileOf(name, member.content));
  }
  if (flannel) files.set('flannel', fileOf('flannel', flannel.bytes));
  const lacking = needed.filter((name) => !files.has(name));
  if (lacking.length > 0)
    throw new ProvisionError({
      code: 'ARCHIVE_LACKS',
      kind: 'config',
      what: `the archive ${path} has no ${lacking.join(', ')}, and an init container brings nothing else`,
      where,
      fix: lacking.includes('flannel')
        ? 'name the plugin flannel as artifacts.flannel_cni_plugin, or an archive that has all of them'
        : 'name an archive that has these files',
    });
  return [...files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const fileOf = (name: string, bytes: Buffer): PluginFile => ({
  name,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  processor: processorOf(bytes),
});

/** As `archive` refuses it on a host; links too, whose files a checksum does not say. */
function whatIsWrong({ header }: ReadMember, name: string, files: ReadonlyMap<string, PluginFile>): string | undefined {
  if (/^\/|(^|\/)\.\.(\/|$)/.test(header.name)) return `holds ${header.name}, which leaves the directory`;
  if (header.type === 'directory') return name === '' ? undefined : `holds ${header.name}, a directory within`;
  if (header.type !== 'file') return `holds ${header.name}, which is no plain file`;
  if (!/^[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*$/.test(name)) return `holds ${header.name}, which is not a plain file name`;
  return files.has(name) ? `holds ${name} twice` : undefined;
}
