import { cp, rename, rm } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { ProvisionError } from '../errors.ts';
import { cached } from './cached.ts';
import { type Go, type GoOptions, neededGo, openGo } from './go.ts';

/**
 * The releases that can be built, with the checksum of each one's source as go.sum writes it: Go's public database of
 * checksums lacks one of the older ones, so it is asked only for what flannel is made of.
 */
const releases = {
  '0.17.0': 'h1:agLlERKtRiaDfDLe+gY98D1gAP8rRQGOGUxNbPr4JPg=',
  '0.20.2': 'h1:/hLQsvyQHQQV0mS9xxWVMf1oHPFBSReM1j5D9Cdm5dc=',
  '0.28.7': 'h1:/nxGV0It053bUfvov1y79B8YXgg+YOfxnXdMdd6+JE4=',
} as const;

export type FlannelVersion = keyof typeof releases;
export const flannelVersions = Object.keys(releases) as FlannelVersion[];

const flannelModule = 'github.com/flannel-io/flannel';

const programIn = (folder: string): string => join(folder, 'flanneld');
const folderOf = (cacheFolder: string, version: FlannelVersion): string =>
  join(cacheFolder, `flanneld-v${version}-${arch()}`);

/** flanneld as one static program, built with the Go of this machine; returns its path. LAB_FLANNELD_IMPOSSIBLE without. */
export async function buildFlanneld(
  cacheFolder: string,
  version: FlannelVersion,
  say: (line: string) => void,
): Promise<string> {
  const folder = await cached(folderOf(cacheFolder, version), say, async (unfinished) => {
    const tree = join(unfinished, 'build');
    const log = join(cacheFolder, `flanneld-v${version}-build.log`);
    const environment = { GONOSUMDB: flannelModule, CGO_ENABLED: '1' };
    const go = await openGo({ tree, log, environment, impossible });
    say(`Building flanneld ${version} from its source; this takes a minute or two, once`);
    const source = await downloadSource(go, version);
    const stamps = ['version', 'pkg/version'].map((path) => `-X ${flannelModule}/${path}.Version=v${version}`);
    const linkerFlags = ['-s -w -linkmode external -extldflags -static', ...stamps].join(' ');
    if (version === '0.17.0') await buildIn(source, { tree, log, environment }, linkerFlags);
    else await go('install', '-trimpath', '-ldflags', linkerFlags, `${flannelModule}@v${version}`);
    await rename(join(tree, 'bin/flannel'), programIn(unfinished));
    await rm(tree, { recursive: true });
  });
  return programIn(folder);
}

/** Of a module with `replace` lines, which count only where it is the one that is built. */
async function buildIn(source: string, options: Omit<GoOptions, 'impossible'>, linkerFlags: string): Promise<void> {
  const folder = join(options.tree, 'source');
  await cp(source, folder, { recursive: true });
  const go = await openGo({ ...options, folder, impossible });
  await go('build', '-mod=mod', '-trimpath', '-ldflags', linkerFlags, '-o', join(options.tree, 'bin/flannel'), '.');
}

/** Gets flannel's source and makes sure that it is the one that is meant; returns where it is. */
async function downloadSource(go: Go, version: FlannelVersion): Promise<string> {
  const answer = await go('mod', 'download', '-json', `${flannelModule}@v${version}`);
  const { Sum: sum, Dir: folder = '' }: { readonly Sum?: string; readonly Dir?: string } = JSON.parse(answer);
  if (sum === releases[version]) return folder;
  throw new ProvisionError({
    code: 'LAB_FLANNELD_DIFFERS',
    kind: 'operation',
    what: `The source of flannel ${version} is not the one the lab knows`,
    why: `Its checksum is ${sum}, and has to be ${releases[version]}.`,
    fix: 'Find out what changes Go modules on their way to this machine.',
  });
}

const impossible = (why: string): ProvisionError =>
  new ProvisionError({
    code: 'LAB_FLANNELD_IMPOSSIBLE',
    kind: 'operation',
    what: 'flanneld cannot be built on this machine',
    why,
    fix: `Install Go ${neededGo} or later and let it fetch modules, or start the lab without flannel.`,
  });
