import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory, writeInventoryText } from '../lab/inventories.ts';
import { diskOf, on, onEach } from '../lab/read-hosts.ts';
import { type Run, runCommand, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, settle, told } from '../lab/settle.ts';

describeLab('what is refused before anything is touched', (lab) => {
  const disks = async (hosts = namesOf(lab)) =>
    Object.fromEntries(await Promise.all(hosts.map(async (host) => [host, await diskOf(lab, host)] as const)));

  /** The run fails with this code, and these hosts have on their disks what they had. */
  async function expectRefusal(inventory: string, code: string, exitCode: number, hosts = namesOf(lab)): Promise<Run> {
    const before = await disks(hosts);
    const run = await runUp(inventory);
    expect(run.codes, told(run)).toContain(code);
    expect(run.code).toBe(exitCode);
    expect(await disks(hosts)).toEqual(before);
    return run;
  }

  beforeAll(async () => {
    await settle(lab);
  });
  // Something is missing everywhere, so that a run that goes on has something to write.
  beforeEach(async () => {
    await onEach(lab, nodeNames(lab), 'rm -f /opt/cni/bin/portmap');
    await onEach(lab, ['cp1', 'cp2'], 'rm -f /etc/provision/static-routes/peers');
  });
  afterAll(() => settle(lab));

  test('a wrong checksum, with its place and a caret', async () => {
    const wrong = 'a'.repeat(64);
    const inventory = writeInventoryText(lab, 'sum', (text) => text.replace(/sha256: \w+/, `sha256: ${wrong}`));
    const lines = readFileSync(inventory, 'utf8').split('\n');
    const line = lines.findIndex((one) => one.includes(wrong));
    const column = (lines[line] ?? '').indexOf(wrong);
    await expectRefusal(inventory, 'ARTIFACT_CORRUPT', 2);
    const run = await runCommand(['up', inventory]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`${basename(inventory)}:${line + 1}:${column + 1}`);
    const shown = run.stderr.split('\n');
    const caret = shown.findIndex((one) => /^\s*\|\s*\^/.test(one));
    expect(shown[caret]?.indexOf('^')).toBe(shown[caret - 1]?.indexOf(wrong));
  });

  test('an artifact that is not there', async () => {
    const inventory = writeInventory(lab, 'no-artifact', ({ all }) => {
      all.vars['artifacts'] = { cni_plugins: { path: './nowhere.tgz', sha256: 'a'.repeat(64) } };
    });
    await expectRefusal(inventory, 'ARTIFACT_MISSING', 2);
  });

  test('a pod range that overlaps the service range', async () => {
    const inventory = writeInventory(lab, 'overlap', ({ all }) => {
      Object.assign(all.vars['cluster'] ?? {}, { service_cidr: '10.5.128.0/17' });
    });
    await expectRefusal(inventory, 'RANGES_OVERLAP', 2);
  });

  test('another pod range than the Nodes have', async () => {
    const inventory = writeInventory(lab, 'other-range', ({ all }) => {
      Object.assign(all.vars['cluster'] ?? {}, { pod_cidr: '10.99.0.0/16' });
    });
    await expectRefusal(inventory, 'CLUSTER_RANGE_CHANGED', 5);
  });

  test("another network in flannel's net-conf.json", async () => {
    await on(
      lab,
      'node1',
      `mkdir -p /etc/kube-flannel; echo '{"Network":"10.244.0.0/16","Backend":{"Type":"host-gw"}}' >/etc/kube-flannel/net-conf.json`,
    );
    try {
      const run = await expectRefusal(lab.inventoryPath, 'RANGES_DISAGREE', 5);
      expect(told(run)).toContain('10.244.0.0/16');
    } finally {
      await on(lab, 'node1', 'rm -r /etc/kube-flannel');
    }
  });

  // there is no swap to be had here: a file over /proc/swaps is what host and kubelet would read
  test('swap that the kubelet would not start with, and a cgroup driver that is not the one of containerd', async () => {
    const inventory = writeInventory(lab, 'cgroups', ({ all }) => {
      all.vars['kubelet'] = { config: { cgroupDriver: 'systemd', failSwapOn: true } };
    });
    await on(
      lab,
      'node1',
      `printf 'Filename Type Size Used Priority\n/swapfile file 1048572 0 -2\n' >/run/swaps; mount --bind /run/swaps /proc/swaps`,
    );
    try {
      const run = await expectRefusal(inventory, 'SWAP_ON', 4);
      const codesOf = (name: string) => run.failures.filter(({ host }) => host === name).map(({ error }) => error.code);
      expect(codesOf('node1')).toEqual(['SWAP_ON', 'CGROUP_DRIVERS_DIFFER']);
      // a kubelet of today asks containerd 2 which driver it has
      const asks = (await on(lab, 'node2', 'containerd --version')).match(/ v?2\.\d/) !== null;
      expect(codesOf('node2')).toEqual(asks ? [] : ['CGROUP_DRIVERS_DIFFER']);
      const differs = run.failures.find(({ error }) => error.code === 'CGROUP_DRIVERS_DIFFER')?.error;
      expect(differs?.why).toContain('kubelet: cgroupDriver: systemd in kubelet.config of the inventory');
      expect(differs?.why).toContain('/etc/containerd/config.toml, which means cgroupfs');
      expect(differs?.fix).toContain('write `kubelet: { config: { cgroupDriver: cgroupfs } }`');
    } finally {
      await on(lab, 'node1', 'umount /proc/swaps; rm /run/swaps');
    }
  });

  test('a host whose key nobody has accepted', async () => {
    const known = readFileSync(lab.knownHostsPath, 'utf8').split('\n');
    const address = lab.host('node2').address;
    writeFileSync(
      join(lab.folder, 'test-known_hosts'),
      known.filter((line) => !line.startsWith(`${address} `)).join('\n'),
    );
    const inventory = writeInventory(lab, 'unknown-host', ({ all }) => {
      Object.assign(all.vars, { ssh_known_hosts_file: './test-known_hosts' });
    });
    const run = await expectRefusal(inventory, 'HOST_KEY_UNKNOWN', 3, ['node2']);
    expect(run.failures.map(({ host }) => host)).toEqual(['node2']);
  });

  test('a key that the hosts do not know', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs1', format: 'pem' });
    writeFileSync(join(lab.folder, 'test-key'), pem, { mode: 0o600 });
    const inventory = writeInventory(lab, 'refused-key', ({ all }) => {
      Object.assign(all.vars, { ansible_ssh_private_key_file: './test-key' });
    });
    const run = await expectRefusal(inventory, 'LOGIN_REFUSED', 3);
    expect(run.failures.map(({ host }) => host).sort()).toEqual(namesOf(lab));
  });

  test('a controller-manager that runs as a static pod', async () => {
    const unit = '/etc/systemd/system/kube-controller-manager.service';
    const manifest = '/etc/kubernetes/manifests/kube-controller-manager.yaml';
    await on(
      lab,
      'cp2',
      `mkdir -p /etc/kubernetes/manifests /root/aside
printf 'kind: Pod\\nmetadata: { name: kube-controller-manager, namespace: kube-system }\\n' >${manifest}
systemctl stop kube-controller-manager; mv ${unit} ${unit}.d /root/aside/; systemctl daemon-reload`,
    );
    try {
      const run = await expectRefusal(lab.inventoryPath, 'STATIC_POD', 4);
      expect(told(run)).toContain(manifest);
    } finally {
      await on(
        lab,
        'cp2',
        `rm -r /etc/kubernetes; mv /root/aside/* /etc/systemd/system/; systemctl daemon-reload; systemctl start kube-controller-manager`,
      );
    }
  });
});
