import { type ProvisionError, ProvisionErrors } from '../errors.ts';
import { inOrder, isMap, mistake } from './check.ts';
import { expandHostRange } from './host-range.ts';
import { sayKey } from './secret-lines.ts';
import type { Path, Source } from './source.ts';
import { didYouMean } from './suggest.ts';

/** Variables as they are written at one place. */
export interface Layer {
  readonly path: Path;
  readonly values: Readonly<Record<string, unknown>>;
  /** How keys are written, where they are written under another name. */
  readonly written?: Readonly<Record<string, string>>;
  /** Null takes out what is said elsewhere, instead of being a value. */
  readonly takesOut?: boolean;
}

export interface RawGroup {
  readonly name: string;
  readonly path: Path;
  readonly parents: Set<string>;
  readonly hosts: Set<string>;
  readonly layers: Layer[];
}

interface RawHost {
  readonly name: string;
  /** Where it is first mentioned. */
  readonly path: Path;
  readonly layers: Layer[];
}

/** The tree of groups as written, every group and host once. */
export interface GroupTree {
  readonly groups: ReadonlyMap<string, RawGroup>;
  readonly hosts: ReadonlyMap<string, RawHost>;
}

const groupKeys = ['vars', 'hosts', 'children'];

/** Reads `all: {vars, hosts, children}` and further groups beside `all`; what is wrong is added to `mistakes`. Throws where there is no `all`. */
export function readGroups(source: Source, mistakes: ProvisionError[]): GroupTree {
  const groups = new Map<string, RawGroup>();
  const hosts = new Map<string, RawHost>();

  const mapAt = (value: unknown, path: Path, expected: string, example: string): Record<string, unknown> => {
    if (isMap(value)) return value;
    if (value !== null && value !== undefined)
      mistakes.push(mistake(`Expected ${expected}`, source.locate(path), `Write it as in ${example}.`));
    return {};
  };

  const readGroup = (name: string, value: unknown, path: Path, parent: string | undefined): void => {
    const group = groups.get(name) ?? { name, path, parents: new Set(), hosts: new Set(), layers: [] };
    groups.set(name, group);
    if (parent !== undefined && name !== 'all') group.parents.add(parent);
    const body = mapAt(value, path, 'a group: a map with vars, hosts or children', 'nodes: { hosts: { node1: } }');
    for (const key of Object.keys(body).filter((one) => !groupKeys.includes(one)))
      mistakes.push(
        mistake(
          `Unrecognized key${sayKey(path, key)}${didYouMean(key, groupKeys)}`,
          source.locate([...path, key], 'key'),
          'A group has vars, hosts and children; variables go under vars, groups under children.',
        ),
      );
    const vars = mapAt(body['vars'], [...path, 'vars'], 'variables: a map', 'vars: { ansible_user: root }');
    group.layers.push({ path: [...path, 'vars'], values: vars });
    const members = mapAt(
      body['hosts'],
      [...path, 'hosts'],
      'hosts: a map with each host as a key, ending in a colon',
      'hosts: { node1: , node2: }',
    );
    for (const [pattern, values] of Object.entries(members))
      readHosts(group, pattern, values, [...path, 'hosts', pattern]);
    const children = mapAt(
      body['children'],
      [...path, 'children'],
      'groups: a map with each group as a key',
      'children: { nodes: { hosts: { node1: } } }',
    );
    for (const [child, value] of Object.entries(children)) readGroup(child, value, [...path, 'children', child], name);
  };

  const readHosts = (group: RawGroup, pattern: string, value: unknown, path: Path): void => {
    const values = mapAt(value, path, 'the variables of a host: a map', 'node1: { ansible_host: 10.0.0.11 }');
    for (const name of namesOf(pattern, path)) {
      const host = hosts.get(name) ?? { name, path, layers: [] };
      hosts.set(name, host);
      host.layers.push({ path, values });
      group.hosts.add(name);
    }
  };

  const namesOf = (pattern: string, path: Path): readonly string[] => {
    const where = source.locate(path, 'key');
    if (/[\s:](?![^[]*\])|^-/.test(pattern) && !pattern.includes('[')) {
      mistakes.push(mistake(`Not the name of a host: "${pattern}"`, where, 'A port goes into ansible_port.'));
      return [];
    }
    try {
      return expandHostRange(pattern);
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      mistakes.push(mistake(what, where, 'Write a range as in node[01:50] or node[a:c].'));
      return [];
    }
  };

  const top = mapAt(source.value, [], 'an inventory: a map with the key "all"', 'inventory.example.yaml');
  if (!('all' in top)) {
    if (isMap(source.value) || source.value === null) mistakes.push(allMissing(Object.keys(top), source));
    throw new ProvisionErrors(inOrder(mistakes));
  }
  readGroup('all', top['all'], ['all'], undefined);
  for (const [name, value] of Object.entries(top)) if (name !== 'all') readGroup(name, value, [name], 'all');
  return { groups, hosts };
}

/** All else that could be said would only follow from it. */
function allMissing(keys: readonly string[], source: Source): ProvisionError {
  const [first] = keys;
  const only = keys.length === 1 && first !== undefined && !groupKeys.includes(first) ? first : undefined;
  const what = `Missing key: "all" (the group of all hosts)${only === undefined ? '' : didYouMean(only, ['all'])}`;
  const fix =
    only === undefined
      ? 'Write all: at the top, and vars, hosts and children below it; inventory.example.yaml is one.'
      : `Write all: instead of ${only}:, or around it; inventory.example.yaml is one.`;
  return mistake(what, source.locate(first === undefined ? [] : [first], 'key'), fix);
}
