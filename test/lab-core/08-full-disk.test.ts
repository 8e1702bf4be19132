import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { on } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

/** The 20 MB archive fits into neither of them; what is unpacked takes 70 MB. */
const places = [
  { what: 'the cache', folder: '/var/lib/provision/cache', size: '4m', code: 'UPLOAD_FAILED' },
  { what: 'the folder of the plugins', folder: '/opt/cni', size: '24m', code: 'TASK_FAILED' },
] as const;

describeLab('a full disk', (lab) => {
  const drop = 'rm -rf /var/lib/provision/archives /var/lib/provision/cache/*';

  beforeAll(() => settle(lab));
  afterAll(() => settle(lab));

  test.each(places)(
    'under $what of one node: that node fails, with nothing half-written',
    async ({ folder, size, code }) => {
      for (const node of ['node1', 'node2']) await on(lab, node, drop);
      await on(
        lab,
        'node2',
        `mkdir -p ${folder}; mount -t tmpfs -o size=${size} none ${folder}
mkdir -p ${folder}/bin; echo '#!/bin/sh' >${folder}/bin/bridge; chmod 755 ${folder}/bin/bridge; echo foreign >${folder}/bin/foreign`,
      );
      const see = `cd ${folder} && find . -printf '%p %s %i\\n' | sort; sha256sum bin/*; find /opt/cni /var/lib/provision/cache -name '*.part*' -o -name '.*provision*'`;
      const before = await on(lab, 'node2', see);
      const run = await runUp(lab.inventoryPath);
      try {
        expect(
          run.failures.map(({ host, error }) => [host, error.code]),
          told(run),
        ).toEqual([['node2', code]]);
        expect(run.failures[0]?.error.why).toMatch(/No space left on device/);
        expect(run.code).toBe(4);
        expect(await on(lab, 'node2', see)).toBe(before);
        expect(run.summary('node1')).toMatchObject({ failed: 0, changed: 1, uploads: 1 });
      } finally {
        await on(lab, 'node2', `umount ${folder}`);
      }
      const again = await runUp(lab.inventoryPath);
      expect(again.code, told(again)).toBe(0);
      expect(again.summary('node2')).toMatchObject({ failed: 0, changed: 1 });
      await on(lab, 'node2', 'cd /opt/cni/bin && test -x bridge -a -x flannel');
    },
  );
});
