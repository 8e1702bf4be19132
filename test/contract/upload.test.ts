import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Host, openHost } from '../../src/engine/host.ts';
import { upload } from '../../src/engine/upload.ts';
import { ProvisionError } from '../../src/errors.ts';
import { cacheFolder } from '../../src/operations/facts/facts.ts';
import type { Artifact } from '../../src/operations/operation.ts';
import { canMakeHosts } from './private-host.ts';
import { setUp } from './setting.ts';

const it = test.skipIf(!canMakeHosts);
const size = 1_500_000;
/** More than what receives a file takes on its way. */
const header = 4_000;

/** A host, a file to send, and what is in the host's cache. */
async function sending(options: Parameters<typeof setUp>[0] = {}) {
  const setting = await setUp(options);
  const { host, server, folder, connect } = setting;
  const content = randomBytes(size);
  const artifact = { path: join(folder, 'plugins.tgz'), sha256: createHash('sha256').update(content).digest('hex') };
  writeFileSync(artifact.path, content);
  const cache = host.path(cacheFolder);
  return {
    ...setting,
    content,
    artifact,
    cache,
    cached: () => (existsSync(cache) ? readdirSync(cache) : []),
    open: () =>
      openHost({ name: host.name, address: '127.0.0.1', outsideLimit: false, connect: () => connect() }, 'run-1', {
        units: [],
      }),
    /** Bytes that reach the host's command while this is done. */
    async received(work: () => Promise<unknown>) {
      const before = server.seen.stdinBytes;
      await work();
      return server.seen.stdinBytes - before;
    },
  };
}

const ignore = () => {};

/** A host that is not connected to again. */
const sendOnce = (host: Host, artifact: Artifact) =>
  upload({ ...host, reconnect: () => Promise.reject(lost) }, artifact, ignore);
const lost = new ProvisionError({ code: 'CONNECTION_LOST', kind: 'connection', what: 'still lost' });

it('a file arrives whole, with its progress, and is not sent again', async () => {
  const { artifact, content, cache, cached, open, received } = await sending();
  const host = await open();
  const progress: number[] = [];
  const sent = await received(() => upload(host, artifact, (bytes) => progress.push(bytes)));
  expect(sent).toBeGreaterThan(size);
  expect(sent).toBeLessThan(size + header);
  expect(progress.at(-1)).toBe(size);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(cached()).toEqual([artifact.sha256]);
  expect(readFileSync(join(cache, artifact.sha256)).equals(content)).toBe(true);
  await host.trip({ items: [] });
  expect(await received(() => upload(host, artifact, ignore))).toBe(0);
  expect(host.transport.counts.uploads).toBe(1);
});

it('a file that is not what was promised is refused and removed', async () => {
  const { artifact, cached, open } = await sending();
  writeFileSync(artifact.path, randomBytes(size));
  await expect(upload(await open(), artifact, ignore)).rejects.toMatchObject({
    code: 'UPLOAD_FAILED',
    why: expect.stringContaining('the sum on the host is'),
  });
  expect(cached()).toEqual([]);
});

it('a cut upload goes on where it stopped', async () => {
  const { artifact, content, cache, cached, open, received, server } = await sending();
  const host = await open();
  server.behaviour.cutAfterBytes = 1_000_000;
  await expect(sendOnce(host, artifact)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  await server.commandsEnded();
  server.behaviour.cutAfterBytes = undefined;
  expect(cached().sort()).toEqual([`${artifact.sha256}.lock`, `${artifact.sha256}.part`]);
  const part = statSync(join(cache, `${artifact.sha256}.part`)).size;
  expect(part).toBeGreaterThan(1_000_000 - header);
  const again = await open();
  expect(await received(() => upload(again, artifact, ignore))).toBeLessThan(size - part + header);
  expect(cached()).toEqual([artifact.sha256]);
  expect(readFileSync(join(cache, artifact.sha256)).equals(content)).toBe(true);
});

it('a cut upload goes on by itself over a new connection, and sends nothing twice', async () => {
  const { artifact, content, cache, cached, open, received, server } = await sending();
  const host = await open();
  Object.assign(server.behaviour, { cutAfterBytes: 1_000_000, cutsOnce: true });
  expect(await received(() => upload(host, artifact, ignore))).toBeLessThan(size + 20_000);
  expect(cached()).toEqual([artifact.sha256]);
  expect(readFileSync(join(cache, artifact.sha256)).equals(content)).toBe(true);
  expect(host.transport.counts).toEqual({ commands: 2, uploads: 2 });
});

it('a receiver that hears nothing any more is ended by the next try', async () => {
  const { artifact, content, cache, cached, open, host: machine } = await sending();
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, `${artifact.sha256}.part`), content.subarray(0, 1_000_000));
  const script = `cd ${cacheFolder}; exec 9>>${artifact.sha256}.lock; flock 9; echo $$ >&9; tail -c +1 >>${artifact.sha256}.part 9>&-; : >survived`;
  const silent = machine.spawn(`sh -c '${script}'`);
  const ended = once(silent, 'close');
  silent.stdout?.resume();
  silent.stderr?.resume();
  await expect.poll(() => cached()).toContain(`${artifact.sha256}.lock`);
  await upload(await open(), artifact, ignore);
  expect(cached()).toEqual([artifact.sha256]);
  expect(readFileSync(join(cache, artifact.sha256)).equals(content)).toBe(true);
  silent.stdin?.end('more');
  await ended;
  expect(cached(), 'it does nothing any more').toEqual([artifact.sha256]);
});

it.each([
  ['wrong bytes', size / 2, 2],
  ['more bytes than the file has', size + 1, 1],
  ['all bytes, wrong ones', size, 2],
])('a part with %s does not stay in the way', async (_what, bytes, tries) => {
  const { artifact, cache, cached, open } = await sending();
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, `${artifact.sha256}.part`), randomBytes(bytes));
  for (let attempt = 1; attempt < tries; attempt += 1) {
    await expect(upload(await open(), artifact, ignore)).rejects.toMatchObject({ code: 'UPLOAD_FAILED' });
    expect(cached()).toEqual([]);
  }
  await upload(await open(), artifact, ignore);
  expect(cached()).toEqual([artifact.sha256]);
});

it('two uploads of one file at once both succeed', async () => {
  const { artifact, content, cache, cached, open } = await sending();
  const hosts = await Promise.all([open(), open()]);
  await Promise.all(hosts.map((host) => upload(host, artifact, ignore)));
  expect(cached()).toEqual([artifact.sha256]);
  expect(readFileSync(join(cache, artifact.sha256)).equals(content)).toBe(true);
});

it('a full disk leaves nothing', async () => {
  const { artifact, cached, open } = await sending({ host: { size: '1m' } });
  await expect(upload(await open(), artifact, ignore)).rejects.toMatchObject({
    code: 'UPLOAD_FAILED',
    why: expect.stringMatching(/no space/i),
    fix: expect.stringContaining('Make room'),
  });
  expect(cached()).toEqual([]);
});

it('a file that is gone is an error that names it', async () => {
  const { artifact, open } = await sending();
  const host = await open();
  rmSync(artifact.path);
  await expect(upload(host, artifact, ignore)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
});

it('a file that cannot be read is an error that names it, and the host is left as it was', async () => {
  const { artifact, cached, open } = await sending();
  const host = await open();
  rmSync(artifact.path);
  mkdirSync(artifact.path);
  await expect(upload(host, artifact, ignore)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
  expect(cached().filter((name) => name === artifact.sha256)).toEqual([]);
});
