import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseHelp } from '../../src/kubernetes/flags/known-flags.ts';
import { flagsOfVersion } from '../../src/kubernetes/flags/recorded-flags.ts';
import { parseVersion } from '../../src/kubernetes/flags/versions.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { writeInventory } from '../lab/inventories.ts';
import { allReady, invocationOf, kubectl, on } from '../lab/read-hosts.ts';
import { runRoll } from '../lab/run-roll.ts';
import { runUp } from '../lab/run-up.ts';
import { settle, told } from '../lab/settle.ts';

describeLab('a kubelet that does not come back', (lab) => {
  beforeAll(() => settle(lab));
  afterAll(async () => {
    await settle(lab);
    await allReady(lab, ['node1', 'node2']);
  });

  test('the error names host and task and shows its last lines; the other Ready node keeps its kubelet', async () => {
    const before = await invocationOf(lab, 'node2', 'kubelet');
    const broken = writeInventory(lab, 'broken-kubelet', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'topology-manager-policy': 'no-such-policy' } };
    });
    const run = await runUp(broken);
    expect(run.code, told(run)).toBe(4);
    expect(run.failures, told(run)).toHaveLength(1);
    const [failure] = run.failures;
    expect(failure?.host).toBe('node1');
    expect(failure?.error.code).toBe('UNIT_FAILED');
    expect(failure?.error.what).toContain('node1');
    expect(failure?.error.what).toMatch(/kubelet/i);
    expect(failure?.error.why).toContain('no-such-policy');
    expect(await invocationOf(lab, 'node2', 'kubelet')).toBe(before);
    expect((await lab.exec('node2', 'grep -rs no-such-policy /etc/systemd/system')).stdout).toBe('');
  });

  test('a flag that this kubelet does not know is refused before anything is touched', async () => {
    const units = 'find /etc/systemd/system -printf "%p %T@\\n" | sort';
    const before = await on(lab, 'node2', units);
    const unknown = writeInventory(lab, 'unknown-flag', ({ all }) => {
      all.vars['kubelet'] = { flags: { 'no-such-flag': 'x' } };
    });
    const run = await runUp(unknown);
    expect(run.codes, told(run)).toContain('FLAG_UNKNOWN');
    expect(await on(lab, 'node2', units)).toBe(before);
  });
});

describeLab('the flags recorded of a release', (lab) => {
  test.each([
    ['kubelet', 'node1'],
    ['kube-proxy', 'node1'],
    ['kube-controller-manager', 'cp1'],
  ])('are those that %s lists, and those that it takes without listing them', async (binary, host) => {
    const path = `/opt/k8s/bin/${binary}`;
    const version = parseVersion(await on(lab, host, `${path} --version`)) ?? '';
    const recorded = flagsOfVersion(binary, version) ?? [];
    const listed = parseHelp(await on(lab, host, `${path} --help 2>&1`));
    const shown = recorded.filter(({ isHidden }) => !isHidden);
    const isFlag = (name: string): boolean => name !== 'h' && name !== 'help';
    expect([...listed.keys()].filter(isFlag).sort()).toEqual(shown.map(({ name }) => name).sort());
    // A switch whose text has a word in backquotes is listed as if that word were its value.
    const misread = shown.filter(({ name, takesValue }) => listed.get(name)?.takesValue !== takesValue);
    expect(misread.filter(({ takesValue }) => takesValue)).toEqual([]);

    const hidden = recorded.filter(({ isHidden }) => isHidden);
    const words = [...hidden.map(({ name }) => `--${name}=0`), ...misread.map(({ name }) => `--${name}`), ''];
    const answers = await on(
      lab,
      host,
      `for flag in ${words.map((word) => `'${word}'`).join(' ')}; do
  ${path} $flag --no-such-flag 2>&1 | grep -oE 'unknown flag: --[a-z0-9-]*|invalid argument' | head -n 1
done`,
    );
    const isKnown = ['unknown flag: --no-such-flag', 'invalid argument'];
    for (const [index, answer] of answers.split('\n').entries()) expect(isKnown, words[index]).toContain(answer);
    expect(answers.split('\n')).toHaveLength(words.length);
  });
});

describeLab('what is added and taken out again', (lab) => {
  beforeAll(() => settle(lab));
  afterAll(async () => {
    await on(
      lab,
      'node1',
      "sed -i 's/ # by hand$//' /opt/k8s/conf/kubelet.yaml; sed -i 's/--gone-flag=1 //' /opt/k8s/conf/kubelet.env",
    );
    await settle(lab);
  });

  const manager = ['kube-controller-manager'];
  const units = { node1: ['kubelet', 'kube-proxy'], cp1: manager, cp2: manager } as const;
  const hosts = ['--limit', 'node1,control_plane'];
  const look = `for unit in UNITS; do
  tr '\\0' ' ' <"/proc/$(systemctl show -p MainPID --value $unit)/cmdline"; ls "/etc/systemd/system/$unit.service.d" 2>/dev/null; done
cat /opt/k8s/conf/kubelet.yaml /opt/k8s/conf/kube-proxy.yaml /var/lib/provision/config/* /etc/provision/kubelet.conf.d/* 2>/dev/null || :`;
  const state = async () =>
    Promise.all(Object.entries(units).map(([host, names]) => on(lab, host, look.replace('UNITS', names.join(' ')))));

  /** By what the kubelet of node1 goes, and whether it takes drop-ins. */
  const goesBy = async () =>
    JSON.parse(await kubectl(lab, 'get', '--raw', '/api/v1/nodes/node1/proxy/configz')).kubeletconfig;
  const takesDropIns = async () => (await on(lab, 'node1', '/opt/k8s/bin/kubelet --help')).includes('--config-dir');
  const folder = '/etc/provision/kubelet.conf.d';

  test('`roll` adds it, the managers one at a time and the leader last; `up` leaves all as it was, but for what others changed', async () => {
    const before = await state();
    const wentBy = await goesBy();
    const added = writeInventory(lab, 'added', ({ all }) => {
      all.vars['kubelet'] = {
        flags: { 'node-status-update-frequency': '9s' },
        drop_unknown_flags: true,
        config: { maxPods: 200, evictionHard: { 'memory.available': '60Mi' }, kubeReserved: { cpu: '10m' } },
      };
      all.vars['controller_manager'] = { flags: { 'node-monitor-period': '6s' } };
      all.vars['kube_proxy'] = {
        manage: true,
        flags: { profiling: true },
        config: { metricsBindAddress: '127.0.0.1:10249' },
      };
      all.vars['roll'] = { soak_seconds: 0 };
    });
    // As a unit of an earlier release has some; nothing restarts the kubelet with it before the run does.
    await on(lab, 'node1', "sed -i 's/--v=2/--gone-flag=1 &/' /opt/k8s/conf/kubelet.env");
    const lease = ['-n', 'kube-system', 'get', 'lease', 'kube-controller-manager'];
    const [leader = ''] = (await kubectl(lab, ...lease, '-o', 'jsonpath={.spec.holderIdentity}')).split('_');
    const first = await runRoll(added, ...hosts);
    expect(first.code, told(first)).toBe(0);
    const batches = first.events.flatMap((event) => (event.type === 'batch-started' ? [event.hosts] : []));
    expect(batches).toEqual([[leader === 'cp1' ? 'cp2' : 'cp1'], [leader]]);
    const [node = '', ...managers] = await state();
    expect(node).toContain('--node-status-update-frequency=9s');
    expect(node).not.toContain('--gone-flag');
    expect(node).toContain('--profiling=true');
    if (await takesDropIns()) {
      expect(node).toContain(`--config-dir=${folder}`);
      expect(node).toContain(await on(lab, 'node1', 'cat /opt/k8s/conf/kubelet.yaml'));
      expect(node).toContain('\nmaxPods: 200\nevictionHard:\n  memory.available: 60Mi\nkubeReserved:\n  cpu: 10m');
      expect(node.match(/maxPods|memory.available/g), 'the file of the operator is as it was').toHaveLength(3);
    } else {
      expect(node).toContain('evictionHard: { memory.available: 60Mi, nodefs.available: 1%, imagefs.available: 1% }');
      expect(node).toContain('\nmaxPods: 200\nkubeReserved:\n  cpu: 10m\n');
    }
    expect(await goesBy()).toMatchObject({
      maxPods: 200,
      evictionHard: { 'memory.available': '60Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      kubeReserved: { cpu: '10m' },
    });
    expect(node).toContain('\nmetricsBindAddress: 127.0.0.1:10249\n');
    for (const manager of managers) expect(manager).toContain('--node-monitor-period=6s');

    await on(lab, 'node1', "sed -i 's/^readOnlyPort: 0/& # by hand/' /opt/k8s/conf/kubelet.yaml");
    await on(lab, 'node1', "sed -i 's/--gone-flag=1 //' /opt/k8s/conf/kubelet.env");
    const without = writeInventory(lab, 'without', ({ all }) => {
      all.vars['kube_proxy'] = { manage: true };
    });
    const second = await runUp(without, ...hosts);
    expect(second.code, told(second)).toBe(0);
    expect(await goesBy()).toEqual(wentBy);
    const [nodeBefore = '', ...managersBefore] = before;
    expect(await state()).toEqual([
      nodeBefore.replace('readOnlyPort: 0', 'readOnlyPort: 0 # by hand'),
      ...managersBefore,
    ]);
  });

  test('a field that something else wins over is refused before anything is touched', async () => {
    const masked = writeInventory(lab, 'masked', ({ all }) => {
      all.vars['kubelet'] = { config: { maxPods: 200, podsPerCore: 9 }, flags: { 'pods-per-core': 8 } };
    });
    const byFlag = await runUp(masked, '--limit', 'node1');
    expect(byFlag.codes, told(byFlag)).toEqual(['CONFIG_FIELD_MASKED']);
    expect(byFlag.failures[0]?.error.what).toContain('--pods-per-core=8');
    expect(byFlag.changed).toEqual([]);
    if (!(await takesDropIns())) return;
    const late = `${folder}/95-late.conf`;
    await on(lab, 'node1', `mkdir -p ${folder}; printf '# late\nmaxPods: 90\n' >${late}`);
    try {
      const fields = writeInventory(lab, 'fields', ({ all }) => {
        all.vars['kubelet'] = { config: { maxPods: 200 } };
      });
      const byFile = await runUp(fields, '--limit', 'node1');
      expect(byFile.failures[0]?.error, told(byFile)).toMatchObject({
        code: 'CONFIG_FIELD_MASKED',
        where: `${late}:2`,
      });
      expect(byFile.changed).toEqual([]);
    } finally {
      await on(lab, 'node1', `rm -r ${folder}; rmdir --ignore-fail-on-non-empty /etc/provision`);
    }
  });

  test('a kube-proxy of another range is refused before anything is touched', async () => {
    const [file, change] = ['/opt/k8s/conf/kube-proxy.yaml', 's|clusterCIDR: 10.5.0.0/16|clusterCIDR: 10.244.0.0/16|'];
    await on(lab, 'node1', `cp -p ${file} /root/proxy.yaml; sed -i '${change}' ${file}`);
    try {
      const run = await runUp(lab.inventoryPath);
      expect(run.codes, told(run)).toEqual(['RANGES_DISAGREE']);
      expect(run.failures[0]?.error.what).toContain('10.244.0.0/16');
      expect(run.changed).toEqual([]);
    } finally {
      await on(lab, 'node1', `cp -p /root/proxy.yaml ${file}`);
    }
  });
});
