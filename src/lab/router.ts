import { execute, must } from './execute.ts';
import { namespaceOf, vethOf } from './network.ts';
import type { Slot } from './slot.ts';

const name = 'router';

/**
 * Makes the router between hosts that are on links of their own, where it is missing. As a network's own it passes on
 * nothing but what hosts send each other: packets of pods have no way back there, and are dropped.
 */
export async function connectRouter(slot: Slot): Promise<void> {
  const namespace = namespaceOf(slot, name);
  const veth = vethOf(slot, name);
  if ((await execute('ip', ['-n', namespace, 'route', 'get', slot.gateway])).code === 0) return;
  await execute('ip', ['netns', 'del', namespace]);
  await execute('ip', ['link', 'del', veth]);
  await must('ip', ['netns', 'add', namespace]);
  await must('ip', ['link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
  await must('ip', ['link', 'set', veth, 'master', slot.bridge, 'up']);
  const settings = {
    'all/send_redirects': 0,
    'eth0/send_redirects': 0,
    'all/rp_filter': 1,
    'all/forwarding': 1,
  };
  const lines = Object.entries(settings).map(([key, value]) => `echo ${value} >/proc/sys/net/ipv4/conf/${key}`);
  await must('ip', ['netns', 'exec', namespace, 'sh', '-ec', lines.join('\n')]);
  await must('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  await must('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up']);
  // the address comes last: an earlier try that was cut off is made anew
  await must('ip', ['-n', namespace, 'address', 'add', `${slot.router}/24`, 'dev', 'eth0']);
}
