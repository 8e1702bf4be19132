import { expect, test } from 'vitest';
import { readKubeconfigUser } from '../../../../src/kubernetes/identity/kubeconfig-user.ts';

const kubeconfig = (user: string) => `apiVersion: v1
clusters: [{ name: other, cluster: { server: "https://other" } }, { name: lab, cluster: { server: "https://api:6443" } }]
contexts:
- context: { cluster: lab, user: kubelet }
  name: lab
current-context: lab
users:
- name: kubelet
  user: ${user}
`;

test('a credential by files', () => {
  const user = readKubeconfigUser(kubeconfig('{ client-certificate: /pki/c.pem, client-key: /pki/k.pem }'));
  expect(user).toEqual({
    server: 'https://api:6443',
    certificate: undefined,
    certificateFile: '/pki/c.pem',
    hasKey: false,
    keyFile: '/pki/k.pem',
  });
});

test('a credential in the kubeconfig itself, without its key', () => {
  const data = Buffer.from('PEM').toString('base64');
  const user = readKubeconfigUser(kubeconfig(`{ client-certificate-data: ${data}, client-key-data: (there) }`));
  expect(user).toMatchObject({ certificate: 'PEM', certificateFile: undefined, hasKey: true });
});

test.each(['', 'a: [', '[]', 'current-context: lab\n', kubeconfig('null')])('no user in %j', (text) => {
  expect(readKubeconfigUser(text)).toBeUndefined();
});
