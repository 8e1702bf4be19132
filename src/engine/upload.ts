import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { ProvisionError } from '../errors.ts';
import { cacheFolder } from '../operations/facts/facts.ts';
import type { Artifact } from '../operations/operation.ts';
import type { Host } from './host.ts';

/** Bytes per second below which an upload is given up. */
const slowestRate = 20_000;

/** Milliseconds that another upload of the same file may take before it is given up. */
const othersMs = 120_000;

/**
 * Appends what is new of standard input to the partial file, which may have grown since we saw it, checks the sum, and only
 * then gives it its name. An offset of 0 starts over. A full disk leaves nothing behind; a cut leaves the part, for the next
 * try to go on from. Where the network fell silent, the receiver of an earlier try waits for more: one whose part has not
 * grown for ten seconds is ended, and the part becomes another file so that it can add nothing any more.
 */
function receiveCommand(sha256: string, offset: number, size: number): string {
  const file = `${cacheFolder}/${sha256}`;
  return [
    'umask 077',
    `mkdir -p ${cacheFolder}`,
    `exec 9>>${file}.lock; tries=0; seen=`,
    `while ! flock -w 10 9; do tries=$((tries+1)); [ $tries -lt ${othersMs / 10_000} ] || { echo another upload of this file is under way >&2; exit 1; }; now=$(wc -c 2>/dev/null <${file}.part); [ "$now" != "$seen" ] || { kill "$(tail -n 1 ${file}.lock)"; cp -p ${file}.part ${file}.copy && mv ${file}.copy ${file}.part; }; seen=$now; done`,
    'echo $$ >&9',
    `[ -f ${file} ] && exit 0`,
    ...(offset === 0 ? [`rm -f ${file}.part`] : []),
    `have=$(wc -c 2>/dev/null <${file}.part); have=\${have:-0}; [ "$have" -ge ${offset} ] || { echo the part on the host has another size >&2; exit 1; }`,
    `tail -c +$((have-${offset}+1)) >>${file}.part 9>&- || { rm -f ${file}.part ${file}.lock; exit 1; }`,
    `[ "$(wc -c <${file}.part)" -ge ${size} ] || { echo it ended too early >&2; exit 1; }`,
    `sum=$(sha256sum <${file}.part); [ "\${sum%% *}" = ${sha256} ] || { rm -f ${file}.part ${file}.lock; echo the sum on the host is "\${sum%% *}" >&2; exit 1; }`,
    `sync ${file}.part; mv ${file}.part ${file} && rm -f ${file}.lock`,
  ].join('; ');
}

/** What of an artifact is not yet in the host's cache; undefined when all of it is. Throws ARTIFACT_UNREADABLE. */
export async function missingPart(
  host: Host,
  artifact: Artifact,
): Promise<{ readonly size: number; readonly offset: number } | undefined> {
  const { size } = await stat(artifact.path).catch((cause) => {
    throw unreadable(artifact, cause);
  });
  if (host.facts.cache.get(artifact.sha256) === size) return undefined;
  const part = host.facts.cache.get(`${artifact.sha256}.part`) ?? 0;
  return { size, offset: part > size ? 0 : part };
}

type OnProgress = (sentBytes: number, totalBytes: number) => void;

/**
 * Brings an artifact into the host's cache unless it is there; goes on where a cut upload stopped, once within the same run.
 * Throws UPLOAD_FAILED.
 */
export async function upload(host: Host, artifact: Artifact, onProgress: OnProgress): Promise<void> {
  try {
    await sendRest(host, artifact, onProgress);
  } catch (error) {
    if (!(error instanceof ProvisionError) || error.code !== 'CONNECTION_LOST') throw error;
    await host.reconnect();
    await sendRest(host, artifact, onProgress);
  }
}

async function sendRest(host: Host, artifact: Artifact, onProgress: OnProgress): Promise<void> {
  const missing = await missingPart(host, artifact);
  if (missing === undefined) return;
  const { size, offset } = missing;
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
  const timeoutMs = othersMs + 60_000 + (1000 * (size - offset)) / slowestRate;
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
