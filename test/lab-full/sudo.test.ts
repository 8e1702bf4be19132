import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { must } from '../../src/lab/execute.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { describeOwnLab } from '../lab/own-lab.ts';
import { allReady, on } from '../lab/read-hosts.ts';
import { readRun, runCommand, runUp } from '../lab/run-up.ts';
import { namesOf, nodeNames, told } from '../lab/settle.ts';
import { repositoryFolder } from '../lab/shared-lab.ts';

const deploy = { ansible_user: 'deploy', ansible_become: true, ansible_become_password: 'deploy' };
const ops = { ansible_user: 'ops', ansible_become: true };

/** Makes a host a control machine: Node, the program as it is, and the lab's inventory with the host as `local`. */
async function moveIn(lab: Lab, host: string, address: string, login: typeof ops): Promise<void> {
  await runCommand(['--version']); // builds the bundle where sources are newer
  const folder = mkdtempSync(join(tmpdir(), 'provision-on-host-'));
  try {
    for (const part of ['dist', 'playbooks', 'templates', 'package.json'])
      cpSync(join(repositoryFolder, part), join(folder, part), { recursive: true });
    for (const file of ['id_ed25519', 'known_hosts', 'admin.kubeconfig', 'artifacts'])
      cpSync(join(lab.folder, file), join(folder, file), { recursive: true });
    const inventory = parse(readFileSync(lab.inventoryPath, 'utf8'));
    Object.assign(inventory.all.vars, login);
    inventory.all.children.nodes.hosts[host] = { ansible_connection: 'local', ansible_host: address };
    writeFileSync(join(folder, 'inventory.yaml'), stringify(inventory));
    cpSync(process.execPath, join(folder, 'node'));
    const unpack = `rm -rf /opt/tool; mkdir /opt/tool; tar x -C /opt/tool; chown -R ${login.ansible_user}: /opt/tool`;
    const send = `tar c -C "$0" . | ssh "$@" '${unpack}'`;
    await must('bash', ['-c', send, folder, ...lab.sshArguments(host)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describeOwnLab('sudo with a password', 2, (lab) => {
  test('is enough for a first run', async () => {
    const run = await runUp(writeInventory(lab(), 'deploy', ({ all }) => Object.assign(all.vars, deploy)));
    expect(run.code, told(run)).toBe(0);
    for (const node of nodeNames(lab())) expect(run.summary(node)).toMatchObject({ uploads: 1, failed: 0 });
    await allReady(lab(), nodeNames(lab()));
    expect(await on(lab(), 'node1', 'find /opt/cni/bin /etc/cni /var/lib/provision ! -user root | head -3')).toBe('');
  });

  test('leaves nothing to do for root', async () => {
    const run = await runUp(lab().inventoryPath);
    expect(run.changed, told(run)).toEqual([]);
    for (const host of namesOf(lab())) expect(run.summary(host)).toMatchObject({ commands: 2 });
  });

  test.each([
    ['deploy', deploy],
    ['ops', ops],
    ['root', deploy],
  ])('a host can be its own control machine, run by %s', async (user, login) => {
    const { address } = lab().host('node1');
    await moveIn(lab(), 'node1', address, login);
    await on(lab(), 'node1', 'rm /opt/cni/bin/portmap; rm -rf /var/lib/provision/cache');
    const command = `cd /opt/tool && ./node dist/main.js up inventory.yaml --output json --limit node1`;
    const outcome = await lab().exec('node1', `runuser -u ${user} -- sh -c '${command}'`);
    const run = readRun(outcome);
    expect(run.code, told(run)).toBe(0);
    expect(run.changed).toEqual(['node1: The CNI plugins are in place']);
    expect(run.summary('node1')).toMatchObject({ uploads: 1, failed: 0 });
    await on(lab(), 'node1', 'test -x /opt/cni/bin/portmap');
  });
});
