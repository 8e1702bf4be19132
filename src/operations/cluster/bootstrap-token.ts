import { z } from 'zod';
import { type ClusterHost, type ClusterView, defineClusterOperation } from '../cluster-operation.ts';
import { bootstrapKubeconfig } from '../kubelet/bootstrap-kubeconfig.ts';
import type { HostOperation } from '../operation.ts';

/** How long the API takes a token, should nobody be left to remove it. */
const minutes = 30;

export const tokenField = z
  .string()
  .regex(/^[a-z0-9]{6}\.[a-z0-9]{16}$/, 'a bootstrap token')
  .describe('the token, as ID.SECRET');

const schema = z.strictObject({ token: tokenField });

/** Hosts of the batch whose kubelets are about to ask for a certificate, or were at its beginning. */
export const askingHosts = (view: ClusterView): readonly ClusterHost[] =>
  view.hosts.filter(({ name }) =>
    (view.looks?.get(name) ?? []).some(({ operation, actual, desired }) => {
      if (operation !== bootstrapKubeconfig.name) return false;
      const { diff } = bootstrapKubeconfig as unknown as HostOperation;
      return diff(actual, desired, { files: new Map() }).length > 0;
    }),
  );

/** The API takes a token that is good for half an hour at most, and goes at the end of the run, whatever happens. */
export const bootstrapToken = defineClusterOperation({
  scope: 'cluster',
  name: 'bootstrap_token',
  summary: 'the API takes the token that kubelets of the batch ask with; it goes with the run',
  schema,
  countsAsChange: true,
  irreversible: 'the token is gone by the end of the run',
  diff(view) {
    const names = askingHosts(view).flatMap(({ nodeName }) => nodeName ?? []);
    return names.length === 0
      ? []
      : [
          {
            subject: 'Secret kube-system/bootstrap-token-…',
            action: `make it for ${names.join(', ')}, until the end of the run`,
          },
        ];
  },
  async apply({ api, isAlone, atEnd }, _view, { token }) {
    const [id = '', secret = ''] = token.split('.');
    // nobody else can be under way: what is there is of a run that has died
    if (isAlone) await api.bootstrapTokens.removeOurs();
    atEnd(() => api.bootstrapTokens.removeOurs());
    await api.bootstrapTokens.create(id, secret, new Date(Date.now() + minutes * 60_000));
    return `good for ${minutes} minutes at most`;
  },
});
