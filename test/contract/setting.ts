import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { composeTrip, readTrip, type TripItem, type TripOptions, type TripResult } from '../../src/engine/trip.ts';
import { prelude } from '../../src/operations/prelude.ts';
import { connectSsh } from '../../src/transport/ssh.ts';
import type { SshOptions } from '../../src/transport/ssh-connection.ts';
import type { SshTarget } from '../../src/transport/ssh-target.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { canMakeHosts, makeHost, type PrivateHost, thisMachine } from './private-host.ts';
import { type KeyPair, makeKey, type SshServer, startSshServer } from './ssh-server.ts';

const clientKey = makeKey('ed25519');
const serverKey = makeKey('ed25519');

/** A host behind an SSH server, with a client key and a known_hosts file that knows it; gone after the test. */
export interface Setting {
  readonly host: PrivateHost;
  readonly server: SshServer;
  readonly folder: string;
  readonly hostKeys: readonly KeyPair[];
  readonly target: SshTarget;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readKnownHosts(): string;
  writeKnownHosts(text: string): void;
  connect(options?: Partial<SshOptions>, target?: Partial<SshTarget>): Promise<Transport>;
}

export const knownHostsLine = (port: number, key: KeyPair): string => `[127.0.0.1]:${port} ${key.public}\n`;

export async function setUp(
  options: { host?: Parameters<typeof makeHost>[0]; hostKeys?: readonly KeyPair[] } = {},
): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'provision-contract-'));
  const host = canMakeHosts ? await makeHost(options.host) : thisMachine(join(folder, 'host'));
  const hostKeys = options.hostKeys ?? [serverKey];
  const server = await startSshServer(host, { host: hostKeys, client: clientKey });
  const transports: Transport[] = [];
  onTestFinished(async () => {
    for (const transport of transports) transport.close();
    await server.close();
    await host.close();
    rmSync(folder, { recursive: true });
  });
  const [keyFile, knownHostsFile] = [join(folder, 'id'), join(folder, 'known_hosts')];
  const target: SshTarget = {
    name: host.name,
    address: '127.0.0.1',
    port: server.port,
    user: 'root',
    identities: [{ file: keyFile, namedBy: 'inventory' }],
    identitiesOnly: false,
    knownHostsFiles: [knownHostsFile],
  };
  writeFileSync(keyFile, clientKey.private, { mode: 0o600 });
  const writeKnownHosts = (text: string) => writeFileSync(knownHostsFile, text);
  writeKnownHosts(hostKeys.map((key) => knownHostsLine(server.port, key)).join(''));
  return {
    host,
    server,
    folder,
    hostKeys,
    target,
    keyFile,
    knownHostsFile,
    writeKnownHosts,
    readKnownHosts: () => readFileSync(knownHostsFile, 'utf8'),
    async connect(overrides = {}, otherTarget = {}) {
      const transport = await connectSsh(
        { ...target, ...otherTarget },
        {
          connectTimeoutMs: 10_000,
          acceptNewHostKeys: false,
          attempts: 1,
          ...overrides,
        },
      );
      transports.push(transport);
      return transport;
    },
  };
}

export const newTrip = (overrides: Partial<TripOptions> = {}): TripOptions => ({
  nonce: randomBytes(12).toString('hex'),
  prelude: prelude.source,
  environment: {},
  ...overrides,
});

export const item = (source: string, overrides: Partial<TripItem> = {}): TripItem => ({
  id: source,
  source,
  timeoutSeconds: 20,
  kind: 'probe',
  ...overrides,
});

/** One command with these scripts, read back. */
export async function travel(
  transport: Transport,
  items: readonly TripItem[],
  overrides: Partial<TripOptions> = {},
): Promise<TripResult> {
  const trip = newTrip(overrides);
  const result = await transport.run(composeTrip(items, trip), { timeoutMs: 30_000 });
  return readTrip(result.stdout, items, trip.nonce);
}
