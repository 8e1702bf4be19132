import { describe, expect, test } from 'vitest';
import { judgeChange, planAgentChange } from '../../../../src/kubernetes/network/agent-change.ts';
import type { AgentName, NetworkAgent } from '../../../../src/kubernetes/network/agents.ts';

const hostGw = (agent: AgentName): NetworkAgent => ({ agent, backend: 'host-gw' });
const vxlan = (agent: AgentName, port = 8472, vni = 1): NetworkAgent => ({ agent, backend: 'vxlan', port, vni });

test.each<[NetworkAgent, NetworkAgent, boolean]>([
  [hostGw('static-routes'), hostGw('flannel'), true],
  [hostGw('flannel'), hostGw('static-routes'), true],
  [hostGw('static-routes'), vxlan('static-routes'), false],
  [vxlan('static-routes'), hostGw('static-routes'), false],
  [vxlan('flannel'), hostGw('flannel'), true],
  [hostGw('flannel'), vxlan('flannel'), true],
  [hostGw('static-routes'), vxlan('flannel-daemonset'), true],
  [hostGw('flannel'), vxlan('static-routes'), false],
  [vxlan('flannel'), hostGw('static-routes'), true],
  [vxlan('static-routes'), vxlan('flannel'), true],
  [vxlan('flannel'), vxlan('static-routes'), false],
  [vxlan('flannel'), vxlan('flannel-daemonset'), true],
  [vxlan('flannel'), vxlan('flannel', 4789), false],
  [vxlan('flannel'), vxlan('flannel', 8472, 7), false],
])('%o to %o get along: %s', (from, to, expected) => {
  expect(judgeChange(from, to).sideBySide).toBe(expected);
});

describe('a change in words', () => {
  test('names what hosts have, each kind once, and leaves out those that have it already', () => {
    const installed = [
      { host: 'a', ...hostGw('static-routes') },
      { host: 'b', ...hostGw('static-routes') },
      { host: 'c', ...vxlan('flannel') },
    ];
    const change = planAgentChange(installed, vxlan('flannel'));
    expect(change.from).toEqual([{ what: 'static-routes (host-gw)', hosts: ['a', 'b'] }]);
    expect(change.to).toBe('flannel (vxlan, port 8472, VNI 1)');
    expect(change.mtu).toContain('larger than VXLAN carries');
  });

  test('one kind that does not get along decides', () => {
    const installed = [
      { host: 'a', ...vxlan('flannel', 4789) },
      { host: 'b', ...hostGw('flannel') },
    ];
    expect(planAgentChange(installed, vxlan('flannel'))).toMatchObject({
      sideBySide: false,
      cut: expect.stringContaining('seconds'),
    });
  });

  test('with nothing to change there is nothing it comes from, and no word of the MTU', () => {
    const change = planAgentChange([{ host: 'a', ...vxlan('flannel') }], vxlan('flannel'));
    expect(change.from).toEqual([]);
    expect(change).not.toHaveProperty('mtu');
  });
});
