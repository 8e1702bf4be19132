import { dirname, resolve } from 'node:path';
import { type ProvisionError, ProvisionErrors } from '../errors.ts';
import { runtimeUnits } from '../kubernetes/kubelet/kubelet-runtime.ts';
import { type Checked, check, inOrder, type Locate } from './check.ts';
import { connectionSchema, toConnection } from './connection.ts';
import { checkGroupNames } from './group-names.ts';
import { readGroups } from './groups.ts';
import type { Host, Inventory } from './host.ts';
import { checkHosts } from './inventory-rules.ts';
import { type Merged, mergeLayers } from './merge.ts';
import type { OneOff } from './one-off.ts';
import { findMemberships, layersOf, orderGroups } from './precedence.ts';
import { readConfigFile } from './read-config-file.ts';
import { refuseIni } from './refuse-ini.ts';
import { findSealed, hidePlainSecrets } from './sealed.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { parseSource, type Source } from './source.ts';
import {
  checkNames,
  inventoryPage,
  isConnectionKey,
  isSetting,
  refuseJinja,
  sayJinja,
  withoutAliases,
} from './variables.ts';

export interface InventoryOptions {
  /** What `~/` in a path stands for. */
  readonly homeFolder: string;
  /** Free variables that playbooks and templates read. */
  readonly reads?: ReadonlySet<string>;
  /** Told of every secret that stands in the file as it is, before any mistake is. */
  readonly hide?: (secret: string) => void;
  /** Settings of this run that win over all others. */
  readonly oneOffs?: readonly OneOff[];
}

export const loadInventory = (file: string, options: InventoryOptions): Inventory =>
  parseInventory(file, readConfigFile(file), options);

/** Throws ProvisionErrors with every mistake of the file. */
export function parseInventory(file: string, text: string, options: InventoryOptions): Inventory {
  refuseIni(file, text);
  const source = parseSource(file, text, { sayExpression: sayJinja });
  const reads = options.reads ?? new Set<string>();
  const oneOffs = options.oneOffs ?? [];
  const last = oneOffs.map((one) => one.layer);
  const mistakes: ProvisionError[] = [...refuseJinja(source)];
  const tree = readGroups(source, mistakes);
  for (const { layers } of [...tree.groups.values(), ...tree.hosts.values()])
    layers.splice(0, layers.length, ...layers.map((layer) => withoutAliases(layer, source, mistakes)));
  for (const { layers } of [...tree.groups.values(), ...tree.hosts.values()])
    for (const layer of layers) {
      mistakes.push(...checkNames(layer, reads, source));
      hidePlainSecrets(layer, options.hide);
    }

  const toPath = (path: string): string =>
    path.startsWith('~/') ? resolve(options.homeFolder, path.slice(2)) : resolve(dirname(file), path);
  const keep = <Value>(checked: Checked<Value>): Value | undefined => {
    if ('value' in checked) return checked.value;
    mistakes.push(...checked.mistakes);
    return undefined;
  };

  const ordered = orderGroups(tree, source, mistakes);
  const memberships = findMemberships(tree, ordered);
  mistakes.push(...checkGroupNames(tree, memberships, source));
  const common = mergeLayers([...(tree.groups.get('all')?.layers ?? []), ...last], isSetting);
  const commonPlace = placeIn(source, oneOffs, common);
  const settings = keep(check(settingsSchema, pick(common.values, isSetting), commonPlace, inventoryPage));
  const hosts = [...tree.hosts.values()].flatMap((raw): Host[] => {
    const groups = memberships.get(raw.name) ?? [];
    const merged = mergeLayers([...layersOf(groups, raw.layers), ...last], isSetting);
    const locate = placeIn(source, oneOffs, merged);
    const own = keep(check(settingsSchema, pick(merged.values, isSetting), locate, inventoryPage));
    const connection = keep(check(connectionSchema, pick(merged.values, isConnectionKey), locate, inventoryPage));
    if (!own || !connection) return [];
    return [
      {
        name: raw.name,
        groups: groups.map((group) => group.name),
        connection: toConnection(raw.name, connection, toPath),
        ...(own.node_name === undefined ? {} : { nodeName: own.node_name }),
        settings: complete(own, toPath),
        variables: pick(merged.values, (key) => !isSetting(key) && !isConnectionKey(key)),
        sealed: findSealed(connection, merged.values, reads, locate, toPath),
        unread: [],
        location: source.locate(raw.path, 'key'),
        locate,
      },
    ];
  });
  const groups = new Map(
    ordered.map(({ name }) => [name, hosts.filter((host) => host.groups.includes(name)).map((host) => host.name)]),
  );
  if (!settings || mistakes.length > 0) throw new ProvisionErrors(inOrder(mistakes));

  const inventory: Inventory = {
    file,
    hosts,
    groups,
    settings: complete(settings, toPath),
    warnings: warnUnread(),
    locate: commonPlace,
  };
  mistakes.push(...checkHosts(inventory, source.locate(['all'], 'key')));
  if (mistakes.length > 0) throw new ProvisionErrors(inOrder(mistakes));
  return inventory;

  function warnUnread(): readonly string[] {
    const layers = [...tree.groups.values(), ...tree.hosts.values()].flatMap((one) => one.layers);
    const unread = layers.flatMap(({ path, values }) =>
      Object.keys(values)
        .filter((key) => !isSetting(key) && !isConnectionKey(key) && !reads.has(key))
        .map((key) => ({ key, where: source.locate([...path, key], 'key') })),
    );
    const first = new Map(unread.reverse().map(({ key, where }) => [key, where]));
    return [...first]
      .reverse()
      .map(([key, { line, column }]) => `${file}:${line}:${column} the variable "${key}" is read by nothing`);
  }
}

/** Where a merged value is written; what is missing belongs under the variables of `all`. */
const placeIn =
  (source: Source, oneOffs: readonly OneOff[], merged: Merged): Locate =>
  (path, part) => {
    const origin = merged.origin(path) ?? ['all', 'vars', ...path];
    const [first, ...rest] = origin;
    const oneOff = typeof first === 'number' ? oneOffs[first] : undefined;
    return oneOff ? oneOff.locate(rest, part) : source.locate(origin, part);
  };

const pick = (values: Readonly<Record<string, unknown>>, wanted: (key: string) => boolean): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([key]) => wanted(key)));

/** Paths resolved, and the defaults that depend on another setting. */
const complete = (settings: Settings, toPath: (path: string) => string): Settings => ({
  ...settings,
  runtime: { ...settings.runtime, unit: settings.runtime.unit ?? runtimeUnits[settings.runtime.type] },
  network: { ...settings.network, ...(settings.network.etcd && { etcd: etcdPaths(settings.network.etcd, toPath) }) },
  cluster: { ...settings.cluster, kubeconfig: toPath(settings.cluster.kubeconfig) },
  images: imagesOf(settings.images, toPath),
  identity: { ...settings.identity, ...(settings.identity.ca && { ca: pathsOf(settings.identity.ca, toPath) }) },
  artifacts: Object.fromEntries(
    Object.entries(settings.artifacts).map(([name, one]) => [
      name,
      Array.isArray(one) ? one.map(resolved(toPath)) : one && resolved(toPath)(one),
    ]),
  ) as Settings['artifacts'],
  install: {
    ...settings.install,
    files: settings.install.files.map((file) => ({ ...file, source: toPath(file.source) })),
    hooks: Object.fromEntries(
      Object.entries(settings.install.hooks).map(([when, path]) => [when, path && toPath(path)]),
    ),
  },
});

function imagesOf(images: Settings['images'], toPath: (path: string) => string): Settings['images'] {
  const { ca, password } = images;
  const isFile = typeof password === 'object' && password.kind === 'file';
  return {
    ...images,
    ...(ca !== undefined && { ca: toPath(ca) }),
    ...(isFile && { password: { ...password, value: toPath(password.value) } }),
  };
}

const etcdPaths = (etcd: NonNullable<Settings['network']['etcd']>, toPath: (path: string) => string) => {
  const { endpoints, prefix, ca, certificate, key } = etcd;
  const files = { ...(ca && { ca }), ...(certificate && { certificate }), ...(key && { key }) };
  return { endpoints, prefix, ...pathsOf(files, toPath) };
};

const pathsOf = <Files extends Readonly<Record<string, string>>>(files: Files, toPath: (path: string) => string) =>
  Object.fromEntries(Object.entries(files).map(([name, path]) => [name, toPath(path)])) as Files;

const resolved =
  (toPath: (path: string) => string) =>
  <Named extends { readonly path: string }>(artifact: Named): Named => ({ ...artifact, path: toPath(artifact.path) });
