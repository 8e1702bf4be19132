import { expect, test } from 'vitest';
import { parseInventory } from '../../../src/config/inventory.ts';
import { openSecret } from '../../../src/config/open-secrets.ts';
import { inventoryText, shown, thrownBy } from './shown.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const daemonset = '    network: { agent: flannel-daemonset, flannel: { version: 0.28.7 } }';
const withBase = (text: string): string =>
  text.replace('artifacts: { ', `artifacts: { carrier_base: { path: base.tar, sha256: ${sha256} }, `);
const read = (text: string, hide?: (secret: string) => void) =>
  parseInventory('/in/i.yaml', text, { homeFolder: '/', ...(hide && { hide }) });
const vars = (...lines: string[]): string => inventoryText({ vars: lines.join('\n') });
const initContainer = '    cni: { delivery: init-container }';

test('plugins are sent to hosts unless it is said', () => {
  const { cni } = read(vars()).settings;
  expect(cni).toMatchObject({ delivery: 'host', carrier: { name: 'localhost/provision/cni-plugins', push: false } });
});

test('an init container needs pods of flannel and a base', () => {
  expect(read(withBase(vars(daemonset, initContainer))).settings.artifacts.carrier_base?.path).toBe('/in/base.tar');
  expect(thrownBy(() => read(withBase(vars(initContainer))))).toContain(
    'With the agent static-routes there are no pods',
  );
  expect(thrownBy(() => read(vars(daemonset, initContainer)))).toContain('artifacts.carrier_base names none');
});

test('one image is for all nodes', () => {
  const odd = `artifacts: { cni_plugins: { path: other.tgz, sha256: ${'f'.repeat(64)} } }`;
  const text = inventoryText({
    vars: [daemonset, initContainer].join('\n'),
    rest: `    odd: { hosts: { node2: { ${odd} } } }`,
  });
  expect(thrownBy(() => read(withBase(text)))).toContain(
    'artifacts.cni_plugins.sha256 differs between node1 and node2',
  );
  const other = inventoryText({ rest: '    odd: { hosts: { node2: { cni: { delivery: init-container } } } }' });
  expect(thrownBy(() => read(withBase(other)))).toContain('cni.delivery');
});

test.each([
  ['no image', ['    cni: { carrier: { push: true } }', '    images: { registry: "r:1" }'], 'no image is made'],
  [
    'no registry',
    [daemonset, '    cni: { delivery: init-container, carrier: { push: true } }'],
    'images.registry does not say where',
  ],
  ['a user without a password', ['    images: { registry: "r:1", user: u }'], 'has only one of them'],
  [
    'a CA without TLS',
    ['    images: { registry: "r:1", plain_http: true, ca: c.pem }'],
    'images.ca means nothing without TLS',
  ],
])('pushing: %s is refused', (_, lines, expected) => {
  expect(thrownBy(() => read(withBase(vars(...lines))))).toContain(expected);
});

test('the password of a registry is a secret like the others', async () => {
  const hidden: string[] = [];
  const hide = (secret: string): void => void hidden.push(secret);
  const means = { environment: { PASSWORD: 'from-outside' }, identityFile: '/none', hide };
  read(vars('    images: { registry: "r:1", user: u, password: in-the-file }'), hide);
  expect(hidden).toEqual(['in-the-file']);
  const { settings, locate } = read(vars('    images: { registry: "r:1", user: u, password: { env: PASSWORD } }'));
  const where = locate(['images', 'password']);
  expect(await openSecret(settings.images.password ?? '', where, means)).toBe('from-outside');
  expect(hidden).toEqual(['in-the-file', 'from-outside']);
  const error = await openSecret({ kind: 'env', value: 'NONE' }, where, means).catch((thrown: unknown) => thrown);
  expect(shown(error)).toMatch(/^✖ SECRET_NOT_SET {2}\/in\/i.yaml:5:/);
  const file = read(
    vars('    images: { registry: "r:1", user: u, password: { file: secrets/r }, ca: c.pem }'),
  ).settings;
  expect(file.images).toMatchObject({ ca: '/in/c.pem', password: { kind: 'file', value: '/in/secrets/r' } });
});
