import { expect, test } from 'vitest';
import { digest } from '../../src/operations/files/managed-file.ts';
import { cniConfig } from '../../src/operations/network/cni-config.ts';
import { base64, changesOf } from './case.ts';

const content = '{"name":"cbr0","plugins":[{"type":"flannel"}]}';
const wish = { name: '10-flannel.conflist', content };
const ours = `file 644 0 root 0 root ${digest(content)} -`;
const config = (name: string, text: string): string => `config ${name} ${base64(text)}`;
const calico = config(
  '10-calico.conflist',
  '{"name":"k8s-pod-network","plugins":[{"type":"calico"},{"type":"portmap"}]}',
);
const moved = '/etc/cni/net.d/10-calico.conflist: move to quarantine; it would win over 10-flannel.conflist';

test.each<[string, readonly string[], readonly string[]]>([
  ['nothing else', [ours], []],
  [
    'nothing at all',
    ['absent - - - - - - -'],
    ['/etc/cni/net.d/10-flannel.conflist: create; it is the configuration that counts'],
  ],
  ['a leftover', [ours, calico], [moved]],
  ['its agent runs', [ours, calico, 'process calico-node'], ['CNI_IN_USE']],
  ['the agent of another runs', [ours, calico, 'process cilium-agent'], [moved]],
  ['its sandboxes live', [ours, calico, 'result k8s-pod-network-abc-eth0'], ['CNI_IN_USE']],
  ['its addresses are taken', [ours, calico, 'lease k8s-pod-network'], ['CNI_IN_USE']],
  ['it came back', [ours, calico, 'moved 10-calico.conflist'], ['CNI_CONFIG_RETURNED']],
  [
    'another file for our network, whose sandboxes go on',
    [ours, config('99-old.conf', '{"name":"cbr0","type":"bridge"}'), 'lease cbr0'],
    ['/etc/cni/net.d/99-old.conf: move to quarantine; 10-flannel.conflist wins over it'],
  ],
  [
    'no JSON, a space in its name',
    [ours, config('00 x.json', 'oops')],
    ['/etc/cni/net.d/00 x.json: move to quarantine; it would win over 10-flannel.conflist'],
  ],
])('%s', (_name, lines, changes) => {
  expect(changesOf(cniConfig, wish, lines.join('\n'))).toEqual(changes);
});

test('one that is in use is replaced when it is named', () => {
  const output = [ours, calico, 'process calico-node'].join('\n');
  expect(changesOf(cniConfig, { ...wish, replace: 'k8s-pod-network' }, output)).toEqual([moved]);
});
