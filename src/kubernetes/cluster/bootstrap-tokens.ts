import type { CoreV1Api } from '@kubernetes/client-node';

const namespace = 'kube-system';
const ours = { 'app.kubernetes.io/managed-by': 'provision' };
const type = 'bootstrap.kubernetes.io/token';

/** Tokens that kubelets ask for their first certificate with. */
export interface BootstrapTokens {
  create(id: string, secret: string, expires: Date): Promise<void>;
  /** All that runs of this tool have made. */
  removeOurs(): Promise<void>;
}

export const openBootstrapTokens = (core: CoreV1Api): BootstrapTokens => ({
  async create(id, secret, expires) {
    const stringData = {
      'token-id': id,
      'token-secret': secret,
      expiration: expires.toISOString().replace(/\.\d+Z$/, 'Z'),
      'usage-bootstrap-authentication': 'true',
      description: 'Made by provision for one run.',
    };
    const metadata = { name: `bootstrap-token-${id}`, namespace, labels: ours };
    await core.createNamespacedSecret({ namespace, body: { metadata, type, stringData } });
  },
  async removeOurs() {
    const labelSelector = Object.entries(ours)
      .map(([key, value]) => `${key}=${value}`)
      .join();
    const { items } = await core.listNamespacedSecret({ namespace, labelSelector, fieldSelector: `type=${type}` });
    for (const { metadata } of items)
      await core.deleteNamespacedSecret({ namespace, name: metadata?.name ?? '' }).catch((error: { code?: number }) => {
        if (error.code !== 404) throw error;
      });
  },
});
