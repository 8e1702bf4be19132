import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { cacheFolder } from '../facts/facts.ts';
import { readLines, sha256 } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { noteFolders } from './own-programs.ts';

const schema = z.strictObject({
  files: z
    .array(
      z.strictObject({
        path: z.string().describe('the package on the machine provision runs on, NAME_VERSION_ARCHITECTURE.deb'),
        sha256: sha256.describe('its SHA-256'),
      }),
    )
    .describe('packages that belong together: what one depends on is among them, or on the host'),
});

type Desired = z.output<typeof schema>;

interface Package {
  readonly file: Desired['files'][number];
  readonly name: string;
  /** Without epoch, which not every file's name has. */
  readonly version: string;
  readonly architecture: string;
}

interface Actual {
  readonly hasDpkg: boolean;
  readonly architecture: string;
  /** Versions by name, without epoch, of what is installed. */
  readonly installed: ReadonlyMap<string, string>;
}

const withoutEpoch = (version: string): string => version.replace(/^\d+(:|%3a)/, '');

function packageOf(file: Desired['files'][number]): Package {
  const [name = '', version = '', architecture = ''] = (file.path.split('/').at(-1) ?? '')
    .replace(/\.deb$/, '')
    .split('_');
  return { file, name, version: withoutEpoch(version), architecture };
}

const missingOf = ({ installed }: Actual, { files }: Desired): readonly Package[] =>
  files.map(packageOf).filter(({ name, version }) => installed.get(name) !== version);

/** Three words a line: `installed runc 1.1.5`. */
const statusFormat = `${['db:Status-Status', 'Package', 'Version'].map((field) => `\${${field}}`).join(' ')}\\n`;

const install = ShellScript.trusted(`
# dpkg_purge NAME…: away, with their configuration.
dpkg_purge() { DEBIAN_FRONTEND=noninteractive dpkg --purge "$@" >/dev/null; }

# install_packages NAMES FILE…: nothing is started by it; what cannot be set up goes again.
install_packages() {
  names=$1
  shift
  folder=$(mktemp -d /run/provision-packages.XXXXXX)
  made=
  trap '[ -z "$made" ] || rm -f /usr/sbin/policy-rc.d; rm -rf "$folder"' EXIT
  [ -e /usr/sbin/policy-rc.d ] || { made=yes; printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; }
  if ! DEBIAN_FRONTEND=noninteractive dpkg --force-confold --force-confdef -i "$@" >"$folder/output" 2>&1; then
    grep -v '^(Reading\\|^Selecting\\|^Preparing\\|^Unpacking' "$folder/output" | tail -n 30 >&2
    [ -z "$names" ] || dpkg_purge $names || :
    fail PACKAGES_BROKEN 'the packages cannot be installed as they are; what was new of them was removed again' 'Add what they depend on to artifacts.packages of the inventory'
  fi
}
`);

/** Packages of Debian, from files, by dpkg alone: no archive is asked. */
export const packages = defineOperation({
  name: 'packages',
  summary: 'packages of Debian from files, by dpkg, none of them started',
  schema,
  timeoutSeconds: 300,
  probe: ({ files }) =>
    files.length === 0
      ? sh`:`
      : sh`command -v dpkg-query >/dev/null || exit 0
echo "architecture $(dpkg --print-architecture)"
dpkg-query -W -f ${statusFormat} ${files.map((file) => packageOf(file).name)} 2>/dev/null || :`,
  parse(output): Actual {
    const lines = readLines(output);
    return {
      hasDpkg: lines.some(([key]) => key === 'architecture'),
      architecture: lines.find(([key]) => key === 'architecture')?.[1] ?? '',
      installed: new Map(
        lines.flatMap(([status, value]): [string, string][] => {
          const [name = '', version = ''] = value.split(' ');
          return status === 'installed' ? [[name, withoutEpoch(version)]] : [];
        }),
      ),
    };
  },
  diff(actual, desired) {
    if (desired.files.length === 0) return [];
    if (!actual.hasDpkg)
      throw new ProvisionError({
        code: 'PACKAGES_UNKNOWN',
        kind: 'operation',
        what: 'there is no dpkg on this host, so packages of Debian cannot be installed there',
        fix: 'Leave artifacts.packages out for this host and name archives instead: artifacts.containerd and artifacts.runc.',
      });
    const other = desired.files
      .map(packageOf)
      .find(({ architecture }) => architecture !== 'all' && architecture !== actual.architecture);
    if (other)
      throw new ProvisionError({
        code: 'ARCHITECTURE_DIFFERS',
        kind: 'operation',
        what: `${other.file.path} is for ${other.architecture}, this host is ${actual.architecture}`,
        fix: 'Name the package for the processor of this host in its own variables.',
      });
    return missingOf(actual, desired).map(({ name, version }) => {
      const now = actual.installed.get(name);
      return { subject: name, action: now === undefined ? `install ${version}` : `${now} → ${version}` };
    });
  },
  apply(desired, actual) {
    const missing = missingOf(actual, desired);
    if (missing.length === 0) return sh`:`;
    const isNew = ({ name }: Package): boolean => !actual.installed.has(name);
    return joinScripts([
      install,
      ...missing.filter(isNew).map(({ name }) => noteFolders(name)),
      sh`install_packages ${missing
        .filter(isNew)
        .map(({ name }) => name)
        .join(' ')} ${missing.map(({ file }) => `${cacheFolder}/${file.sha256}`)}`,
    ]);
  },
  /** One that was there in another version stays as it is now. */
  undo(actual, desired) {
    const added = missingOf(actual, desired).filter(({ name }) => !actual.installed.has(name));
    return joinScripts([
      install,
      added.length === 0 ? sh`:` : sh`dpkg_purge ${added.map(({ name }) => name)}`,
      sh`systemctl daemon-reload`,
    ]);
  },
  artifacts: (desired, actual) => missingOf(actual, desired).map(({ file }) => file),
});
