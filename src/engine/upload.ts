import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { ProvisionError } from '../errors.ts';
import { cacheFolder } from '../operations/facts.ts';
import type { Artifact } from '../operations/operation.ts';
import { quote } from '../shell.ts';
import type { Host } from './host.ts';

/** Bytes per second below which an upload is given up. */
const slowestRate = 20_000;

/**
 * Appends standard input to the partial file if it still has the size we saw, checks the sum, and only then gives it its name.
 * An offset of 0 starts over. A full disk leaves nothing behind; a cut leaves the part, for the next try to go on from.
 */
function receiveCommand(sha256: string, offset: number, size: number): string {
  const file = `${cacheFolder}/${sha256}`;
  const script = [
    'umask 077',
    `mkdir -p ${cacheFolder}`,
    `exec 9>>${file}.lock; flock -w 30 9 || { echo another upload of this file is under way >&2; exit 1; }`,
    `[ -f ${file} ] && exit 0`,
    ...(offset === 0 ? [`rm -f ${file}.part`] : []),
    `have=$(wc -c 2>/dev/null <${file}.part); [ "\${have:-0}" -eq ${offset} ] || { echo the part on the host has another size >&2; exit 1; }`,
    `cat >>${file}.part || { rm -f ${file}.part ${file}.lock; exit 1; }`,
    `[ "$(wc -c <${file}.part)" -ge ${size} ] || { echo it ended too early >&2; exit 1; }`,
    `sum=$(sha256sum <${file}.part); [ "\${sum%% *}" = ${sha256} ] || { rm -f ${file}.part ${file}.lock; echo the sum on the host is "\${sum%% *}" >&2; exit 1; }`,
    `mv ${file}.part ${file} && rm -f ${file}.lock`,
  ].join('; ');
  return `sh -c ${quote(script)}`;
}

/** Brings an artifact into the host's cache unless it is there; goes on where a cut upload stopped. Throws UPLOAD_FAILED. */
export async function upload(
  host: Host,
  artifact: Artifact,
  onProgress: (sentBytes: number, totalBytes: number) => void,
): Promise<void> {
  const { size } = await stat(artifact.path).catch((cause) => {
    throw unreadable(artifact, cause);
  });
  if (host.facts.cache.get(artifact.sha256) === size) return;
  const part = host.facts.cache.get(`${artifact.sha256}.part`) ?? 0;
  const offset = part > size ? 0 : part;
  let sentBytes = offset;
  async function* read(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of createReadStream(artifact.path, { start: offset, highWaterMark: 256 * 1024 })) {
        sentBytes += chunk.length;
        onProgress(sentBytes, size);
        yield chunk;
      }
    } catch (cause) {
      throw unreadable(artifact, cause as Error);
    }
  }
  const content = Readable.from(read(), { objectMode: false });
  const timeoutMs = 60_000 + (1000 * (size - offset)) / slowestRate;
  const result = await host.transport.send(receiveCommand(artifact.sha256, offset, size), content, { timeoutMs });
  if (result.code !== 0) {
    throw new ProvisionError({
      code: 'UPLOAD_FAILED',
      kind: 'operation',
      what: `${basename(artifact.path)} could not be stored on ${host.name}`,
      why: result.stderr.trim() || `exit status ${result.code}`,
      fix: `Make room in ${cacheFolder} on ${host.name}, or see what it says above; then run again.`,
    });
  }
}

const unreadable = (artifact: Artifact, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'ARTIFACT_UNREADABLE',
    kind: 'config',
    what: `${artifact.path} cannot be read`,
    why: cause.message,
    fix: 'Put the file there, or correct its path in the inventory.',
    cause,
  });
