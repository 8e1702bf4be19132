import { ProvisionError, ProvisionErrors } from '../../../src/errors.ts';
import { caret, formatLocation } from '../../../src/location.ts';

/** The text a person sees for an error, or for all that an action throws. */
export function shown(error: unknown): string {
  if (error instanceof ProvisionErrors) return error.errors.map(shown).join('\n');
  if (!(error instanceof ProvisionError)) throw error;
  const { code, where, what, why, fix } = error;
  const place = where === undefined ? '' : `  ${formatLocation(where)}`;
  const lines = [
    `✖ ${code}${place}`,
    `  ${what}`,
    typeof where === 'object' ? caret(where) : '',
    why ?? '',
    fix ? `  ${fix}` : '',
  ];
  return lines.filter((line) => line !== '').join('\n');
}

export function thrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return shown(error);
  }
  return 'nothing was thrown';
}

const sha256 = '0123456789abcdef'.repeat(4);

/** A valid inventory with room for more variables of `all`, each line indented by four. */
export const inventoryText = ({ vars = '', rest = '' } = {}): string => `all:
  vars:
    cluster: { kubeconfig: admin.kubeconfig, pod_cidr: 10.5.0.0/16, service_cidr: 10.6.0.0/16 }
    artifacts: { cni_plugins: { path: cni.tgz, sha256: ${sha256} } }
${vars}
  children:
    control_plane: { hosts: { master1: { ansible_host: 10.0.0.1 } } }
    nodes: { hosts: { node1: { ansible_host: 10.0.0.11 }, node2: { ansible_host: 10.0.0.12 } } }
${rest}`;
