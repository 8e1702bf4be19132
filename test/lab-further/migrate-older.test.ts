import { beforeAll, expect, test } from 'vitest';
import { oldRange } from '../lab/etcd-flannel-ground.ts';
import { etcdKeys, putEtcdKey, speakOlderApi } from '../lab/etcd-ground.ts';
import { type MigrationGround, prepareMigration } from '../lab/migration-ground.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { on } from '../lab/read-hosts.ts';
import { runMigration, undoMigration } from '../lab/run-migration.ts';
import type { Run } from '../lab/run-up.ts';
import { nodeNames, told } from '../lab/settle.ts';

/** Of a flannel that was tried by the other API, and of somebody else. */
const tried = '/coreos.com/network/config';
const besides = '/coreos.com/network-of-others';

describeOwnLab(
  'from docker0 and an older flannel with etcd to VXLAN',
  0,
  (lab) => {
    const keysOf = async () => ({ v2: await etcdKeys(lab(), 'v2'), v3: await etcdKeys(lab(), 'v3') });
    let ground: MigrationGround;
    let run: Run;
    let keys: Awaited<ReturnType<typeof keysOf>>;

    beforeAll(async () => {
      await speakOlderApi(lab());
      ground = await prepareMigration(lab(), { from: 'host-gw', api: 'v2', to: 'vxlan' });
      await putEtcdKey(lab(), 'v3', tried, '{"Network":"172.31.0.0/16"}');
      for (const api of ['v2', 'v3'] as const) await putEtcdKey(lab(), api, `${besides}/config`, api);
      keys = await keysOf();
    });

    test('before: flannel has its network and a range of each node by the v2 API', () => {
      expect(JSON.parse(keys.v2['/coreos.com/network/config'] ?? '{}')).toMatchObject({
        Network: oldRange,
        Backend: { Type: 'host-gw' },
      });
      const ranges = Object.keys(keys.v2).filter((key) => key.includes('/subnets/172.30.'));
      expect(ranges).toHaveLength(nodeNames(lab()).length);
      expect(Object.keys(keys.v3)).toEqual([tried]);
    });

    test('--purge is refused by the plan where etcd cannot be asked; without it nobody has to ask', async () => {
      const [first = ''] = nodeNames(lab());
      await on(lab(), first, 'mv /var/lib/flannel/etcd-key.pem /var/lib/flannel/etcd-key.away');
      const options = ['--plan', '--delete-bare-pods'];
      const refused = await runMigration(ground.inventory('whole'), ...options, '--purge');
      expect(refused.codes, told(refused)).toEqual(['ETCD_UNREACHED']);
      const without = await runMigration(ground.inventory('whole'), ...options);
      expect(without.code, told(without)).toBe(2);
      await on(lab(), first, 'mv /var/lib/flannel/etcd-key.away /var/lib/flannel/etcd-key.pem');
    });

    test('as a whole with --purge, under requests between pods: none is lost, and etcd has no key of it by either API', async () => {
      await ground.clients.flows(120);
      const since = ground.clients.now();
      run = await runMigration(ground.inventory('whole'), '--yes', '--delete-bare-pods', '--purge');
      expect(run.code, told(run)).toBe(0);
      ground.report('migrated from 0.17.0', since);
      await ground.expectNew();
      expect(await keysOf()).toEqual({ v2: {}, v3: {} });
      for (const api of ['v2', 'v3'] as const)
        expect(await etcdKeys(lab(), api, besides)).toEqual({ [`${besides}/config`]: api });
      await ground.holds();
    });

    test('taken back: pods on the old range, its keys with their values, and flanneld goes by them', async () => {
      const undone = await undoMigration(ground.inventory('whole'), run);
      expect(undone.code, told(undone)).toBe(0);
      await ground.expectOld();
      expect(await keysOf()).toEqual(keys);
      await ground.clients.flows(120);
      await ground.holds();
    });
  },
  { dockershimNodes: 2, controlPlanes: 1, flannel: '0.17.0' },
);
