import { sh } from '../../shell.ts';

/** The node's own address on the bridge of its pods: the first of its range. */
export function gatewayOf(subnet: string): string {
  const [base = '', length = ''] = subnet.split('/');
  return `${base.replace(/\d+$/, (last) => String(Number(last) + 1))}/${length}`;
}

/** A bridge that plugins made meanwhile goes with the range, unless pods are on it. */
export const dropBridge = sh`if ip link show dev cni0 >/dev/null 2>&1; then
  pods=$(ls /sys/class/net/cni0/brif | wc -l)
  if [ "$pods" = 0 ]; then ip link del cni0
  else warn "cni0 stays: $pods pods are on it, with addresses that no other node has a route to; delete them"
  fi
fi`;
