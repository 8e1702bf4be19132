import type { KubeConfig, V1CertificateSigningRequest } from '@kubernetes/client-node';
import type * as Client from './client.ts';

/** A request for a certificate, as the API has it. */
export interface CertificateRequestState {
  readonly name: string;
  readonly user: string;
  /** PKCS #10, PEM. */
  readonly request: string;
  readonly usages: readonly string[];
  /** Undefined before 1.18. */
  readonly signer: string | undefined;
  readonly isApproved: boolean;
  readonly isDenied: boolean;
  readonly isIssued: boolean;
}

export interface CertificateRequests {
  list(): Promise<readonly CertificateRequestState[]>;
  /** Only what was seen is approved: one that has changed since is left. */
  approve(name: string, message: string): Promise<void>;
}

const group = 'certificates.k8s.io';

/** Of the version that the API serves: v1 since 1.19, v1beta1 before. */
export function openCertificateRequests(k8s: typeof Client, config: KubeConfig): CertificateRequests {
  const custom = config.makeApiClient(k8s.CustomObjectsApi);
  let known: Promise<string> | undefined;
  const version = (): Promise<string> => {
    known ??= findVersion(config.makeApiClient(k8s.CertificatesApi)).catch((cause: unknown) => {
      known = undefined;
      throw cause;
    });
    return known;
  };
  const all = async () => ({ group, version: await version(), plural: 'certificatesigningrequests' });
  return {
    async list() {
      const { items } = (await custom.listClusterCustomObject(await all())) as { items: V1CertificateSigningRequest[] };
      return items.map(describe);
    },
    async approve(name, message) {
      const where = { ...(await all()), name };
      const live = (await custom.getClusterCustomObject(where)) as V1CertificateSigningRequest;
      const condition = { type: 'Approved', status: 'True', reason: 'ProvisionApproved', message };
      const body = { ...live, status: { ...live.status, conditions: [...(live.status?.conditions ?? []), condition] } };
      await putApproval(
        k8s,
        config,
        `/apis/${group}/${where.version}/certificatesigningrequests/${name}/approval`,
        body,
      );
    },
  };
}

async function findVersion(api: Client.CertificatesApi): Promise<string> {
  const { preferredVersion, versions } = await api.getAPIGroup();
  const served = versions.map((one) => one.version);
  return served.includes('v1') ? 'v1' : (preferredVersion?.version ?? 'v1beta1');
}

/** The client knows this subresource in the newest version alone. */
async function putApproval(k8s: typeof Client, config: KubeConfig, path: string, body: object): Promise<void> {
  const base = new k8s.ServerConfiguration(config.getCurrentCluster()?.server ?? '', {});
  const request = base.makeRequestContext(path, k8s.HttpMethod.PUT);
  request.setHeaderParam('Content-Type', 'application/json');
  request.setBody(JSON.stringify(body));
  await config.applySecurityAuthentication(request);
  const answer = await new k8s.IsomorphicFetchHttpLibrary().send(request).toPromise();
  if (answer.httpStatusCode >= 300)
    throw new k8s.ApiException(answer.httpStatusCode, 'the approval was refused', await answer.body.text(), {});
}

const describe = ({ metadata, spec, status }: V1CertificateSigningRequest): CertificateRequestState => {
  const has = (type: string): boolean => status?.conditions?.some((one) => one.type === type) ?? false;
  return {
    name: metadata?.name ?? '',
    user: spec.username ?? '',
    request: Buffer.from(spec.request, 'base64').toString(),
    usages: spec.usages ?? [],
    signer: spec.signerName,
    isApproved: has('Approved'),
    isDenied: has('Denied'),
    isIssued: Boolean(status?.certificate),
  };
};
