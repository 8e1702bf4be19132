import { expect } from 'vitest';
import { must } from '../../src/lab/execute.ts';
import type { Lab } from '../../src/lab/lab.ts';
import { kubectl, on } from './read-hosts.ts';
import type { ToldEvent } from './run-up.ts';

interface Token {
  /** ID.SECRET. */
  readonly token: string;
  readonly minutesLeft: number;
}

interface Secret {
  readonly type: string;
  readonly data: Readonly<Record<'token-id' | 'token-secret' | 'expiration', string>>;
}

async function tokens(lab: Lab): Promise<readonly Token[]> {
  const secrets: readonly Secret[] = JSON.parse(
    await kubectl(lab, '-n', 'kube-system', 'get', 'secrets', '-o', 'json'),
  ).items;
  return secrets
    .filter(({ type }) => type === 'bootstrap.kubernetes.io/token')
    .map(({ data }) => {
      const text = (key: keyof Secret['data']): string => Buffer.from(data[key], 'base64').toString();
      return {
        token: `${text('token-id')}.${text('token-secret')}`,
        minutesLeft: (Date.parse(text('expiration')) - Date.now()) / 60_000,
      };
    });
}

/** Whether the API takes the run's token from now on. */
export const hasToken = (event: ToldEvent): boolean =>
  event.type === 'task-finished' && /^The API takes a token/.test(event.task) && event.status === 'changed';

/** The bootstrap token that there is. */
export async function tokenOf(lab: Lab): Promise<Token> {
  const [one] = await tokens(lab);
  if (one === undefined) throw new Error('there is no bootstrap token');
  return one;
}

export const expectNoToken = async (lab: Lab): Promise<void> => expect(await tokens(lab)).toEqual([]);

const subjectOf = (node: string): string => `/O=system:nodes/CN=system:node:${node}`;

/** Asks for the certificate of a Node with the token of the run that goes on; returns the request's name. */
export async function eagerRequest(lab: Lab, node: string): Promise<string> {
  const { token } = await tokenOf(lab);
  const request = await must('openssl', [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'],
    ...['-subj', subjectOf(node)],
  ]);
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'eager' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'key encipherment', 'client auth'],
    },
  };
  await on(
    lab,
    'cp1',
    `curl -fsSk -o /dev/null -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}' \\
https://${lab.host('cp1').address}:6443/apis/certificates.k8s.io/v1/certificatesigningrequests`,
  );
  return body.metadata.name;
}

interface Request {
  readonly spec: { readonly username: string; readonly request: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}

/** Whatever was asked for with a token is for this Node, and was approved by a run, not by the cluster itself. */
export async function expectApprovedByRun(lab: Lab, node: string): Promise<void> {
  const all: readonly Request[] = JSON.parse(await kubectl(lab, 'get', 'csr', '-o', 'json')).items;
  const asked = all.filter(({ spec }) => spec.username.startsWith('system:bootstrap:'));
  const told = await Promise.all(
    asked.map(async ({ spec, status }) => {
      const input = Buffer.from(spec.request, 'base64').toString();
      const subject = await must('openssl', ['req', '-noout', '-subject', '-nameopt', 'compat'], { input });
      return { subject: subject.trim(), reasons: status.conditions?.map(({ reason }) => reason) };
    }),
  );
  expect(told).toContainEqual({
    subject: `subject=${subjectOf(node)}`,
    reasons: ['ProvisionApproved'],
  });
  expect(told.flatMap(({ reasons }) => reasons)).not.toContain('AutoApproved');
}
