import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, invocationOf, on } from '../lab/read-hosts.ts';
import { readRun, runUp, startCommand } from '../lab/run-up.ts';
import { beginAgain, settle, told } from '../lab/settle.ts';
import { halfWritten, wholeState } from '../lab/whole-state.ts';

/** The archive of plugins. */
const archiveBytes = 20_600_000;
const node = 'node1';

/** A copy of a folder on a file system of its own without a free byte, in the folder's place. */
const fill = (folder: string): string => `mkdir -p ${folder} /mnt/full
mount -t tmpfs -o size=160m none /mnt/full && cp -a ${folder}/. /mnt/full/ && mount --bind /mnt/full ${folder} && umount /mnt/full
dd if=/dev/zero of=${folder}/.fill bs=4k 2>/dev/null; dd if=/dev/zero of=${folder}/.fill2 bs=1 2>/dev/null; df ${folder} | grep -q '100%'`;

const fullDisks = [
  { folder: '/etc', drift: '/etc/cni/net.d/10-flannel.conflist', names: '/etc/cni/net.d/10-flannel.conflist' },
  { folder: '/opt/cni', drift: '/opt/cni/bin/bridge', names: '/opt/cni/bin' },
  { folder: '/var/lib/provision', drift: '/etc/provision/static-routes/config', names: '/var/lib/provision/' },
] as const;

/** Resets SSH connections once half of the archive has come through, not this one before; some seconds later the way is free again. */
const cutHalfWay = `cat >/run/cut.sh <<'END'
rule='-p tcp --dport 22 -j REJECT --reject-with tcp-reset'
pass='-p tcp --dport 22 -m quota --quota ${archiveBytes / 2} -j ACCEPT'
iptables -w -I INPUT 1 $pass && iptables -w -I INPUT 2 $rule
until iptables -w -nvxL INPUT | awk '/reject-with/ && $1 > 0 { cut = 1 } END { exit !cut }'; do sleep 0.2; done
sleep 10
iptables -w -D INPUT $rule; iptables -w -D INPUT $pass
END
systemd-run --unit=cut sh /run/cut.sh; sleep 1`;

describeOwnLab(
  'faults',
  1,
  (lab) => {
    beforeAll(() => settle(lab()));

    describe('a disk without a free byte', () => {
      test.each(fullDisks)(
        'under $folder: the error names the place, the old file stays',
        async ({ folder, drift, names }) => {
          await on(lab(), node, `echo '# drifted' >>${drift}`);
          const see = `cat ${drift} | sha256sum; find /etc /opt/cni /var/lib/provision -name '*provision-new' -o -name '*.part*' -o -name '.provision-stage*'; systemctl is-active kubelet containerd`;
          const before = await on(lab(), node, see);
          await on(lab(), node, fill(folder));
          try {
            const run = await runUp(lab().inventoryPath);
            expect(run.code, told(run)).toBe(4);
            expect(run.failures.map(({ host, error }) => [host, error.code])).toEqual([[node, 'TASK_FAILED']]);
            expect(run.failures[0]?.error.why).toMatch(/No space left on device/);
            expect(run.failures[0]?.error.why).toContain(names);
            expect(await on(lab(), node, see)).toBe(before);
          } finally {
            await on(lab(), node, `rm -f ${folder}/.fill ${folder}/.fill2; umount -l ${folder}`);
          }
          const again = await runUp(lab().inventoryPath);
          expect(again.code, told(again)).toBe(0);
          expect(again.changed.map((one) => one.split(':')[0])).toEqual([node]);
        },
      );
    });

    test('a connection cut while the archive is sent: the next run sends only the rest', async () => {
      const received = async () => Number(await on(lab(), node, 'cat /sys/class/net/eth0/statistics/rx_bytes'));
      await on(lab(), node, `rm -rf /var/lib/provision/archives /var/lib/provision/cache; ${cutHalfWay}`);
      const run = await runUp(lab().inventoryPath);
      expect(run.code, told(run)).toBe(3);
      expect(run.failures.map(({ host }) => host)).toEqual([node]);
      await eventually(
        'SSH is let in again',
        60,
        async () => (await lab().exec(node, 'systemctl is-active cut')).code === 3,
      );
      const part = Number(await on(lab(), node, 'cat /var/lib/provision/cache/*.part | wc -c'));
      expect(part).toBeGreaterThan(archiveBytes / 3);

      const before = await received();
      const again = await runUp(lab().inventoryPath);
      expect(again.code, told(again)).toBe(0);
      expect(again.summary(node).uploads).toBe(1);
      expect((await received()) - before).toBeLessThan(archiveBytes - part + 2_000_000);
      expect(await on(lab(), node, 'ls /var/lib/provision/cache')).toMatch(/^[0-9a-f]{64}$/);
    });

    test('a power cut in the middle of an apply: the next run ends where an undisturbed one does', async () => {
      const whole = await wholeState(lab());
      await beginAgain(lab());
      const { child, outcome } = startCommand(['up', lab().inventoryPath, '--output', 'json']);
      let isCut: Promise<void> | undefined;
      createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
        const event = JSON.parse(line);
        if (event.type === 'task-started' && event.host === node && /plugins/.test(event.task))
          isCut ??= lab().cut(node);
      });
      const run = readRun(await outcome);
      await isCut;
      expect(run.codes, told(run)).toContain('CONNECTION_LOST');
      await lab().start(node);
      const again = await runUp(lab().inventoryPath);
      expect(again.code, told(again)).toBe(0);
      const state = await wholeState(lab());
      expect(state).toEqual(whole);
      for (const lines of Object.values(state))
        expect(lines.filter((line) => halfWritten.test(line.split(' ')[0] ?? ''))).toEqual([]);
      expect(await invocationOf(lab(), node, 'kubelet')).toMatch(/NRestarts=0/);
    });
  },
  { controlPlanes: 1 },
);
