import { beforeAll, describe, expect, test } from 'vitest';
import type { HostOperation } from '../../src/operations/operation.ts';
import { hostOperations } from '../../src/operations/registry.ts';
import { execThrough } from './exec.ts';
import { archiveSha256, lawCases, makeArchive } from './law-cases.ts';
import { rehearse } from './law-runner.ts';

/** What the file systems and the kernel show; times of reading are left out. */
const fingerprint = `find /etc /opt /var/tmp /var/lib/provision -xdev -printf '%p %i %C@ %m %u %s\\n' 2>/dev/null | sort | sha256sum
ip route show table all | sort | sha256sum; iptables-save 2>/dev/null | grep -v '^[#:]' | sha256sum
systemctl list-units --all --plain --no-legend | awk '{ print $1, $2, $3, $4 }' | grep -v -e session- -e user | sha256sum`;

const host = process.env['PROVISION_TEST_HOST'];

describe.skipIf(host === undefined)('the laws of every operation', () => {
  const exec = execThrough(host ?? '');
  let sha256 = '';

  beforeAll(async () => {
    sha256 = (await exec(makeArchive)).stdout;
  });

  const table = Object.entries(lawCases).flatMap(([name, cases]) => cases.map((one) => ({ operation: name, ...one })));

  test.each(table)('$operation: $name', async ({ operation: name, name: title, wish, arrange, clean, lasting }) => {
    const operation = hostOperations[name as keyof typeof hostOperations] as unknown as HostOperation;
    const known = JSON.parse(JSON.stringify(wish).replaceAll(archiveSha256, sha256));
    await exec(arrange ?? ':');
    try {
      const run = `laws-${name}-${title.replace(/[^a-z]/g, '-')}-${Date.now()}`;
      const { probe, diff, apply, undo } = rehearse(operation, known, exec, run);
      const promised = (actual: unknown) => (lasting === undefined ? actual : lasting(actual as never));

      const untouched = (await exec(fingerprint)).stdout;
      const before = await probe();
      expect((await exec(fingerprint)).stdout, 'probing changes nothing').toBe(untouched);
      expect(await diff(), 'the case has something to do').not.toEqual([]);

      await apply();
      expect(await diff(), 'after apply the diff is empty').toEqual([]);
      const once = await probe();
      await apply();
      expect(promised(await probe()), 'applying twice equals once').toEqual(promised(once));
      if (undo === undefined) return;
      await undo(before);
      expect(promised(await probe()), 'after undo the probe reads as before').toEqual(promised(before));
    } finally {
      await exec(clean ?? 'rm -rf /var/tmp/laws');
    }
  });
});
