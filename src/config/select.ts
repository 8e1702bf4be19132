import { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { mistake } from './check.ts';
import type { Host, Inventory } from './host.ts';
import type { Playbook } from './playbook.ts';
import { didYouMean, nearest } from './suggest.ts';

/** Groups that playbooks may name whether or not an inventory has them. */
const groupsWithMeaning = ['all', 'control_plane', 'nodes'];

const namesOf = (inventory: Inventory): readonly string[] => [
  ...new Set([...groupsWithMeaning, ...inventory.groups.keys(), ...inventory.hosts.map((host) => host.name)]),
];

const toGlob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

const isExcluding = (pattern: string): boolean => pattern.startsWith('!');

/** The hosts a pattern without `!` means; undefined when no group or host has that name. */
function hostsOf(pattern: string, inventory: Inventory): ReadonlySet<string> | undefined {
  const glob = toGlob(pattern);
  const names = namesOf(inventory).filter((name) => glob.test(name));
  if (names.length === 0) return undefined;
  return new Set(
    names.flatMap((name) => inventory.groups.get(name) ?? (groupsWithMeaning.includes(name) ? [] : [name])),
  );
}

/** The mistake in a pattern of a playbook: a group or host that is not in the inventory. */
export function checkPattern(pattern: string, inventory: Inventory, where: Location): readonly ProvisionError[] {
  const name = pattern.replace(/^!/, '');
  if (hostsOf(name, inventory)) return [];
  const known = namesOf(inventory);
  const meant = nearest(name, known);
  const fix = `Write ${meant === undefined ? 'a' : `${meant}, or another`} group or host of the inventory.`;
  return [mistake(`No group or host is called "${name}"${didYouMean(name, known)}`, where, fix)];
}

/** The hosts that patterns mean, in the order of the inventory; only exclusions mean all others. */
export function selectHosts(inventory: Inventory, patterns: readonly string[]): readonly Host[] {
  const wanted = patterns.filter((pattern) => !isExcluding(pattern));
  const within = (names: readonly string[]) => new Set(names.flatMap((name) => [...(hostsOf(name, inventory) ?? [])]));
  const included = within(wanted.length > 0 ? wanted : ['all']);
  const excluded = within(patterns.filter(isExcluding).map((pattern) => pattern.slice(1)));
  return inventory.hosts.filter(({ name }) => included.has(name) && !excluded.has(name));
}

const unknownName = (option: string, name: string, known: readonly string[]): ProvisionError =>
  new ProvisionError({
    code: 'USAGE',
    kind: 'usage',
    what: `${option}: there is no "${name}"${didYouMean(name, known)}`,
    fix: `There is: ${known.join(', ')}.`,
  });

/** The hosts of `--limit`: names, groups and globs, separated by commas, `!` before what is left out. Throws USAGE for an unknown one. */
export function limitHosts(inventory: Inventory, limit: string): readonly Host[] {
  const patterns = limit
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  for (const name of patterns.map((pattern) => pattern.replace(/^!/, '')))
    if (!hostsOf(name, inventory)) throw unknownName('--limit', name, namesOf(inventory));
  const hosts = patterns.length === 0 ? [] : selectHosts(inventory, patterns);
  if (hosts.length > 0) return hosts;
  throw new ProvisionError({
    code: 'USAGE',
    kind: 'usage',
    what: `--limit '${limit}' leaves no host`,
    fix: 'Name hosts or groups of the inventory, or leave --limit out.',
  });
}

/** The playbook with the tasks of `--tags` alone; stages without any are left out. Throws USAGE for an unknown tag. */
export function limitTasks(playbook: Playbook, tags: readonly string[]): Playbook {
  const known = [...new Set(playbook.stages.flatMap((stage) => stage.tasks.flatMap((task) => task.tags)))];
  for (const tag of tags) if (!known.includes(tag)) throw unknownName('--tags', tag, known);
  const stages = playbook.stages.map((stage) => ({
    ...stage,
    tasks: stage.tasks.filter((task) => task.tags.some((tag) => tags.includes(tag))),
  }));
  return { ...playbook, stages: stages.filter((stage) => stage.tasks.length > 0) };
}
