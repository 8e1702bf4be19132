import { isMap } from '../is-map.ts';
import { readYaml } from '../kubelet/yaml-text.ts';

/** Whose credential a kubeconfig holds, and where; without the secrets of it. */
export interface KubeconfigUser {
  readonly server: string | undefined;
  /** PEM, where the kubeconfig has it in itself. */
  readonly certificate: string | undefined;
  readonly certificateFile: string | undefined;
  readonly hasKey: boolean;
  readonly keyFile: string | undefined;
}

/** The user and the cluster of the current context; undefined where there is none, or the text is no kubeconfig. */
export function readKubeconfigUser(text: string): KubeconfigUser | undefined {
  const read = readYaml(text);
  if ('why' in read || !isMap(read.value)) return undefined;
  const { value } = read;
  const context = named(value['contexts'], value['current-context'], 'context');
  const user = named(value['users'], context?.['user'], 'user');
  if (context === undefined || user === undefined) return undefined;
  const data = textOf(user['client-certificate-data']);
  return {
    server: textOf(named(value['clusters'], context['cluster'], 'cluster')?.['server']),
    certificate: data === undefined ? undefined : Buffer.from(data, 'base64').toString(),
    certificateFile: textOf(user['client-certificate']),
    hasKey: user['client-key-data'] !== undefined,
    keyFile: textOf(user['client-key']),
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Of a list of `{ name, [key]: {…} }`. */
function named(list: unknown, name: unknown, key: string): Record<string, unknown> | undefined {
  if (!Array.isArray(list)) return undefined;
  const found: unknown = list.find((one) => isMap(one) && one['name'] === name)?.[key];
  return isMap(found) ? found : undefined;
}
