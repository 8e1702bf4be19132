import { expect, it } from 'vitest';
import { atLeast } from '../../../../src/kubernetes/flags/versions.ts';
import { checkKubeletConfig, maskingFlag, unknownTo } from '../../../../src/kubernetes/kubelet/kubelet-config.ts';
import { kubeletFields } from '../../../../src/kubernetes/kubelet/kubelet-fields.ts';

it('has every field with a type, a release and the flags that win', () => {
  for (const [name, { type, since, flags }] of kubeletFields) {
    expect(name).toMatch(/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/);
    expect(['text', 'number', 'boolean', 'duration', 'list', 'texts', 'switches', 'any']).toContain(type);
    expect(since).toMatch(/^1\.[123]\d$/);
    for (const flag of flags) expect(flag).toMatch(/^[a-z][a-z0-9-]*$/);
  }
});

it.each([
  [{ maxPods: 200, evictionHard: { 'memory.available': '100Mi' }, cpuCFSQuotaPeriod: '1m0.5s' }, []],
  [{ authentication: { anonymous: { enabled: false } }, tracing: { endpoint: 'x:1' }, logging: { verbosity: 2 } }, []],
  [{ featureGates: { A: true }, clusterDNS: ['10.96.0.10'], staticPodURLHeader: { a: ['b'] } }, []],
  [{ maxPod: 1 }, ['A kubelet has no field "maxPod"']],
  [{ maxPods: '200', failSwapOn: 'no' }, ['"maxPods" is a number', '"failSwapOn" is true or false']],
  [{ maxPods: null }, ['"maxPods" is a number']],
  [{ authentication: true }, ['"authentication" is a map with x509, webhook, anonymous']],
  [{ authentication: { anonymous: { on: true } } }, ['A kubelet has no field "authentication.anonymous.on"']],
  [{ kubeReserved: { pid: 1000 } }, ['"kubeReserved" is a map of texts (numbers in quotes)']],
  [{ syncFrequency: 60 }, ['"syncFrequency" is a duration such as "1m30s"']],
])('%j', (config, problems) => {
  expect(checkKubeletConfig(config).map(({ what }) => what)).toEqual(problems);
});

it.each<[Record<string, unknown>, string, string | undefined]>([
  [{ maxPods: 200 }, '--v=2', undefined],
  [{ maxPods: 200 }, '--max-pods=110', 'max-pods'],
  [{ maxPods: 200 }, '--max_pods 110', 'max-pods'],
  [{ authentication: { x509: { clientCAFile: '/x' } } }, '--client-ca-file=/y', 'client-ca-file'],
  [{ evictionHard: { 'memory.available': '1Gi' } }, '--eviction-hard=nodefs.available<5%', 'eviction-hard'],
  [{ featureGates: { A: true } }, '--feature-gates=B=true,C=false', undefined],
  [{ featureGates: { A: true } }, '--feature-gates=B=true --feature-gates=A=false', 'feature-gates'],
  [
    { kernelMemcgNotification: true },
    '--experimental-kernel-memcg-notification',
    'experimental-kernel-memcg-notification',
  ],
])('%j beside %s', (config, words, flag) => {
  expect(maskingFlag(config, ['/usr/bin/kubelet', ...words.split(' ')])?.flag).toBe(flag);
});

it('knows which release a field came with', () => {
  const config = { maxPods: 1, seccompDefault: true, memorySwap: { swapBehavior: 'LimitedSwap' }, podLogsDir: '/x' };
  expect(unknownTo(config, '1.20.2').map(({ name }) => name)).toEqual([
    'seccompDefault',
    'memorySwap.swapBehavior',
    'podLogsDir',
  ]);
  expect(unknownTo(config, '1.28.3')).toEqual([{ name: 'podLogsDir', since: '1.30', until: undefined }]);
  expect(unknownTo(config, '1.34.4')).toEqual([]);
});

it('knows which release was the last with a field', () => {
  const config = { logging: { sanitization: true } };
  expect(unknownTo(config, '1.23.17')).toEqual([]);
  expect(unknownTo(config, '1.24.0')).toEqual([{ name: 'logging.sanitization', since: '1.20', until: '1.23' }]);
});

/** How many fields k8s.io/kubelet of each minor release has, by its types.go. */
it.each([
  ['1.16', 86],
  ['1.17', 87],
  ['1.18', 88],
  ['1.19', 96],
  ['1.20', 100],
  ['1.21', 104],
  ['1.22', 108],
  ['1.23', 116],
  ['1.24', 115],
  ['1.25', 118],
  ['1.26', 119],
  ['1.27', 123],
  ['1.28', 123],
  ['1.29', 124],
  ['1.30', 129],
  ['1.31', 130],
  ['1.32', 132],
  ['1.33', 136],
  ['1.34', 136],
])('a kubelet of %s has %i fields', (minor, count) => {
  const known = [...kubeletFields].filter(
    ([, { since, until }]) => atLeast(minor, since) && (until === undefined || atLeast(until, minor)),
  );
  expect(known).toHaveLength(count);
});
