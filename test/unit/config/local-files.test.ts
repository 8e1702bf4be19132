import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadInventory } from '../../../src/config/inventory.ts';
import { checkLocalFiles, keysMissing } from '../../../src/config/local-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { inventoryText, shown } from './shown.ts';

const digestOfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

function folderWith(sha256: string): { folder: string; check: () => Promise<string> } {
  const folder = temporaryFolder();
  const file = join(folder, 'inventory.yaml');
  writeFileSync(file, inventoryText().replace(/sha256: \w+/, `sha256: ${sha256}`));
  const inventory = loadInventory(file, { homeFolder: '/' });
  return {
    folder,
    check: async () => (await checkLocalFiles(inventory)).map(shown).join('\n').replaceAll(`${folder}/`, ''),
  };
}

it('names the files that are not there', async () => {
  const { check } = folderWith(digestOfHello);
  expect(await check()).toMatchInlineSnapshot(`
    "✖ KUBECONFIG_MISSING  inventory.yaml:3:28
      There is no file admin.kubeconfig
        3 |     cluster: { kubeconfig: admin.kubeconfig, pod_cidr: 10.5.0.0/16, service_cidr: 10.6.0.0/16 }
          |                            ^
      Name an administrator's kubeconfig of the cluster; a relative path counts from the inventory.
    ✖ ARTIFACT_MISSING  inventory.yaml:4:39
      There is no file cni.tgz
        4 |     artifacts: { cni_plugins: { path: cni.tgz, sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 } }
          |                                       ^
      Put the file there or correct the path; a relative path counts from the inventory."
  `);
});

it('is content with the right files, and compares their content', async () => {
  const right = folderWith(digestOfHello.toUpperCase());
  const wrong = folderWith('ab'.repeat(32));
  for (const { folder } of [right, wrong]) {
    writeFileSync(join(folder, 'admin.kubeconfig'), '');
    writeFileSync(join(folder, 'cni.tgz'), 'hello');
  }
  expect(await right.check()).toBe('');
  expect(await wrong.check()).toMatchInlineSnapshot(`
    "✖ ARTIFACT_CORRUPT  inventory.yaml:4:56
      cni.tgz is not the file the inventory means
        4 |     artifacts: { cni_plugins: { path: cni.tgz, sha256: abababababababababababababababababababababababababababababababab } }
          |                                                        ^
    expected abababababababababababababababababababababababababababababababab
    found    2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
      Get the file again, or correct sha256 if this is the file you want."
  `);
});

it('names a private key that is not there, once, and not for hosts that need none', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'inventory.yaml');
  const vars = '    ansible_ssh_private_key_file: id';
  const rest = '    odd: { vars: { ansible_private_key_file: other, ansible_connection: local }, hosts: { node2: } }';
  writeFileSync(file, inventoryText({ vars, rest }));
  const { hosts } = loadInventory(file, { homeFolder: '/' });
  expect(keysMissing(hosts).map(shown).join('\n').replaceAll(`${folder}/`, '')).toBe(
    [
      '✖ FILE_MISSING  inventory.yaml:5:35',
      '  There is no file id',
      '    5 |     ansible_ssh_private_key_file: id',
      '      |                                   ^',
      '  Put the file there or correct the path; a relative path counts from the inventory.',
    ].join('\n'),
  );
  writeFileSync(join(folder, 'id'), '');
  expect(keysMissing(hosts)).toEqual([]);
});
