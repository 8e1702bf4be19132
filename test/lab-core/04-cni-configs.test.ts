import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { diskOf, on } from '../lab/read-hosts.ts';
import { runUp } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

const calico = '{"name":"k8s-pod-network","cniVersion":"0.3.1","plugins":[{"type":"calico"},{"type":"portmap"}]}';
const bridge = '{"name":"old","type":"bridge"}';
const write = (name: string, text: string): string => `printf '%s\\n' '${text}' >/etc/cni/net.d/${name}`;

describeLab('what others have put beside ours', (lab) => {
  beforeAll(() => settle(lab));
  afterEach(() =>
    on(
      lab,
      'node1',
      'pkill -x calico-felix; systemctl stop cni-writer; rm -f /etc/cni/net.d/[0-9][0-9]-calico* /etc/cni/net.d/99-*; exit 0',
    ),
  );
  afterAll(() => settle(lab));

  test('a foreign plugin, a kubeconfig and a subfolder stay; foreign configurations go to quarantine as they were', async () => {
    await on(
      lab,
      'node1',
      `mkdir -p /etc/cni/net.d/old; echo keep >/etc/cni/net.d/old/kept.conf; echo secret >/etc/cni/net.d/calico-kubeconfig
${write('05-calico.conflist', calico)}; ${write('99-old.conf', bridge)}; printf '#!/bin/sh\\n# calico\\n' >/opt/cni/bin/calico; chmod 755 /opt/cni/bin/calico
rm /opt/cni/bin/bridge`,
    );
    const kept =
      'cat /etc/cni/net.d/old/kept.conf /etc/cni/net.d/calico-kubeconfig /opt/cni/bin/calico; stat -c "%A %Y" /opt/cni/bin/calico';
    const before = await on(lab, 'node1', kept);
    const run = await runUp(lab.inventoryPath);
    expect(run.code, told(run)).toBe(0);

    expect(await on(lab, 'node1', kept)).toBe(before);
    expect(await on(lab, 'node1', 'test -x /opt/cni/bin/bridge; ls -p /etc/cni/net.d')).toBe(
      ['10-flannel.conflist', 'calico-kubeconfig', 'old/'].join('\n'),
    );
    const started = run.events.find((event) => event.type === 'run-started');
    const quarantine = `/var/lib/provision/quarantine/${started?.type === 'run-started' ? started.run : ''}`;
    expect(await on(lab, 'node1', `cd ${quarantine} && cat 05-calico.conflist 99-old.conf; stat -c %a .`)).toBe(
      [calico, bridge, '700'].join('\n'),
    );
    const changes = run.events.flatMap((event) => (event.type === 'task-finished' ? event.changes : []));
    const actionOf = (name: string) => changes.find(({ subject }) => subject.endsWith(`/${name}`))?.action;
    expect(actionOf('05-calico.conflist')).toContain('it would win over 10-flannel.conflist');
    expect(actionOf('99-old.conf')).toContain('10-flannel.conflist wins over it');
  });

  test('a configuration whose network lives is refused and nothing is touched', async () => {
    await on(
      lab,
      'node1',
      `${write('05-calico.conflist', calico)}; cp /bin/sleep /usr/local/bin/calico-felix; rm -f /opt/cni/bin/bridge
systemd-run -q --collect --unit=test-felix /usr/local/bin/calico-felix 600`,
    );
    const hosts = ['cp1', 'node1', 'node2'];
    const before = await Promise.all(hosts.map((host) => diskOf(lab, host)));
    const run = await runUp(lab.inventoryPath);
    expect(run.codes, told(run)).toEqual(['CNI_IN_USE']);
    expect(run.failures[0]?.error.what).toContain('k8s-pod-network');
    expect(run.code).toBe(4);
    expect(await Promise.all(hosts.map((host) => diskOf(lab, host)))).toEqual(before);
  });

  test('cni.replace with its name allows it', async () => {
    await on(
      lab,
      'node1',
      `${write('05-calico.conflist', calico)}; systemd-run -q --collect --unit=test-felix /usr/local/bin/calico-felix 600`,
    );
    const other = writeInventory(lab, 'replace-other', ({ all }) => {
      all.vars['cni'] = { replace: 'another-network' };
    });
    expect((await runUp(other)).codes).toEqual(['CNI_IN_USE']);
    const named = writeInventory(lab, 'replace', ({ all }) => {
      all.vars['cni'] = { replace: 'k8s-pod-network' };
    });
    const run = await runUp(named);
    expect(run.code, told(run)).toBe(0);
    expect(await on(lab, 'node1', 'ls /etc/cni/net.d/*.conf*')).toBe('/etc/cni/net.d/10-flannel.conflist');
  });

  test('a configuration that comes back within the run: an error that names its likely writer', async () => {
    await on(
      lab,
      'node1',
      `${write('05-calico.conflist', calico)}; cp /etc/cni/net.d/05-calico.conflist /run/calico
systemd-run -q --collect --unit=cni-writer sh -c 'while :; do [ -e /etc/cni/net.d/05-calico.conflist ] || cp /run/calico /etc/cni/net.d/05-calico.conflist; sleep 0.02; done'`,
    );
    const run = await runUp(lab.inventoryPath);
    expect(run.codes, told(run)).toEqual(['CNI_CONFIG_RETURNED']);
    expect(run.failures[0]).toMatchObject({ host: 'node1' });
    expect(run.failures[0]?.error.why).toContain('calico-node');
    expect(run.code).toBe(4);
  });
});
