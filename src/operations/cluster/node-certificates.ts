import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { CertificateRequestState } from '../../kubernetes/cluster/certificate-requests.ts';
import { type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { askingHosts, tokenField } from './bootstrap-token.ts';

const schema = z.strictObject({
  token: tokenField,
  unit: z.string().describe("the kubelet's unit"),
  timeout_seconds: z.number().int().positive().default(120).describe('how long a kubelet may take to ask'),
});

const signer = 'kubernetes.io/kube-apiserver-client-kubelet';
const allowedUsages = ['digital signature', 'key encipherment', 'client auth'];
const recheckMs = 1000;

/** What is wrong with a request of the token's owner; undefined for one that a kubelet of these Nodes has to make. */
export async function whyRefused(
  asked: CertificateRequestState,
  nodes: readonly string[],
): Promise<string | undefined> {
  // what reads certificates costs every start a tenth of a second
  const { readSubject } = await import('../../kubernetes/identity/read-request.ts');
  const { subject = [] } = readSubject(asked.request) ?? {};
  const isNode = nodes.some((node) => subject.join() === `O=system:nodes,CN=system:node:${node}`);
  if (!isNode) return `its subject is ${subject.join(', ') || 'not to be read'}`;
  const { usages } = asked;
  if (!usages.includes('client auth') || usages.some((one) => !allowedUsages.includes(one)))
    return `its usages are ${usages.join(', ')}`;
  if (asked.signer !== undefined && asked.signer !== signer) return `its signer is ${asked.signer}`;
  return undefined;
}

/** Nodes whose present kubelet has shown the API a certificate of its own. */
const connected = (view: ClusterView, nodes: readonly string[], unit: string): readonly string[] =>
  nodes.filter((name) => {
    const node = view.snapshot.nodes.find((one) => one.name === name);
    const startedAt = view.hosts.find((host) => host.nodeName === name)?.facts.units.get(unit)?.startedAt ?? 0;
    return node !== undefined && Math.max(node.leaseAt, node.heartbeatAt) > startedAt && startedAt > 0;
  });

/** Kubelets that ask with the token get their certificates: requests for their own Nodes are approved, all others refused. */
export const nodeCertificates = defineClusterOperation({
  scope: 'cluster',
  name: 'node_certificates',
  summary: 'kubelets that asked with the token have their certificates; requests for anything else are not approved',
  schema,
  countsAsChange: true,
  irreversible: 'a certificate is good until it ends',
  diff: (view) =>
    askingHosts(view).map(({ nodeName }) => ({
      subject: `Node ${nodeName}`,
      action: 'its kubelet gets the certificate it asks for',
    })),
  async apply(deps, first, { token, unit, timeout_seconds }) {
    const { api, progress } = deps;
    const nodes = askingHosts(first).flatMap(({ nodeName }) => nodeName ?? []);
    const user = `system:bootstrap:${token.split('.')[0]}`;
    const deadline = Date.now() + timeout_seconds * 1000;
    for (;;) {
      const asked = (await api.certificateRequests.list()).filter((one) => one.user === user);
      for (const one of asked) {
        const why = await whyRefused(one, nodes);
        if (why !== undefined) throw unexpected(one, why);
        if (!one.isApproved && !one.isDenied)
          await api.certificateRequests.approve(one.name, 'asked for with a token that provision made for this node');
      }
      const view = await deps.look();
      const there = asked.some((one) => one.isIssued) ? connected(view, nodes, unit) : [];
      if (there.length === nodes.length) break;
      progress(`${there.length} of ${nodes.length} kubelets have their certificate`);
      if (Date.now() > deadline) throw await missing(nodes, there, asked, timeout_seconds, words(first, unit));
      await new Promise((resolve) => setTimeout(resolve, recheckMs));
    }
    await api.bootstrapTokens.removeOurs();
    return `${nodes.join(', ')} ${nodes.length === 1 ? 'has its certificate' : 'have their certificates'}`;

    function words(view: ClusterView, ofUnit: string): Promise<string> {
      const [host] = askingHosts(view);
      return host ? deps.lastLines(host.name, ofUnit) : Promise.resolve('');
    }
  },
});

const unexpected = ({ name }: CertificateRequestState, why: string): ProvisionError =>
  new ProvisionError({
    code: 'REQUEST_UNEXPECTED',
    kind: 'cluster',
    what: `somebody has asked for another certificate with the token of this run: ${name}`,
    why,
    fix: `See who: kubectl get csr ${name} -o yaml. It was not approved, and the token is gone; delete the request, and see that --hostname-override of the kubelet is the Node's name.`,
  });

async function missing(
  nodes: readonly string[],
  there: readonly string[],
  asked: readonly CertificateRequestState[],
  seconds: number,
  words: Promise<string>,
): Promise<ProvisionError> {
  const late = nodes.filter((name) => !there.includes(name));
  const unsigned = asked.filter((one) => !one.isIssued);
  return new ProvisionError({
    code: 'CERTIFICATE_MISSING',
    kind: 'cluster',
    what: `no certificate after ${seconds} s: ${late.join(', ')}`,
    why: unsigned.length > 0 ? `approved and not signed: ${unsigned.map(({ name }) => name).join(', ')}` : await words,
    fix:
      unsigned.length > 0
        ? 'See that a controller-manager leads, with --cluster-signing-cert-file and --cluster-signing-key-file.'
        : 'See that the API servers have --enable-bootstrap-token-auth, and the kubelet --bootstrap-kubeconfig.',
  });
}
