import { z } from 'zod';
import { ProvisionError } from '../errors.ts';
import { type CniDirectories, editCniDirectories, readContainerdCni } from '../kubernetes/containerd-config.ts';
import { parseVersion } from '../kubernetes/versions.ts';
import { joinScripts, ShellScript, sh } from '../shell.ts';
import { absolutePath, decodeBase64, readField } from './fields.ts';
import { digest, parseFile, putFile, type SeenFile } from './managed-file.ts';
import { defineOperation } from './operation.ts';

const schema = z.strictObject({
  path: absolutePath.default('/etc/containerd/config.toml').describe("containerd's configuration file"),
  unit: z.string().default('containerd.service').describe('its systemd unit, which names the binary'),
  bin_dir: absolutePath.default('/opt/cni/bin').describe('where it finds CNI plugins'),
  conf_dir: absolutePath.default('/etc/cni/net.d').describe('where it finds network configurations'),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly file: SeenFile;
  /** The file itself where the path is a link. */
  readonly target: string;
  readonly version: string | undefined;
  /** What `containerd config dump` prints, asked for only where other files are imported. */
  readonly dump: string | undefined;
}

/** The version of a build is asked for once; the dump starts containerd each time, so only imports are worth it. */
const seeContainerd = ShellScript.trusted(`
# see_containerd PATH UNIT
see_containerd() {
  target=$(readlink -f "$1") || target=$1
  look "$target" - yes
  echo "target $target"
  binary=$(systemctl show "$2" -p ExecStart | sed -n 's/.*{ path=\\([^ ;]*\\) ;.*/\\1/p' | head -n 1)
  [ -x "\${binary:=$(command -v containerd || echo none)}" ] || return 0
  cache=/run/provision/facts/version$(printf %s "$binary" | tr / _).$(stat -L -c '%i.%s.%Y' "$binary")
  [ -s "$cache" ] || { mkdir -p "\${cache%/*}" && "$binary" --version >"$cache.new" && mv -f "$cache.new" "$cache"; } || return 0
  echo "version $(cat "$cache")"
  ! grep -qs '^[[:space:]]*imports' "$target" || echo "dump $("$binary" --config "$target" config dump 2>/dev/null | base64 | tr -d '\\n')"
}
`);

const wantedDirectories = (desired: Desired): CniDirectories => ({
  binDir: desired.bin_dir,
  confDir: desired.conf_dir,
});

function edited(actual: Actual, desired: Desired): string | undefined {
  if (actual.file.kind !== 'absent' && actual.file.content === null)
    throw new ProvisionError({
      code: 'CONTAINERD_CONFIG_UNREADABLE',
      kind: 'operation',
      what: `${desired.path} is not a text file of at most 64 KiB`,
      where: actual.target,
      fix: 'look at what is there instead of a configuration',
    });
  const text = actual.file.content ?? undefined;
  return editCniDirectories(text, wantedDirectories(desired), actual.version ?? '1.6.0', desired.path);
}

/** What an imported file makes of directories that are right in the file itself. */
function refuseOverridden({ dump }: Actual, desired: Desired): void {
  if (dump === undefined || dump === '') return;
  const { binDirs, confDir, imports } = readContainerdCni(dump, `containerd config dump`);
  if ((binDirs?.includes(desired.bin_dir) ?? true) && (confDir ?? desired.conf_dir) === desired.conf_dir) return;
  throw new ProvisionError({
    code: 'CONTAINERD_IMPORT_OVERRIDES',
    kind: 'operation',
    what: `a file imported by ${desired.path} sets other CNI directories (${binDirs?.join(', ')}, ${confDir})`,
    where: desired.path,
    why: `imports: ${imports.join(', ')}`,
    fix: `set bin_dir and conf_dir in that file to ${desired.bin_dir} and ${desired.conf_dir}`,
  });
}

/** containerd's CNI directories, every other byte of its file kept; the service task that watches the file restarts it. */
export const containerdConfig = defineOperation({
  name: 'containerd_config',
  schema,
  probe: (desired) => joinScripts([seeContainerd, sh`see_containerd ${desired.path} ${desired.unit}`]),
  parse(output): Actual {
    const [first = '', ...rest] = output.split('\n');
    const fields = rest.join('\n');
    const dump = readField(fields, 'dump');
    return {
      file: parseFile(first),
      target: readField(fields, 'target'),
      version: parseVersion(readField(fields, 'version')),
      dump: dump === '' ? undefined : decodeBase64(dump),
    };
  },
  diff(actual, desired) {
    const before = actual.file.content ?? undefined;
    const after = edited(actual, desired);
    if (after === before || after === undefined) {
      refuseOverridden(actual, desired);
      return [];
    }
    const action = `set the CNI directories to ${desired.bin_dir} and ${desired.conf_dir}`;
    return [{ subject: desired.path, action, before: before ?? '', after }];
  },
  apply(desired, actual) {
    const { file, target } = actual;
    return putFile({
      path: target,
      content: edited(actual, desired) ?? '',
      mode: file.kind === 'absent' ? '0644' : file.mode,
      owner: file.kind === 'absent' ? 'root' : (file.owners[1] ?? 'root'),
      group: file.kind === 'absent' ? 'root' : (file.groups[1] ?? 'root'),
    });
  },
  undo: ({ target }) => sh`restore ${target}`,
  writes(desired, actual) {
    const text = edited(actual, desired);
    return text === undefined ? [] : [{ path: desired.path, sha256: digest(text) }];
  },
});
