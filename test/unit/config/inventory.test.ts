import { describe, expect, it } from 'vitest';
import { parseInventory } from '../../../src/config/inventory.ts';
import { inventoryText, thrownBy } from './shown.ts';

const parse = (text: string, reads: readonly string[] = []) =>
  parseInventory('/etc/cluster/inventory.yaml', text, { homeFolder: '/home/op', reads: new Set(reads) });
const hostOf = (text: string, name: string) => parse(text).hosts.find((host) => host.name === name);
const brief = (text: string) => thrownBy(() => parse(text)).replaceAll('/etc/cluster/', '');

describe('what an inventory means', () => {
  it('gives each host its connection, groups and settings', () => {
    const inventory = parse(
      inventoryText({ vars: '    ansible_ssh_private_key_file: ~/.ssh/id\n    ssh_known_hosts_file: known_hosts' }),
    );
    expect(inventory.groups).toEqual(
      new Map([
        ['all', ['master1', 'node1', 'node2']],
        ['control_plane', ['master1']],
        ['nodes', ['node1', 'node2']],
      ]),
    );
    expect(inventory.hosts[1]).toMatchObject({
      name: 'node1',
      groups: ['all', 'nodes'],
      connection: {
        address: '10.0.0.11',
        become: false,
        privateKeyFile: '/home/op/.ssh/id',
        knownHostsFile: '/etc/cluster/known_hosts',
      },
      location: { line: 9, column: 23 },
    });
    expect(inventory.settings).toMatchObject({
      cluster: { kubeconfig: '/etc/cluster/admin.kubeconfig', node_cidr_mask_size: 24 },
      cni: { bin_dir: '/opt/cni/bin', conf_dir: '/etc/cni/net.d' },
      network: { agent: 'static-routes', backend: 'host-gw', masquerade: true },
      artifacts: { cni_plugins: { path: '/etc/cluster/cni.tgz' } },
      timeouts: { ready_seconds: 300 },
    });
    expect(inventory.warnings).toEqual([]);
    expect(inventory.locate(['cluster', 'pod_cidr'])).toMatchObject({ line: 3, column: 56 });
  });

  it("takes Ansible's other names for the same variables", () => {
    const host = hostOf(
      inventoryText({ vars: '    ansible_ssh_user: op\n    ansible_become: yes\n    ansible_become_pass: "s"' }),
      'node2',
    );
    expect(host?.connection).toMatchObject({ user: 'op', become: true, becomePassword: 's' });
  });

  it('expands ranges, and takes a host in several groups for one', () => {
    const rest =
      '    rack_a: { hosts: { "extra[01:02]": { ansible_port: 2222 } } }\n    rack_b: { hosts: { extra01: { ansible_user: op } } }\n';
    expect(hostOf(inventoryText({ rest }), 'extra01')).toMatchObject({
      groups: ['all', 'rack_a', 'rack_b'],
      connection: { port: 2222, user: 'op' },
    });
  });

  it('merges settings key by key and replaces free variables as a whole', () => {
    const text = inventoryText({
      vars: '    kubelet: { flags: { v: 2, hostname-override: x } }\n    labels: { a: 1, b: 2 }',
      rest: '    big: { vars: { kubelet: { flags: { v: 4 } }, labels: { c: 3 } }, hosts: { node1: } }\n',
    });
    const host = parse(text, ['labels']).hosts.find(({ name }) => name === 'node1');
    expect(host?.settings.kubelet).toMatchObject({
      unit: 'kubelet.service',
      flags: { v: '4', 'hostname-override': 'x' },
    });
    expect(host?.variables).toEqual({ labels: { c: 3 } });
  });
});

describe('fields of the kubelet', () => {
  const config = (fields: string) => inventoryText({ vars: `    kubelet: { config: ${fields} }` });

  it('keeps them nested and typed', () => {
    const fields = '{ maxPods: 200, evictionHard: { memory.available: 100Mi }, failSwapOn: false }';
    expect(parse(config(fields)).settings.kubelet.config).toEqual({
      maxPods: 200,
      evictionHard: { 'memory.available': '100Mi' },
      failSwapOn: false,
    });
  });

  it.each([
    ['{ maxPod: 200 }', 'A kubelet has no field "maxPod" (did you mean "maxPods"?)', '{ maxPod'],
    ['{ authentication: { anonymus: {} } }', '(did you mean "authentication.anonymous"?)', '{ anonymus'],
    ['{ maxPods: many }', '"maxPods" is a number', ': many'],
  ])('%s is refused at its place', (fields, what, before) => {
    const text = config(fields);
    const line = text.split('\n').findIndex((one) => one.includes('{ config:')) + 1;
    const column = (text.split('\n')[line - 1] ?? '').indexOf(before) + 3;
    expect(thrownBy(() => parse(text))).toContain(`:${line}:${column}\n  `);
    expect(thrownBy(() => parse(text))).toContain(what);
  });

  it.each([
    ["{ maxPods: '33' }", 'Take the quotes away'],
    ["{ authentication: { anonymous: { enabled: 'false' } } }", 'Take the quotes away'],
    ['{ clusterDomain: 7 }', 'Put it in quotes'],
    ['{ maxPods: many }', 'Write a number'],
  ])('of %s it is said what to do with the quotes', (fields, fix) => {
    expect(brief(config(fields))).toContain(`\n  ${fix}; fields are those of KubeletConfiguration.`);
  });

  it.each(['{ A: true }', '[A]', 'null'])('are written as on a command line, not as %s', (value) => {
    const text = inventoryText({ vars: `    kubelet: { flags: { feature-gates: ${value} } }` });
    expect(thrownBy(() => parse(text))).toContain('Not the value of a flag as on a command line ("a=1,b=2")');
  });

  it('are set for a kube-proxy only where it is managed', () => {
    const text = (manage: boolean) => inventoryText({ vars: `    kube_proxy: { manage: ${manage}, flags: { v: 4 } }` });
    expect(parse(text(true)).settings.kube_proxy.flags).toEqual({ v: '4' });
    expect(thrownBy(() => parse(text(false)))).toContain('only with manage: true');
    const drops = inventoryText({ vars: '    kube_proxy: { drop_unknown_flags: true }' });
    expect(thrownBy(() => parse(drops))).toContain('only with manage: true');
  });
});

const level = (name: string, value: string) => (value === '' ? '' : `${name}: ${value}`);

describe('precedence', () => {
  // all, the parent group, the child group, a sibling named earlier or later, the host
  it.each([
    ['all', { all: '1001' }, 1001],
    ['parent over all', { all: '1001', parent: '1002' }, 1002],
    ['child over parent', { parent: '1002', child: '1003' }, 1003],
    ['the later name among siblings', { child: '1003', zoo: '1004' }, 1004],
    ['the earlier name loses', { ant: '1005', child: '1003' }, 1003],
    ['a higher priority among siblings', { ant: '1005, ansible_group_priority: 10', child: '1003' }, 1005],
    ['depth over priority', { parent: '1002, ansible_group_priority: 10', child: '1003' }, 1003],
    ['host over all groups', { all: '1001', child: '1003', zoo: '1004', host: '1006' }, 1006],
  ])('%s', (_, values: Partial<Record<'all' | 'parent' | 'child' | 'ant' | 'zoo' | 'host', string>>, port) => {
    const of = (name: keyof typeof values) => level('ansible_port', values[name] ?? '');
    const group = (name: 'child' | 'ant' | 'zoo') => `${name}: { vars: { ${of(name)} }, hosts: { x: } }`;
    const text = inventoryText({
      vars: `    ${of('all')}`,
      rest: `    parent: { vars: { ${of('parent')} }, children: { ${group('child')}, ${group('zoo')}, ${group('ant')} } }
    last: { hosts: { x: { ${of('host')} } } }
`,
    });
    expect(hostOf(text, 'x')?.connection.port).toBe(port);
  });
});

describe('what is refused', () => {
  it('reports every mistake of a file at once, in its order', () => {
    const text = `all:
  vars:
    ansible_usr: root
    networks: {}
    cluster:
      kubeconfig: admin.kubeconfig
      pod_cidr: 10.5.0.1/16
      servce_cidr: 10.6.0.0/16
      node_cidr_mask_size: "24"
    artifacts:
      cni_plugins: { path: cni.tgz, sha256: abc }
    kubelet: { flags: { --v: 2 } }
    network: { agent: static-route, masquerade: yes }
  children:
    nodes:
      hosts:
        node[01:03]: { ansible_port: 99999, ansible_become_password: 123 }
        n[b:a]:
      host: {}
`;
    expect(brief(text)).toMatchInlineSnapshot(`
      "✖ CONFIG_INVALID  inventory.yaml:3:5
        Unknown variable of Ansible: "ansible_usr" (did you mean "ansible_user"?)
          3 |     ansible_usr: root
            |     ^
        Write ansible_user, or take it out.
      ✖ CONFIG_INVALID  inventory.yaml:4:5
        Unrecognized key: "networks" (did you mean "network"?)
          4 |     networks: {}
            |     ^
        Write network, or take it out; docs/inventory.md has all keys.
      ✖ CONFIG_INVALID  inventory.yaml:7:17
        Not the start of a range
          7 |       pod_cidr: 10.5.0.1/16
            |                 ^
        Write 10.5.0.0/16.
      ✖ CONFIG_INVALID  inventory.yaml:8:7
        Unrecognized key: "servce_cidr" (did you mean "service_cidr"?)
          8 |       servce_cidr: 10.6.0.0/16
            |       ^
        Write service_cidr, or take it out; docs/inventory.md has all keys.
      ✖ CONFIG_INVALID  inventory.yaml:9:28
        Invalid input: expected number, received string
          9 |       node_cidr_mask_size: "24"
            |                            ^
        Take the quotes away.
      ✖ CONFIG_INVALID  inventory.yaml:11:45
        Not a SHA-256: expected 64 hexadecimal digits
          11 |       cni_plugins: { path: cni.tgz, sha256: abc }
             |                                             ^
        Correct sha256: its SHA-256, as \`sha256sum\` prints it.
      ✖ CONFIG_INVALID  inventory.yaml:12:25
        Not the name of a flag: write it without the leading "--"
          12 |     kubelet: { flags: { --v: 2 } }
             |                         ^
        Write something like max-pods.
      ✖ CONFIG_INVALID  inventory.yaml:13:23
        Invalid option: expected one of "static-routes"|"flannel"|"flannel-daemonset"|"flannel-etcd" (did you mean "static-routes"?)
          13 |     network: { agent: static-route, masquerade: yes }
             |                       ^
        Write static-routes.
      ✖ CONFIG_INVALID  inventory.yaml:13:49
        Invalid input: expected boolean, received string
          13 |     network: { agent: static-route, masquerade: yes }
             |                                                 ^
        Write true.
      ✖ CONFIG_INVALID  inventory.yaml:17:38
        Too big: expected number to be <=65535
          17 |         node[01:03]: { ansible_port: 99999, ansible_become_password: …
             |                                      ^
        Write a whole number from 1 to 65535.
      ✖ CONFIG_INVALID  inventory.yaml:17:70
        Invalid input: expected string or object
          17 |         node[01:03]: { ansible_port: 99999, ansible_become_password: …
             |                                                                      ^
        Put it in quotes.
      ✖ CONFIG_INVALID  inventory.yaml:18:9
        The range "[b:a]" runs backwards
          18 |         n[b:a]:
             |         ^
        Write a range as in node[01:50] or node[a:c].
      ✖ CONFIG_INVALID  inventory.yaml:19:7
        Unrecognized key: "host" (did you mean "hosts"?)
          19 |       host: {}
             |       ^
        A group has vars, hosts and children; variables go under vars, groups under children."
    `);
  });

  it.each([
    [
      'Jinja',
      inventoryText({ vars: '    ansible_user: "{{ lookup(1) }}"' }),
      'inventory.yaml:5:19\n  An inventory holds plain values, no Jinja expressions\n',
    ],
    [
      'nothing that is like a variable of Ansible',
      inventoryText({ vars: '    ansible_diff_mode_always: true' }),
      'Unknown variable of Ansible: "ansible_diff_mode_always"\n    5 |     ansible_diff_mode_always: true\n      |     ^\n  Understood: ansible_connection, ',
    ],
    ['no nodes', inventoryText().replace('nodes:', 'workers:'), 'inventory.yaml:1:1\n  There is no group "nodes"\n'],
    [
      'an empty group of nodes',
      inventoryText().replace(/nodes: .*/, 'nodes:'),
      'inventory.yaml:1:1\n  The group "nodes" has no hosts\n',
    ],
    [
      'no control plane',
      inventoryText().replace(/ {4}control_plane.*\n/, ''),
      'inventory.yaml:1:1\n  There is no group "control_plane"\n',
    ],
    [
      'an empty control plane',
      inventoryText().replace(/control_plane: .*/, 'control_plane:'),
      'inventory.yaml:1:1\n  The group "control_plane" has no hosts\n',
    ],
    [
      'an address that is none',
      inventoryText().replace('10.0.0.12', '10.78.0.321'),
      'inventory.yaml:8:82\n  Not an IPv4 address: its four numbers go from 0 to 255, without zeros before them\n',
    ],
    [
      'a name that is no address',
      inventoryText({ rest: '    odd: { hosts: { 10.0.0.256: } }' }),
      'inventory.yaml:9:21\n  Not an IPv4 address: "10.0.0.256"\n',
    ],
    [
      'one address twice',
      inventoryText().replace('0.12', '0.11'),
      'inventory.yaml:8:59\n  "node1" and "node2" have the address 10.0.0.11 port 22\n',
    ],
    [
      'hosts as a list',
      'all:\n  hosts: [a]\n',
      'inventory.yaml:2:10\n  Expected hosts: a map with each host as a key, ending in a colon\n',
    ],
    [
      'a missing section',
      inventoryText().replace(/ {4}artifacts.*\n/, ''),
      'inventory.yaml:2:3\n  Missing key: "artifacts" (local files that hosts need)\n',
    ],
    [
      'a port in a name',
      inventoryText().replace('node1:', '"node1:22":'),
      'inventory.yaml:8:23\n  Not the name of a host: "node1:22"\n',
    ],
    [
      'a cluster-wide setting of a host',
      inventoryText({ rest: '    odd: { hosts: { node2: { cluster: { pod_cidr: 10.9.0.0/16 } } } }' }),
      'inventory.yaml:9:51\n  cluster.pod_cidr belongs to the whole cluster and cannot differ between hosts\n',
    ],
    [
      'a circle of groups',
      inventoryText({ rest: '    a: { children: { b: { children: { a: } } } }' }),
      'inventory.yaml:9:5\n  Groups contain each other: a → b → a\n',
    ],
    [
      'one Node twice',
      inventoryText({ rest: '    odd: { vars: { node_name: n }, hosts: { node1: , node2: } }' }),
      '"node1" and "node2" are both said to be the Node n\n',
    ],
    ['a misplaced group', 'all:\n  nodes: {}\n', 'inventory.yaml:2:3\n  Unrecognized key: "nodes"\n'],
  ])('%s', (_, text, expected) => {
    expect(brief(text)).toContain(expected);
  });

  it.each([
    ['one address', inventoryText().replace('0.12', '0.11'), 'ansible_host or ansible_port'],
    [
      'one Node',
      inventoryText({ rest: '    odd: { vars: { node_name: n }, hosts: { node1: , node2: } }' }),
      'node_name',
    ],
  ])('says what to do about two hosts with %s', (_, text, key) => {
    expect(brief(text)).toContain(`\n  Give each its own ${key}, or take one of them out.`);
  });

  it('never shows what follows a password', () => {
    expect(brief(inventoryText({ vars: '    ansible_become_password: 4711' }))).not.toContain('4711');
  });

  it('warns of a free variable that nothing reads, once', () => {
    const text = inventoryText({ vars: '    motd: hello', rest: '    odd: { hosts: { node2: { motd: x } } }' });
    expect(parse(text).warnings).toEqual(['/etc/cluster/inventory.yaml:5:5 the variable "motd" is read by nothing']);
    expect(parse(text, ['motd']).warnings).toEqual([]);
  });
});

describe('groups whose names are nearly those that mean something', () => {
  it.each([
    ['controlplane', 'control_plane', inventoryText().replace('control_plane:', 'controlplane:'), 7],
    ['control-plane', 'control_plane', inventoryText().replace('control_plane:', 'control-plane:'), 7],
    ['node', 'nodes', inventoryText().replace('nodes:', 'node:'), 8],
    ['node', 'nodes', inventoryText({ rest: '    node: { hosts: { node3: { ansible_host: 10.0.0.13 } } }' }), 9],
  ])('%s instead of %s is refused at its line', (name, meant, text, line) => {
    const told = brief(text);
    expect(told).toContain(
      `✖ CONFIG_INVALID  inventory.yaml:${line}:5\n  The group "${name}" has no meaning of its own (did you mean "${meant}"?)\n`,
    );
    expect(told).toContain(`\n  Write ${meant}, or give a group of yours a name that is less like it.`);
    expect(told.match(/✖/g)).toHaveLength(1);
  });

  it('are those of the operator where their hosts are in one of the two', () => {
    const rest = '    nodes_a: { hosts: { node1: } }\n    control-plane: { hosts: { master1: } }';
    expect(parse(inventoryText({ rest })).groups.get('nodes_a')).toEqual(['node1']);
  });
});

describe('an inventory without the key all', () => {
  const all = 'Missing key: "all" (the group of all hosts)';
  it.each([
    [
      inventoryText().replace('all:', 'everything:'),
      `${all}\n    1 | everything:`,
      'Write all: instead of everything:',
    ],
    [inventoryText().replace('all:', 'al:'), `${all} (did you mean "all"?)`, 'Write all: instead of al:'],
    ['vars: {}\nhosts: {}\n', all, 'Write all: at the top'],
    ['', all, 'Write all: at the top'],
    ['- a\n', 'Expected an inventory: a map with the key "all"', 'inventory.example.yaml'],
  ])('%# says so, and nothing else', (text, what, fix) => {
    const told = brief(text);
    expect(told).toContain(`✖ CONFIG_INVALID  inventory.yaml:1:1\n  ${what}`);
    expect(told).toContain(fix);
    expect(told.match(/✖/g)).toHaveLength(1);
  });
});

it('has an example of its own for each range', () => {
  expect(brief(inventoryText().replace(/, service_cidr: [^ ]*/, ''))).toContain(
    'Add service_cidr, such as 10.6.0.0/16;',
  );
  expect(brief(inventoryText().replace(/pod_cidr: [^ ]*/, ''))).toContain('Add pod_cidr, such as 10.5.0.0/16;');
});

it("says of an inventory in Ansible's older format how it becomes YAML", () => {
  expect(brief('# hosts\n\n[nodes:vars] ; all\na=b\n')).toBe(
    `✖ CONFIG_INVALID  inventory.yaml:3:1
  An inventory in INI format is not read
    3 | [nodes:vars] ; all
      | ^
  Write it in YAML, as in inventory.example.yaml; \`ansible-inventory -i inventory.yaml --list --yaml\` prints this one so.`,
  );
  expect(brief('[a, b]\n')).not.toContain('INI');
});
