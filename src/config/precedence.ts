import type { ProvisionError } from '../errors.ts';
import { mistake } from './check.ts';
import type { GroupTree, Layer, RawGroup } from './groups.ts';
import type { Source } from './source.ts';

/** Groups in the order their variables apply, later ones winning: by depth below `all`, then priority, then name. */
export function orderGroups(tree: GroupTree, source: Source, mistakes: ProvisionError[]): readonly RawGroup[] {
  const depths = new Map<string, number>();
  const depthOf = (group: RawGroup, below: readonly string[]): number => {
    const known = depths.get(group.name);
    if (known !== undefined) return known;
    if (below.includes(group.name)) {
      const circle = [...below.slice(below.indexOf(group.name)), group.name].join(' → ');
      mistakes.push(
        mistake(
          `Groups contain each other: ${circle}`,
          source.locate(group.path, 'key'),
          'Take one of them out of the children of the other.',
        ),
      );
      return 0;
    }
    const parents = [...group.parents].flatMap((name) => tree.groups.get(name) ?? []);
    const depth = parents.reduce((most, parent) => Math.max(most, depthOf(parent, [...below, group.name]) + 1), 0);
    depths.set(group.name, depth);
    return depth;
  };
  const ranked = [...tree.groups.values()].map((group) => ({
    group,
    depth: depthOf(group, []),
    priority: priorityOf(group),
  }));
  ranked.sort(
    (a, b) =>
      a.depth - b.depth ||
      a.priority - b.priority ||
      (a.group.name < b.group.name ? -1 : a.group.name > b.group.name ? 1 : 0),
  );
  return ranked.map(({ group }) => group);
}

function priorityOf(group: RawGroup): number {
  const priorities = group.layers.map(({ values }) => values['ansible_group_priority']);
  return priorities.filter((value) => typeof value === 'number').at(-1) ?? 1;
}

/** For each host the names of the groups it is in, directly or through a child, in the given order. */
export function findMemberships(
  tree: GroupTree,
  ordered: readonly RawGroup[],
): ReadonlyMap<string, readonly RawGroup[]> {
  const groupsOf = new Map<string, Set<string>>([...tree.hosts.keys()].map((host) => [host, new Set(['all'])]));
  const join = (group: RawGroup, host: string): void => {
    const joined = groupsOf.get(host);
    if (!joined || (joined.has(group.name) && group.name !== 'all')) return;
    joined.add(group.name);
    for (const parent of group.parents) {
      const above = tree.groups.get(parent);
      if (above) join(above, host);
    }
  };
  for (const group of tree.groups.values()) for (const host of group.hosts) join(group, host);
  return new Map([...groupsOf].map(([host, names]) => [host, ordered.filter(({ name }) => names.has(name))]));
}

/** The variables of one host in the order they apply: all, its groups from the outside in, its own. */
export const layersOf = (groups: readonly RawGroup[], own: readonly Layer[]): readonly Layer[] => [
  ...groups.flatMap((group) => group.layers),
  ...own,
];
