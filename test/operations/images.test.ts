import { expect, test } from 'vitest';
import { images } from '../../src/operations/runtime/images.ts';
import { changesOf } from './case.ts';

const archive = (path: string, ...names: string[]) => ({ path, sha256: 'a'.repeat(64), names });
const both = [archive('a.tar', 'busybox:1.36', 'x.example/y:1'), archive('b.tar', 'x.example/z:1')];

test.each<[string, string, readonly string[], readonly string[]]>([
  ['nothing there', 'containerd', [], ['a.tar', 'a.tar', 'b.tar']],
  [
    'all there, under their full names',
    'containerd',
    ['image docker.io/library/busybox:1.36', 'image x.example/y:1', 'image x.example/z:1'],
    [],
  ],
  ['one of two missing', 'docker', ['image busybox:1.36', 'image x.example/z:1'], ['a.tar']],
])('%s', (_, runtime, output, expected) => {
  const changes = changesOf(images, { runtime, images: both }, output.join('\n'));
  expect(changes.map((change) => change.replace(/.* load it from /, ''))).toEqual(expected);
});

test('only archives that bring something are sent', () => {
  const desired = images.schema.parse({ runtime: 'docker', images: both });
  const actual = images.parse('image busybox:1.36\nimage x.example/y:1', desired);
  expect(images.artifacts?.(desired, actual)).toEqual([{ path: 'b.tar', sha256: 'a'.repeat(64) }]);
});

test('undo removes what was missing, and nothing where that was not known', () => {
  const desired = images.schema.parse({ runtime: 'docker', images: both });
  const undo = (output: string): string =>
    typeof images.undo === 'function' ? images.undo(images.parse(output, desired), desired).source : '';
  expect(undo('image busybox:1.36\nimage x.example/y:1').match(/^drop_image .*$/gm)).toEqual([
    'drop_image docker x.example/z:1',
  ]);
  expect(undo('unknown it does not answer')).toBe(':');
});
