import { isKnownVersion, parseToml, pluginOf, valueAt, versionOf } from '../containerd/containerd-toml.ts';
import { renderHeader } from '../containerd/edit-toml.ts';

export type CgroupDriver = 'systemd' | 'cgroupfs';

/** How a runtime makes cgroups, and by which key of which file. */
export interface RuntimeDriver {
  readonly driver: CgroupDriver;
  /** What says so, for a person. */
  readonly because: string;
  /** How to have the other one. */
  readonly change: (driver: CgroupDriver) => string;
}

/** Shims that start runc, or a program that takes its place. */
const isRunc = (type: unknown): boolean =>
  type === undefined ||
  type === '' ||
  (typeof type === 'string' && /^io\.containerd\.(runc\.v\d+|runtime\.v1\.linux)$/.test(type));

/** containerd's file as it stands, and what containerd says that it goes by (`containerd config dump`), where it was asked. */
export interface ContainerdTexts {
  readonly text: string | undefined;
  readonly dump: string | undefined;
}

/**
 * The driver of containerd's default runtime; undefined for a runtime that is not runc, and where only a part of what it goes
 * by was seen. The default of every release is cgroupfs (pkg/cri/config/config_unix.go).
 */
export function readContainerdDriver(
  { text, dump }: ContainerdTexts,
  file: string,
  unit: string,
): RuntimeDriver | undefined {
  const source = dump?.includes('.runtimes.') ? dump : text;
  const root = parseToml(source ?? '', file);
  // what is imported may say anything
  if (source !== dump && Array.isArray(root['imports']) && root['imports'].length > 0) return undefined;
  const version = source === undefined ? 2 : versionOf(root);
  if (!isKnownVersion(version)) return undefined;
  const plugin = pluginOf(version);
  const read = (...path: string[]): unknown => valueAt(root, ['plugins', plugin, ...path]);
  const name = read('containerd', 'default_runtime_name') || 'runc';
  // of files before version 2: it takes the place of the named one
  const isUnnamed = Boolean(read('containerd', 'default_runtime', 'runtime_type'));
  const runtime = isUnnamed ? ['containerd', 'default_runtime'] : ['containerd', 'runtimes', String(name)];
  if (!isRunc(read(...runtime, 'runtime_type'))) return undefined;
  // as the file itself calls it: containerd 2 reads older ones and shows newer ones
  const written = parseToml(text ?? '', file);
  const isOwnKnown = text !== undefined && isKnownVersion(versionOf(written));
  const own = isOwnKnown ? pluginOf(versionOf(written)) : plugin;
  const table = renderHeader(['plugins', own, ...runtime, 'options']);
  // the way of containerd before 1.3
  const isForAll = valueAt(written, ['plugins', own, 'systemd_cgroup']) === true;
  const isSystemd = isForAll || read(...runtime, 'options', 'SystemdCgroup') === true;
  const isInFile = /^[^#\n]*SystemdCgroup/m.test(text ?? '');
  return {
    driver: isSystemd ? 'systemd' : 'cgroupfs',
    because: isForAll
      ? `systemd_cgroup = true in ${file}`
      : isInFile
        ? `SystemdCgroup = ${isSystemd} under ${table} in ${file}`
        : isSystemd
          ? `SystemdCgroup = true in what ${file} imports`
          : `no SystemdCgroup under ${table} in ${file}, which means cgroupfs`,
    change: (driver) =>
      `write \`SystemdCgroup = ${driver === 'systemd'}\` under ${table} in ${file}, then systemctl restart ${unit}`,
  };
}

/**
 * Docker's driver, by the command line of dockerd and its daemon.json. Where neither says it, it is systemd with
 * cgroup v2 and cgroupfs with v1.
 */
export function readDockerDriver(
  { command, json, path }: { readonly command: string; readonly json: string; readonly path: string },
  cgroup: 1 | 2,
): RuntimeDriver {
  const option = /native\.cgroupdriver=(systemd|cgroupfs)/;
  const [flagged, filed] = [option.exec(command)?.[1], option.exec(json)?.[1]];
  const said = flagged ?? filed;
  const usual = cgroup === 2 ? 'systemd' : 'cgroupfs';
  return {
    driver: said === 'systemd' || said === 'cgroupfs' ? said : usual,
    because:
      flagged !== undefined
        ? `native.cgroupdriver=${flagged} on the command line of dockerd`
        : filed !== undefined
          ? `native.cgroupdriver=${filed} in ${path}`
          : `no native.cgroupdriver in ${path} or on the command line of dockerd, which means ${usual} with cgroup v${cgroup}`,
    change: (driver) =>
      flagged !== undefined
        ? `have dockerd started with \`--exec-opt native.cgroupdriver=${driver}\``
        : `write \`"exec-opts": ["native.cgroupdriver=${driver}"]\` into ${path}, then restart Docker, which ends its containers unless it has live-restore`,
  };
}
