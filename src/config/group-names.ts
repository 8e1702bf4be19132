import type { ProvisionError } from '../errors.ts';
import { mistake } from './check.ts';
import type { GroupTree, RawGroup } from './groups.ts';
import type { Source } from './source.ts';
import { didYouMean, nearest } from './suggest.ts';

/** The groups that every inventory has, and the hosts that belong into them. */
export const groupsNeeded = {
  control_plane: 'the hosts that run a kube-controller-manager or an API server',
  nodes: 'the hosts that run a kubelet',
};

/** Groups whose names nearly spell one that is needed, where that one is missing or their hosts are in none of those; `memberships` are the groups of each host. */
export function checkGroupNames(
  { groups }: GroupTree,
  memberships: ReadonlyMap<string, readonly RawGroup[]>,
  source: Source,
): readonly ProvisionError[] {
  const needed = Object.keys(groupsNeeded);
  const isLost = (group: RawGroup): boolean =>
    [...memberships.values()].some((all) => all.includes(group) && !all.some(({ name }) => needed.includes(name)));
  return [...groups.values()].flatMap((group) => {
    const { name, path } = group;
    const meant = needed.includes(name) ? undefined : nearest(name, needed);
    if (meant === undefined || (groups.has(meant) && !isLost(group))) return [];
    return [
      mistake(
        `The group "${name}" has no meaning of its own${didYouMean(name, [meant])}`,
        source.locate(path, 'key'),
        `Write ${meant}, or give a group of yours a name that is less like it.`,
      ),
    ];
  });
}
