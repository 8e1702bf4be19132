import type { NetworkChange } from '../events.ts';
import { printable, someOf } from './words.ts';

/** What becomes of the pod network, in words, ahead of the plan. */
export const formatNetworkChange = (change: NetworkChange): string[] => linesOf(change).map(printable);

function linesOf({ from, to, sideBySide, why, cut, order, mtu }: NetworkChange): string[] {
  if (from.length === 0) return [`the pod network is ${to} on all hosts`];
  return [
    '',
    `The pod network becomes ${to}:`,
    ...from.map(({ what, hosts }) => `  from ${what} on ${someOf(hosts)}`),
    `  side by side: ${sideBySide ? 'yes' : 'no'}, ${why}`,
    `  expected cut: ${cut}`,
    ...(mtu === undefined ? [] : [`  MTU: ${mtu}`]),
    ...order.map((step, index) => `  ${index + 1}. ${step}`),
  ];
}
