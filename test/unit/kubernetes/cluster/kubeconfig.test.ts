import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCluster } from '../../../../src/kubernetes/cluster/api.ts';
import { shown } from '../../config/shown.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const file = join(temporaryFolder(), 'admin.kubeconfig');

it.each([
  [
    'users:\n- name: a\n  user:\n    client-key-data: c2VjcmV0\n   token: "b\n',
    'bad indentation of a mapping entry (5:4)',
  ],
  ['users:\n- name: a\n  user: { token: c2VjcmV0, token: c2VjcmV0 }\n', 'duplicated mapping key (3:28)'],
  ['c2VjcmV0', 'it has no current-context that leads to a cluster'],
])('says what is wrong with a kubeconfig, and nothing of what stands there', async (text, why) => {
  writeFileSync(file, text);
  const error = await openCluster(file).then(() => 'nothing was thrown', shown);
  expect(error).toContain(`✖ KUBECONFIG_INVALID\n  the kubeconfig cannot be read: ${file}\n${why}\n`);
  expect(error).not.toContain('c2VjcmV0');
});

it('says which certificate a kubeconfig names that is not there', async () => {
  const contexts =
    'contexts: [{ name: a, context: { cluster: a, user: a } }]\ncurrent-context: a\nusers: [{ name: a }]\n';
  writeFileSync(
    file,
    `${contexts}clusters: [{ name: a, cluster: { server: "https://10.0.0.1", certificate-authority: no-ca.crt } }]\n`,
  );
  const error = await openCluster(file).then(() => 'nothing was thrown', shown);
  expect(error).toContain('✖ KUBECONFIG_INVALID');
  expect(error).toContain('no-ca.crt');
});
