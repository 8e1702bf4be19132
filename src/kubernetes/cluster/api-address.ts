import { ProvisionError } from '../../errors.ts';

/** Names and addresses by which a machine means itself. */
const itself = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])$/;

/** Whether an address means another machine on each that uses it. */
const isLocal = (url: string): boolean => URL.canParse(url) && itself.test(new URL(url).hostname);

/** Whether nodes find the API where the kubeconfig has it; an address of their own may be said for some of them. */
export function checkApiAddress(
  server: string | undefined,
  hosts: readonly { readonly host: string; readonly apiServer?: string | undefined }[],
): ProvisionError[] {
  const without = hosts.filter(({ apiServer }) => apiServer === undefined).map(({ host }) => host);
  if (server === undefined || !isLocal(server) || without.length === 0) return [];
  return [
    new ProvisionError({
      code: 'API_SERVER_LOCAL',
      kind: 'config',
      what: `the kubeconfig has the API server at ${server}, which on a node is that node itself`,
      why: `a flanneld asks the API from its own host: ${without.join(', ')}`,
      fix: 'Set network.flannel.api_server to the address that the kubelets of these nodes use.',
    }),
  ];
}
