import { isDeepStrictEqual } from 'node:util';
import type { OneOffSetting } from '../events.ts';
import { formatLocation } from '../location.ts';
import { valueAt } from './check.ts';
import type { Host, Inventory } from './host.ts';
import type { OneOff } from './one-off.ts';
import { type Path, writeYaml } from './source.ts';

/** What becomes of one-off settings once the run is over; those of `roll` are about the run itself and left out. */
export function compareOneOffs(
  oneOffs: readonly OneOff[],
  before: Inventory,
  after: Inventory,
  chosen: readonly string[],
): readonly OneOffSetting[] {
  return oneOffs.filter(({ path }) => path[0] !== 'roll').map((oneOff) => compare(oneOff, before, after, chosen));
}

function compare({ text, path, value }: OneOff, before: Inventory, after: Inventory, chosen: readonly string[]) {
  const concerned = before.groups.get(path[0] === 'controller_manager' ? 'control_plane' : 'nodes') ?? [];
  const hosts = before.hosts.filter(({ name }) => concerned.includes(name) && chosen.includes(name));
  const settingsAfter = new Map(after.hosts.map((host) => [host.name, host.settings]));
  const changed = hosts.filter(
    (host) => !isDeepStrictEqual(valueAt(host.settings, path), valueAt(settingsAfter.get(host.name), path)),
  );
  const written = [...new Set(changed.filter((host) => isWritten(host, path)).map((host) => place(host, path)))];
  const isForAll = concerned.every((name) => chosen.includes(name));
  const unwritten = isForAll ? changed.filter((host) => !isWritten(host, path)) : changed;
  const lines = value === null || unwritten.length === 0 ? '' : linesFor(path, value, isForAll ? [] : unwritten);
  return { set: text, path, value, hosts: changed.map(({ name }) => name), written, lines };
}

/** What is not written has no place of its own. */
const isWritten = (host: Host, path: Path): boolean =>
  !isDeepStrictEqual(host.locate(path, 'key'), host.locate(path.slice(0, -1), 'key'));

const place = (host: Host, path: Path): string => formatLocation(host.locate(path, 'key'));

/** The value in an inventory: for all, or for single hosts. */
function linesFor(path: readonly string[], value: unknown, hosts: readonly Host[]): string {
  const nested = path.reduceRight((inner, name) => ({ [name]: inner }), value);
  const body =
    hosts.length === 0 ? { vars: nested } : { hosts: Object.fromEntries(hosts.map(({ name }) => [name, nested])) };
  return writeYaml({ all: body });
}
