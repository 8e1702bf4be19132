import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execute } from '../../src/lab/execute.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { hostOperations } from '../../src/operations/registry.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { on } from '../lab/read-hosts.ts';
import { settle } from '../lab/settle.ts';
import {
  archiveSha256,
  imageSha256,
  lawCases,
  makeArchive,
  makeImage,
  makePackage,
  packageSha256,
} from './law-cases.ts';
import { rehearse } from './law-runner.ts';

/** What the file systems and the kernel show; times of reading are left out, and IPv6, which sets itself up when an interface is new. */
const fingerprint = `find /etc /opt /var/tmp /var/lib/provision -xdev -printf '%p %i %C@ %m %u %s\\n' 2>/dev/null | sort | sha256sum
ip -4 route show table all | sort | sha256sum; ip -d -o link show type vxlan | sha256sum
ip -4 neigh show nud permanent | sort | sha256sum; bridge fdb show | grep -v '^33:33:' | sort | sha256sum; iptables-save 2>/dev/null | grep -v '^[#:]' | sha256sum
systemctl list-units --all --plain --no-legend | awk '{ print $1, $2, $3, $4 }' | grep -v -e session- -e user | sha256sum`;

/** What else writes on this host by itself is stopped meanwhile. */
const host = 'cp2';
const others = 'provision-static-routes.timer provision-static-routes.service kube-controller-manager.service';

describeLab('the laws of every operation', (lab) => {
  // One connection for all of it: there are hundreds of scripts.
  const shared = ['ControlMaster=auto', 'ControlPersist=10', `ControlPath=${join(tmpdir(), 'provision-laws-%C')}`];
  const exec = (script: string) =>
    execute('ssh', [...shared.flatMap((option) => ['-o', option]), ...lab.sshArguments(host), 'sh -s'], {
      input: script,
    });
  const made = new Map<string, string>();

  beforeAll(async () => {
    await on(lab, host, `systemctl stop ${others}; rm -rf /var/tmp/laws /etc/provision /usr/local/lib/provision`);
    await on(
      lab,
      host,
      `rm -f /etc/systemd/system/provision-static-routes.*; systemctl daemon-reload; ip route flush proto 157`,
    );
    for (const [name, make] of [
      [archiveSha256, makeArchive],
      [packageSha256, makePackage],
      [imageSha256, makeImage],
    ] as const)
      made.set(name, await on(lab, host, make));
  });
  afterAll(async () => {
    await on(lab, host, 'systemctl start kube-controller-manager.service');
    await settle(lab);
  });

  const table = Object.entries(lawCases).flatMap(([name, cases]) => cases.map((one) => ({ operation: name, ...one })));

  test.each(table)(
    '$operation: $name',
    async ({ operation: name, name: title, wish, arrange, clean, lasting, hasNothingToDo }) => {
      const operation = hostOperations[name as keyof typeof hostOperations] as unknown as HostOperation;
      const known = JSON.parse(
        [...made].reduce((text, [name, sha256]) => text.replaceAll(name, sha256), JSON.stringify(wish)),
      );
      await exec(arrange ?? ':');
      try {
        const run = `laws-${name}-${title.replace(/[^a-z]/g, '-')}-${Date.now()}`;
        const { probe, diff, apply, undo } = rehearse(operation, known, exec, run);
        const promised = (actual: unknown) => (lasting === undefined ? actual : lasting(actual as never));

        const untouched = (await exec(fingerprint)).stdout;
        const before = await probe();
        expect((await exec(fingerprint)).stdout, 'probing changes nothing').toBe(untouched);
        if (!hasNothingToDo) expect(await diff(), 'the case has something to do').not.toEqual([]);

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
    },
  );
});
