import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CertificateRequestState } from '../../src/kubernetes/cluster/certificate-requests.ts';
import type { ClusterApi } from '../../src/kubernetes/cluster/cluster.ts';
import { bootstrapToken } from '../../src/operations/cluster/bootstrap-token.ts';
import { nodeCertificates, whyRefused } from '../../src/operations/cluster/node-certificates.ts';
import type { ClusterDeps, ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import { digest } from '../../src/operations/files/managed-file.ts';
import { bootstrapKubeconfig } from '../../src/operations/kubelet/bootstrap-kubeconfig.ts';
import { base64, changesOf } from './case.ts';

const token = 'abcdef.0123456789abcdef';
const request = readFileSync(new URL('../identity/node1-request.pem', import.meta.url), 'utf8');
const asked = (more: Partial<CertificateRequestState> = {}): CertificateRequestState => ({
  name: 'csr-1',
  user: 'system:bootstrap:abcdef',
  request,
  usages: ['digital signature', 'client auth'],
  signer: 'kubernetes.io/kube-apiserver-client-kubelet',
  isApproved: false,
  isDenied: false,
  isIssued: false,
  ...more,
});

test.each<[string, Partial<CertificateRequestState>, readonly string[], RegExp | undefined]>([
  ['of a node of the batch', {}, ['node1'], undefined],
  ['before signers had names', { signer: undefined }, ['node1'], undefined],
  ['of another node', {}, ['node2', 'node10'], /subject is O=system:nodes, CN=system:node:node1/],
  ['of nobody', { request: 'nothing' }, ['node1'], /not to be read/],
  ['for a server', { usages: ['client auth', 'server auth'] }, ['node1'], /usages/],
  ['for nothing', { usages: [] }, ['node1'], /usages/],
  ['of another signer', { signer: 'kubernetes.io/kube-apiserver-client' }, ['node1'], /signer/],
])('a request %s', async (_name, more, nodes, why) => {
  const found = await whyRefused(asked(more), nodes);
  if (why === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(why);
});

const wish = {
  kubeconfig: '/conf/kubeconfig',
  bootstrap_kubeconfig: '/conf/bootstrap',
  content: 'with a token\n',
  cert_dir: '/pki',
  unit: 'kubelet.service',
  common_name: 'system:node:node1',
  organization: 'system:nodes',
};

test('a kubelet without a good certificate begins anew, once', () => {
  expect(changesOf(bootstrapKubeconfig, wish, 'now 1\nkind absent\npair /pki/kubelet-client-current.pem\n')).toEqual([
    '/pki/kubelet-client-current.pem: remove',
    '/conf/bootstrap: write, with a token: it has no kubeconfig',
    'kubelet.service: restart, so that it asks for a certificate',
  ]);
  const begun = `now 1\nkind absent\nbootstrap ${digest(wish.content)}\n`;
  expect(changesOf(bootstrapKubeconfig, wish, begun)).toEqual([]);
  // another run has another token
  expect(changesOf(bootstrapKubeconfig, { ...wish, content: 'with another\n' }, begun)).toHaveLength(2);
  const stale = `now 1\nkind file\nmode 600 root:root\ntext ${base64('kind: Config\n')}\n`;
  expect(changesOf(bootstrapKubeconfig, wish, stale)[0]).toBe('/conf/kubeconfig: remove');
});

/** A batch of one host that is about to ask. */
function batch(requests: readonly CertificateRequestState[]) {
  const log: string[] = [];
  const endings: (() => Promise<void>)[] = [];
  const facts = parseFacts(
    'now 1700000100 100\nunit Id=kubelet.service\nunit ActiveState=active\nunit ExecMainStartTimestampMonotonic=20000000\n',
  );
  const desired = bootstrapKubeconfig.schema.parse(wish);
  const look = {
    operation: 'bootstrap_kubeconfig',
    desired,
    actual: bootstrapKubeconfig.parse('kind absent\n', desired),
  };
  let seen = [...requests];
  const view = {
    snapshot: { nodes: [{ name: 'node1', leaseAt: 1_700_000_050, heartbeatAt: 0 }], leader: undefined },
    hosts: [{ name: 'host1', nodeName: 'node1', facts }],
    looks: new Map([['host1', [look]]]),
  } as unknown as ClusterView;
  const api = {
    bootstrapTokens: {
      create: async (id: string) => void log.push(`token ${id}`),
      removeOurs: async () => void log.push('no token'),
    },
    certificateRequests: {
      list: async () => seen,
      async approve(name: string) {
        log.push(`approve ${name}`);
        seen = seen.map((one) => (one.name === name ? { ...one, isApproved: true, isIssued: true } : one));
      },
    },
  } as unknown as ClusterApi;
  const deps = {
    api,
    isAlone: true,
    atEnd: (work: () => Promise<void>) => endings.push(work),
    look: async () => view,
    lastLines: async () => 'last words',
    progress() {},
  } as unknown as ClusterDeps;
  return { view, deps, log, endings };
}

test('the token of a dead run goes first, ours at the end of the run', async () => {
  const { view, deps, log, endings } = batch([]);
  await bootstrapToken.apply(deps, view, { token });
  for (const work of endings) await work();
  expect(log).toEqual(['no token', 'token abcdef', 'no token']);
});

test('no token where no kubelet asks', () => {
  const { view } = batch([]);
  expect(bootstrapToken.diff(view, { token })).toHaveLength(1);
  expect(bootstrapToken.diff({ ...view, looks: new Map() }, { token })).toEqual([]);
});

const certificates = { token, unit: 'kubelet.service', timeout_seconds: 5 };

test('a request of the token is approved, those of others are not looked at', async () => {
  const { view, deps, log } = batch([asked(), asked({ name: 'csr-2', user: 'system:bootstrap:others' })]);
  await nodeCertificates.apply(deps, view, certificates);
  expect(log).toEqual(['approve csr-1', 'no token']);
});

test('a request for somebody else ends the run, and is not approved', async () => {
  const { view, deps, log } = batch([asked({ usages: ['server auth'] })]);
  await expect(nodeCertificates.apply(deps, view, certificates)).rejects.toMatchObject({ code: 'REQUEST_UNEXPECTED' });
  expect(log).toEqual([]);
});

test('a kubelet that does not ask is named, with its last words', async () => {
  const { view, deps } = batch([]);
  const wait = nodeCertificates.apply(deps, view, { ...certificates, timeout_seconds: 1 });
  await expect(wait).rejects.toMatchObject({ code: 'CERTIFICATE_MISSING', why: 'last words' });
});
