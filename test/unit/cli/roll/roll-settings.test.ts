import { expect, test } from 'vitest';
import { nameOptions, typedSettings } from '../../../../src/cli/roll/roll-settings.ts';
import { parseInventory } from '../../../../src/config/inventory.ts';
import { parseOneOffs } from '../../../../src/config/one-off.ts';
import { rollSchema } from '../../../../src/config/settings.ts';
import { inventoryText, shown } from '../../config/shown.ts';

type Options = Parameters<typeof typedSettings>[0];
const asOneOffs = (options: Options) => typedSettings(options).map(({ set }) => set);
const valuesOf = (options: Options) =>
  Object.fromEntries(parseOneOffs(asOneOffs(options)).map(({ path, value }) => [path.join('.'), value]));

test('options of roll are texts of --set', () => {
  expect(asOneOffs({ drain: false, batches: ['1', '25%'], canary: ['web*', '!web2'] })).toEqual([
    'roll.drain=false',
    'roll.batches=[1, 25%]',
    'roll.canary=["web*", "!web2"]',
  ]);
  expect(asOneOffs({})).toEqual([]);
});

test('each of them is a setting, with a value of its type', () => {
  const values = valuesOf({
    drain: true,
    batches: ['3', '25%'],
    canary: ['node1'],
    maxUnavailable: '10%',
    soak: '30',
    deleteBarePods: true,
    deleteEmptyDir: true,
    patchNodes: true,
  });
  const settings = Object.fromEntries(
    Object.entries(values).map(([path, value]) => [path.slice('roll.'.length), value]),
  );
  expect(rollSchema.parse(settings)).toMatchObject({
    drain: true,
    batches: [3, '25%'],
    canary: ['node1'],
    max_unavailable: '10%',
    soak_seconds: 30,
    delete_bare_pods: true,
    delete_empty_dir: true,
    patch_nodes: true,
  });
});

test('a mistake in an option is told of the option as it was typed, one of --set of its own place', () => {
  const sets = ['roll.drain=perhaps'];
  const told = (options: Options): string => {
    const typed = typedSettings(options);
    const set = [...sets, ...typed.map((one) => one.set)];
    try {
      parseInventory('inventory.yaml', inventoryText(), { homeFolder: '/', oneOffs: parseOneOffs(set) });
      return '';
    } catch (error) {
      return shown(nameOptions(error, sets.length, typed));
    }
  };
  expect(told({ batches: ['1', '0'], soak: 'x', maxUnavailable: '0' })).toMatchInlineSnapshot(`
    "✖ CONFIG_INVALID  --set:1:12
      Invalid input: expected boolean, received string
        1 | roll.drain=perhaps
          |            ^
      Write true or false.
    ✖ USAGE  --batches 1,0
      Too small: expected number to be >=1
      Give numbers of nodes from 1 on, or percentages, as in --batches 1,3,25%.
    ✖ USAGE  --max-unavailable 0
      Too small: expected number to be >=1
      Give a number of Nodes from 1 on, or a percentage, as in --max-unavailable 2.
    ✖ USAGE  --soak x
      Invalid input: expected number, received string
      Give whole seconds from 0 on, as in --soak 30."
  `);
  sets.length = 0;
  expect(told({ canary: ['nod1'] })).toMatchInlineSnapshot(`
    "✖ USAGE  --canary nod1
      No group or host is called "nod1" (did you mean "node1"?)
      Name nodes, or groups or globs of them, as in --canary node1; control-plane hosts always come last."
  `);
});
