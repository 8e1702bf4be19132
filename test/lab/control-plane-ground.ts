import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { searchHost } from './marked-secrets.ts';
import { eventually, kubectl, on } from './read-hosts.ts';
import { watchRun } from './run-roll.ts';
import type { Run, ToldEvent } from './run-up.ts';

/** The control-plane host that is lost, and the one whose controller-manager leads. */
export const lostReplica = 'cp2';
export const leading = 'cp1';

export const unit = 'kube-controller-manager.service';
export const shared = ['ca.pem', 'ca-key.pem', 'service-account-key.pem'];

/** Runs `rebuild --node cp2 --yes`, and shows its events as they come. */
export const rebuildReplica = (
  lab: Lab,
  options: readonly string[] = [],
  { inventory = lab.inventoryPath, onEvent = (_: ToldEvent): void => {} } = {},
): Promise<Run> =>
  watchRun(['rebuild', inventory, '--node', lostReplica, '--yes', ...options], { folder: lab.folder }, onEvent);

/** The host whose controller-manager leads, by the Lease. */
export const leaderOf = async (lab: Lab): Promise<string> =>
  (
    await kubectl(
      lab,
      ...['-n', 'kube-system', 'get', 'lease', 'kube-controller-manager', '-o', 'jsonpath={.spec.holderIdentity}'],
    )
  ).split('_')[0] ?? '';

export const leads = (lab: Lab, host: string): Promise<void> =>
  eventually(`${host} leads`, 90, async () => {
    const leader = await leaderOf(lab);
    return leader === host || leader;
  });

/** The digests of what controller-managers share. */
export const sharedDigests = (lab: Lab, host: string): Promise<string> =>
  on(lab, host, `cd /opt/k8s/ssl && sha256sum ${shared.join(' ')}`);

/** Lines of private keys as they stand in the files, and as base64 writes the files. */
export function tracesOf(lab: Lab): readonly string[] {
  const keys = shared.filter((name) => name.endsWith('-key.pem'));
  return keys.flatMap((name) => {
    const text = readFileSync(join(lab.folder, 'ssl', name), 'utf8');
    const encoded = Buffer.from(text).toString('base64');
    const body = text.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
    return [...body.slice(0, 3), encoded.slice(60, 120)];
  });
}

/** Nothing of these keys is in what a run said, in its records here and on hosts, or in their journals and process lists. */
export async function expectUntold(lab: Lab, { stdout, stderr }: Run, traces: readonly string[]): Promise<void> {
  const runs = join(lab.folder, '.provision');
  const records = readdirSync(runs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  for (const text of [stdout, stderr, ...records]) expect(traces.filter((trace) => text.includes(trace))).toEqual([]);
  for (const host of [leading, lostReplica])
    expect(await on(lab, host, searchHost(['/var/lib/provision', '/var/log', '/tmp', '/run', '/root'], traces))).toBe(
      '',
    );
}
