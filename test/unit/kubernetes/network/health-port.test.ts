import { expect, test } from 'vitest';
import { checkHealthPort } from '../../../../src/kubernetes/network/health-port.ts';

const ours = ['/usr/local/lib/provision/flanneld', '-healthz-ip=127.0.0.1', '-healthz-port=10261'];

test.each<[string, readonly number[], readonly string[], readonly string[]]>([
  ['a port that nobody has', [10250], [], []],
  ['one that somebody has', [10261], [], ['node1: TCP port 10261, where flanneld is to say that it is well, is taken']],
  ['one that our flanneld has', [10261], ours, []],
  [
    'one that somebody has beside our flanneld on another',
    [10261, 10262],
    ours.map((word) => word.replace('10261', '10262')),
    ['node1: TCP port 10261, where flanneld is to say that it is well, is taken'],
  ],
])('%s', (_, listening, flanneld, refused) => {
  const errors = checkHealthPort(10261, [{ host: 'node1', listening: new Set(listening), flanneld }]);
  expect(errors.map(({ what }) => what)).toEqual(refused);
});
