import { gunzipSync } from 'node:zlib';
import { extract, type Header, pack } from 'tar-stream';

/** A member of an archive that is written: a file, a link where it says where to, or a directory. */
export interface Member {
  readonly name: string;
  readonly mode: number;
  readonly content?: Buffer;
  readonly linksTo?: string;
}

export interface ReadMember {
  readonly header: Header;
  readonly content: Buffer;
}

export const isGzip = (bytes: Buffer): boolean => bytes.length > 2 && bytes.readUInt16BE() === 0x1f8b;

export const unzipped = (bytes: Buffer): Buffer => (isGzip(bytes) ? gunzipSync(bytes) : bytes);

/** The same members make the same bytes: in their order, of root, from the beginning of time. */
export async function packTar(members: readonly Member[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, mode, content, linksTo } of members) {
    const common = { name, mode, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
    if (content !== undefined) archive.entry({ ...common, type: 'file', size: content.length }, content);
    else if (linksTo !== undefined) archive.entry({ ...common, type: 'symlink', linkname: linksTo });
    else archive.entry({ ...common, type: 'directory' });
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The members of a .tar or .tgz, in their order. Throws where it is none, or only the beginning of one. */
export async function readTar(bytes: Buffer): Promise<readonly ReadMember[]> {
  const entries = extract();
  entries.end(unzipped(bytes));
  const members: ReadMember[] = [];
  for await (const entry of entries) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    members.push({ header: entry.header, content: Buffer.concat(chunks) });
  }
  return members;
}

/** Without `./` before it and `/` behind it. */
export const plainName = (name: string): string => name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '');
