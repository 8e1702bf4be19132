import { describe, expect, it } from 'vitest';
import { compareOneOffs } from '../../../src/config/compare-one-offs.ts';
import { parseInventory } from '../../../src/config/inventory.ts';
import { parseOneOffs } from '../../../src/config/one-off.ts';
import { checkTakenOut } from '../../../src/config/taken-out.ts';
import { inventoryText, thrownBy } from './shown.ts';

const groups = `    web: { hosts: { node2: }, vars: { kubelet: { flags: { max-pods: 150, v: 4 } } } }
`;
const text = inventoryText({ vars: '    kubelet: { flags: { max-pods: 100 } }', rest: groups });
const parse = (...set: readonly string[]) =>
  parseInventory('inventory.yaml', text, { homeFolder: '/', oneOffs: parseOneOffs(set) });
const flagsOf = (name: string, ...set: readonly string[]) =>
  parse(...set).hosts.find((host) => host.name === name)?.settings.kubelet.flags;
const brief = (...set: readonly string[]) => thrownBy(() => parse(...set));
const compare = (set: string, hosts: readonly string[] = ['master1', 'node1', 'node2']) =>
  compareOneOffs(parseOneOffs([set]), parse(), parse(set), hosts);

describe('a one-off setting', () => {
  it('wins over groups and hosts, and leaves what stands beside it', () => {
    expect(flagsOf('node1', 'kubelet.flags.max-pods=200')).toEqual({ 'max-pods': '200' });
    expect(flagsOf('node2', 'kubelet.flags.max-pods=200')).toEqual({ 'max-pods': '200', v: '4' });
    expect(flagsOf('node2', 'kubelet.flags={ max-pods: 7 }')).toEqual({ 'max-pods': '7', v: '4' });
    expect(parse('roll.batches=[2, 50%]', 'roll.drain=true').settings.roll).toMatchObject({
      batches: [2, '50%'],
      drain: true,
    });
  });

  it('takes a key out with null, and the later one of two counts', () => {
    expect(flagsOf('node2', 'kubelet.flags.max-pods=null')).toEqual({ v: '4' });
    expect(flagsOf('node1', 'kubelet.flags.v=1', 'kubelet.flags.v=2')).toMatchObject({ v: '2' });
    expect(flagsOf('node1', 'kubelet.flags.v=null', 'kubelet.flags.v=2')).toMatchObject({ v: '2' });
  });

  it('ends its path at the first =, and splits it at dots without a backslash', () => {
    expect(flagsOf('node1', 'kubelet.flags.feature-gates=A=true,B=false')).toMatchObject({
      'feature-gates': 'A=true,B=false',
    });
    const { config } = parse('kubelet.config.evictionHard.memory\\.available=200Mi').settings.kubelet;
    expect(config).toEqual({ evictionHard: { 'memory.available': '200Mi' } });
  });

  it('is refused with all mistakes where it cannot be one', () => {
    expect(
      brief('x', 'kublet.flags.v=1', 'cluster.pod_cidr=10.9.0.0/16', 'kubelet=1', 'kubelet..v=1', 'kubelet.flags.v='),
    ).toMatchInlineSnapshot(`
      "✖ SET_INVALID  --set:1:1
        There is no "=" in it
          1 | x
            | ^
        Write it as in kubelet.flags.max-pods=200; a dot within a name is written \\.
      ✖ SET_INVALID  --set:2:1
        No setting of "kublet" can be given for one run (did you mean "kubelet"?)
          2 | kublet.flags.v=1
            | ^
        Settings below kubelet, controller_manager, kube_proxy, runtime, roll can be; write others into the inventory.
      ✖ SET_INVALID  --set:3:1
        No setting of "cluster" can be given for one run
          3 | cluster.pod_cidr=10.9.0.0/16
            | ^
        Settings below kubelet, controller_manager, kube_proxy, runtime, roll can be; write others into the inventory.
      ✖ SET_INVALID  --set:4:1
        It does not say which setting of kubelet
          4 | kubelet=1
            | ^
        Write it as in kubelet.flags.max-pods=200; a dot within a name is written \\.
      ✖ SET_INVALID  --set:5:9
        A name is missing in the path
          5 | kubelet..v=1
            |         ^
        Write it as in kubelet.flags.max-pods=200; a dot within a name is written \\.
      ✖ SET_INVALID  --set:6:16
        There is no value
          6 | kubelet.flags.v=
            |                ^
        Write 'kubelet.flags.v=""' for an empty text, and =null to take the key out."
    `);
    expect(brief('kubelet.flags.v=1\n2')).toContain('It goes over several lines');
    expect(brief('kubelet.flags.v="{{ cluster.pod_cidr }}"')).toContain('--set:1:17');
  });

  it('has its mistakes at their place, as the inventory has', () => {
    expect(
      brief(
        'kubelet.flag.v=1',
        'kubelet.flags.v={ a: 1 }',
        'kubelet.config.maxPod=1',
        'roll.batches=[1, 0]',
        'roll.canary=wep',
      ),
    ).toMatchInlineSnapshot(`
      "✖ CONFIG_INVALID  --set:1:9
        Unrecognized key: "flag" (did you mean "flags"?)
          1 | kubelet.flag.v=1
            |         ^
        Write flags, or take it out; docs/inventory.md has all keys.
      ✖ CONFIG_INVALID  --set:2:17
        Not the value of a flag as on a command line ("a=1,b=2"): expected string or number or boolean
          2 | kubelet.flags.v={ a: 1 }
            |                 ^
        Write text, a number, true or false.
      ✖ CONFIG_INVALID  --set:3:16
        A kubelet has no field "maxPod" (did you mean "maxPods"?)
          3 | kubelet.config.maxPod=1
            |                ^
        Write maxPods, or take it out; fields are those of KubeletConfiguration.
      ✖ CONFIG_INVALID  --set:4:18
        Too small: expected number to be >=1
          4 | roll.batches=[1, 0]
            |                  ^
        Write a whole number from 1 on or text like 25%."
    `);
    expect(brief('kubelet.flags.v=1', 'kubelet.flags.v=[1, {a')).toContain('--set:2:22');
    expect(brief('roll.canary=[wep]')).toMatchInlineSnapshot(`
      "✖ CONFIG_INVALID  --set:1:14
        No group or host is called "wep" (did you mean "web"?)
          1 | roll.canary=[wep]
            |              ^
        Write web, or another group or host of the inventory."
    `);
  });
});

describe('taking out what is not there', () => {
  const warnings = (...set: readonly string[]) => checkTakenOut(parseOneOffs(set), parse());

  it('is a warning that names the key', () => {
    expect(warnings('kubelet.flags.max-pod=null', 'kubelet.flags={ v: 4, something: }')).toEqual([
      '--set kubelet.flags.max-pod=null takes out kubelet.flags.max-pod, which the inventory does not say (did you mean "max-pods"?)',
      '--set kubelet.flags={ v: 4, something: } takes out kubelet.flags.something, which the inventory does not say',
    ]);
    expect(warnings('kubelet.flags.v=null', 'kubelet.flags.x=1', 'kubelet.flags.x=null')).toEqual([]);
  });

  it('is a mistake where a space is missing after the colon', () => {
    expect(thrownBy(() => warnings('kubelet.flags={max-pods:100}'))).toMatchInlineSnapshot(`
      "✖ SET_INVALID  --set:1:16
        "max-pods:100" is a key without a value
          1 | kubelet.flags={max-pods:100}
            |                ^
        Write a space after the colon: { max-pods: 100 }."
    `);
  });
});

it('a canary that can be none is a mistake, at its place', () => {
  expect(brief('roll.canary=[master1]')).toMatchInlineSnapshot(`
    "✖ CONFIG_INVALID  --set:1:13
      No canary: "master1" leaves no host that is in the group "nodes" and not in "control_plane"
        1 | roll.canary=[master1]
          |             ^
      Name a node, or leave it out: then the first size of roll.batches is the first batch. Control-plane hosts always come one at a time."
  `);
  expect(brief('roll.canary=[node1, "!nodes"]')).toContain('CONFIG_INVALID  --set:1:13');
  expect(brief('roll.canary=[all, "!node2"]')).toBe('nothing was thrown');
});

describe('keeping it', () => {
  it('names places that say something else, and the lines for hosts that nothing is said of', () => {
    expect(compare('kubelet.flags.max-pods=200')).toMatchObject([
      { hosts: ['node1', 'node2'], written: ['inventory.yaml:5:25', 'inventory.yaml:9:59'], lines: '' },
    ]);
    expect(compare('kubelet.flags.v=2')).toMatchObject([
      {
        hosts: ['node1', 'node2'],
        written: ['inventory.yaml:9:74'],
        lines: 'all:\n  vars:\n    kubelet:\n      flags:\n        v: 2',
      },
    ]);
    expect(compare('kubelet.flags.v=null')).toMatchObject([
      { value: null, hosts: ['node2'], written: ['inventory.yaml:9:74'], lines: '' },
    ]);
  });

  it('has lines for the chosen hosts alone where others are left out', () => {
    const lines = 'all:\n  hosts:\n    node1:\n      kubelet:\n        config:\n          maxPods: 90';
    expect(compare('kubelet.config.maxPods=90', ['node1'])).toMatchObject([{ hosts: ['node1'], written: [], lines }]);
  });

  it('finds what makes no difference, and leaves out what is about the roll', () => {
    expect(compare('kubelet.flags.max-pods=150', ['node2'])).toMatchObject([{ hosts: [], written: [], lines: '' }]);
    expect(compare('controller_manager.flags.v=2', ['node1'])).toMatchObject([{ hosts: [] }]);
    expect(compare('roll.drain=true')).toEqual([]);
  });
});
