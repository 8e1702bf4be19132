import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../src/lab/lab.ts';
import { artifactOf, carrierInventory, digestsIn, digestsScript, pluginDigests } from '../lab/carrier.ts';
import { flannelPods, provenOfTwo } from '../lab/daemonset-pods.ts';
import { filesScript, networkScript, unitsScript } from '../lab/host-snapshot.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { eventually, on, onEach, steadyOnEach } from '../lab/read-hosts.ts';
import { runPlan } from '../lab/run-plan.ts';
import { idOf, type Run, runUndo, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';

const snapshot = [filesScript, networkScript, unitsScript, 'exit 0'].join('\n');

/** A program that runs where a plugin is to be, an older plugin, and what the archive has not got. */
const occupy = `mkdir -p /opt/cni/bin; cp /bin/sleep /opt/cni/bin/portmap; echo older >/opt/cni/bin/bridge; echo foreign >/opt/cni/bin/foreign
systemd-run -q --unit=occupied /opt/cni/bin/portmap 1000000`;

/** The same archive with one more file in it. */
async function extended(lab: Lab, inventory: string): Promise<{ path: string; sha256: string }> {
  const folder = join(lab.folder, 'extended');
  mkdirSync(folder, { recursive: true });
  const { path = '' } = artifactOf(inventory, 'cni_plugins') ?? {};
  execFileSync('tar', ['-xzf', join(lab.folder, path), '-C', folder]);
  writeFileSync(join(folder, 'extra'), '#!/bin/sh\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(lab.folder, 'extended.tgz'), '-C', folder, '.']);
  const sha256 = createHash('sha256').update(readFileSync(join(lab.folder, 'extended.tgz')));
  return { path: './extended.tgz', sha256: sha256.digest('hex') };
}

describeOwnLab(
  'CNI plugins by init container',
  1,
  (lab) => {
    let inventory = '';
    let before: Record<string, string> = {};
    let first: Run;

    beforeAll(async () => {
      inventory = await carrierInventory(lab(), 'carrier', (vars) => {
        vars['network'] = { ...vars['network'], flannel: { version: '0.28.7', clean_cni_conf: true } };
      });
      for (const node of nodeNames(lab())) await on(lab(), node, occupy);
      before = await steadyOnEach(lab(), namesOf(lab()), snapshot);
    });

    test('a base that nothing can be unpacked with is refused before a host is asked', async () => {
      const empty = join(lab().folder, 'empty.tar');
      mkdirSync(join(lab().folder, 'nothing/bin'), { recursive: true });
      execFileSync('tar', ['-cf', empty, '-C', join(lab().folder, 'nothing'), '.']);
      const sha256 = createHash('sha256').update(readFileSync(empty)).digest('hex');
      const bad = await carrierInventory(lab(), 'bad-base', (vars) => {
        Object.assign(vars['artifacts'] ?? {}, { carrier_base: { path: './empty.tar', sha256 } });
      });
      const run = await runUp(bad);
      expect([run.code, run.codes], run.stderr).toEqual([2, ['CARRIER_BASE_UNUSABLE']]);
      expect(run.events.filter(({ type }) => type === 'host-connected')).toEqual([]);
    });

    test('the plan says what is loaded and awaited, and puts nothing anywhere', async () => {
      const plan = await runPlan(inventory);
      expect(plan.code, plan.stderr).toBe(2);
      for (const node of nodeNames(lab())) {
        expect(plan.tasks('change')).toContain(`${node}: The image with the CNI plugins is there`);
        expect(plan.tasks('change')).toContain(`${node}: What the image brings is awaited`);
      }
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
    });

    test('they come out of the image on containerd and on Docker, and pods reach each other', async () => {
      first = await runUp(inventory);
      expect(first.code, told(first)).toBe(0);
      expect(provenOfTwo(first)).toBe(2);
      const expected = pluginDigests(lab(), inventory);
      expect(Object.keys(expected)).toContain('flannel');
      for (const node of nodeNames(lab())) {
        const found = digestsIn(await on(lab(), node, digestsScript));
        expect(found).toMatchObject(expected);
        expect(Object.keys(found).toSorted()).toEqual([...Object.keys(expected), 'foreign'].toSorted());
        expect(await on(lab(), node, 'cat /opt/cni/bin/foreign; systemctl is-active occupied')).toBe('foreign\nactive');
        // no host was sent the archive, and the configuration came last
        const { sha256 = '' } = artifactOf(inventory, 'cni_plugins') ?? {};
        const sent = await on(lab(), node, `ls /var/lib/provision/cache`);
        expect(sent).not.toContain(sha256);
        const order = await on(lab(), node, 'stat -c %Z /opt/cni/bin/bridge /etc/cni/net.d/10-flannel.conflist');
        const [plugin = '', configuration = ''] = order.split('\n');
        expect(Number(plugin)).toBeLessThanOrEqual(Number(configuration));
      }
    });

    test('a second run leaves all as it is', async () => {
      const running = await flannelPods(lab());
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(run.changed).toEqual([]);
      for (const node of nodeNames(lab())) expect(run.summary(node)).toMatchObject({ commands: 2, uploads: 0 });
      expect(await flannelPods(lab())).toEqual(running);
    });

    test('a plugin that is lost or broken comes back with a new pod of that node, and of no other', async () => {
      const running = await flannelPods(lab());
      const [node = '', other = ''] = nodeNames(lab());
      await on(lab(), node, 'rm /opt/cni/bin/bridge; echo more >>/opt/cni/bin/portmap');
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
      expect(digestsIn(await on(lab(), node, digestsScript))).toMatchObject(pluginDigests(lab(), inventory));
      const anew = await flannelPods(lab());
      expect(anew[node]).not.toBe(running[node]);
      expect(anew[other]).toBe(running[other]);
      const again = await runUp(inventory);
      expect(again.changed, told(again)).toEqual([]);
    });

    test('each pod that starts puts configurations of others aside: clean_cni_conf', async () => {
      const [node = ''] = nodeNames(lab());
      await on(lab(), node, `echo '{ "name": "other", "type": "bridge" }' >/etc/cni/net.d/99-other.conf`);
      const pod = (await flannelPods(lab()))[node] ?? '';
      await lab().kubectl(['-n', 'kube-flannel', 'delete', 'pod', pod]);
      await eventually('the configuration of others is aside', 120, async () => {
        const names = await on(lab(), node, 'ls /etc/cni/net.d');
        return names === '10-flannel.conflist\n99-other.conf.aside' || names;
      });
      await on(lab(), node, 'rm /etc/cni/net.d/99-other.conf.aside');
      const run = await runUp(inventory);
      expect(run.code, told(run)).toBe(0);
    });

    test('another archive makes the pods anew, and undo brings the one of before', async () => {
      const archive = await extended(lab(), inventory);
      const other = await carrierInventory(lab(), 'extended', (vars) => {
        vars['network'] = { ...vars['network'], flannel: { version: '0.28.7', clean_cni_conf: true } };
        Object.assign(vars['artifacts'] ?? {}, { cni_plugins: archive });
      });
      const running = await flannelPods(lab());
      const run = await runUp(other);
      expect(run.code, told(run)).toBe(0);
      const anew = await flannelPods(lab());
      for (const node of nodeNames(lab())) {
        expect(anew[node]).not.toBe(running[node]);
        expect(await on(lab(), node, 'cat /opt/cni/bin/extra')).toBe('#!/bin/sh');
      }
      const back = await runUndo(idOf(run));
      expect(back.code, told(back)).toBe(0);
      for (const node of nodeNames(lab()))
        expect(await on(lab(), node, 'ls /opt/cni/bin; ls -A /opt/cni/bin | grep -c stage || :')).not.toMatch(
          /extra|^[1-9]/m,
        );
      // undo puts the DaemonSet back and does not wait for its pods
      const rollout = ['-n', 'kube-flannel', 'rollout', 'status', 'daemonset/provision-flannel', '--timeout=180s'];
      expect((await lab().kubectl(rollout)).code).toBe(0);
      const settled = await runUp(inventory);
      expect(settled.changed, told(settled)).toEqual([]);
    });

    test('the command image writes the very same file', async () => {
      const { image, file } = imageOf(lab(), inventory);
      const images = await on(lab(), nodeNames(lab())[0] ?? '', 'ctr -n k8s.io images ls -q');
      expect(images.split('\n')).toContain(image);
      const cached = join(
        import.meta.dirname,
        '../../.provision/images',
        `cni-plugins-${createHash('sha256').update(image).digest('hex').slice(0, 16)}.tar`,
      );
      expect(existsSync(cached)).toBe(true);
      expect(readFileSync(cached).equals(readFileSync(file.path))).toBe(true);
    });

    test('all that came with the first run goes when it is taken back', async () => {
      const run = await runUndo(idOf(first), '--force');
      expect(run.code, told(run)).toBe(0);
      expect(await onEach(lab(), namesOf(lab()), snapshot)).toEqual(before);
    });
  },
  { agent: 'flannel-daemonset', backend: 'vxlan', dockershimNodes: 1, controlPlanes: 1 },
);

function imageOf(lab: Lab, inventory: string) {
  const path = join(lab.folder, 'by-hand.tar');
  const program = join(import.meta.dirname, '../../provision');
  const printed = execFileSync(process.execPath, [program, 'image', inventory, '--output', path], { encoding: 'utf8' });
  const [, image = ''] = /^image +(.*)$/m.exec(printed) ?? [];
  const [, sha256 = ''] = /^sha256 +(.*)$/m.exec(printed) ?? [];
  return { image, file: { path, sha256 } };
}
