import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Inventory } from '../../config/host.ts';
import type { Authority } from '../../engine/authority.ts';
import { ProvisionError } from '../../errors.ts';

const signBytes = promisify(sign) as unknown as (hash: string, bytes: Uint8Array, key: KeyObject) => Promise<Buffer>;

/** The CA of an inventory, or what is wrong with its local files; the key is read again for each signature and kept nowhere. */
export async function openAuthority(
  inventory: Inventory,
): Promise<{ readonly authority?: Authority; readonly mistakes: readonly ProvisionError[] }> {
  const { ca, ca_on_host: onHost } = inventory.settings.identity;
  if (!inventory.hosts.some(({ settings }) => settings.identity.method === 'ca')) return { mistakes: [] };
  if (onHost) {
    const { host, certificate: certificateFile, key: keyFile } = onHost;
    return { authority: { host, certificateFile, keyFile }, mistakes: [] };
  }
  if (ca === undefined) return { mistakes: [] };
  const wrong = (file: 'certificate' | 'key', why: string): ProvisionError =>
    new ProvisionError({
      code: 'CA_FILE_UNREADABLE',
      kind: 'config',
      what: `The ${file} of the CA cannot be used: ${ca[file]}`,
      where: inventory.locate(['identity', 'ca', file]),
      why,
      fix: 'Name certificate and key of the CA, in PEM and without a passphrase; a relative path counts from the inventory.',
    });
  const certificate = await attempt(async () => new X509Certificate(await readFile(ca.certificate)));
  const key = await attempt(async () => createPrivateKey(await readFile(ca.key)));
  const mistakes = [
    ...('why' in certificate ? [wrong('certificate', certificate.why)] : []),
    ...('why' in key ? [wrong('key', key.why)] : []),
  ];
  if ('why' in certificate || 'why' in key) return { mistakes };
  if (!certificate.value.checkPrivateKey(key.value))
    return { mistakes: [wrong('key', 'it is not that of the certificate')] };
  return {
    authority: {
      certificate: certificate.value.toString(),
      sign: async (bytes) => signBytes('sha256', bytes, createPrivateKey(await readFile(ca.key))),
    },
    mistakes: [],
  };
}

async function attempt<Value>(
  read: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly why: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}
