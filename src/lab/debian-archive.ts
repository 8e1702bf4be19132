import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './execute.ts';

interface SourceEntry {
  readonly types: readonly string[];
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  /** Further fields of the entry, for instance Signed-By, as they stood there. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads sources in the deb822 form (`*.sources`). */
export function parseDeb822Sources(text: string): SourceEntry[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) => {
      const fields = new Map<string, string>();
      for (const [, name = '', value = ''] of paragraph.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
        fields.set(name.toLowerCase(), value.trimEnd());
      }
      const words = (name: string): string[] => fields.get(name)?.split(/\s+/).filter(Boolean) ?? [];
      const entry = { types: words('types'), uris: words('uris'), suites: words('suites') };
      const enabled = !/^(no|false|0|off)$/i.test(fields.get('enabled')?.trim() ?? 'yes');
      for (const name of ['types', 'uris', 'suites', 'enabled']) fields.delete(name);
      return { ...entry, fields, enabled };
    })
    .filter((entry) => entry.enabled && entry.uris.length > 0);
}

/** Reads sources in the one-line form (`sources.list`, `*.list`). */
export function parseOneLineSources(text: string): SourceEntry[] {
  return [...text.matchAll(/^[ \t]*(deb|deb-src)[ \t]+(?:\[([^\]]*)\][ \t]+)?(\S+)[ \t]+(\S+)[ \t]*([^#\n]*)/gm)].map(
    ([, type = '', options = '', uri = '', suite = '', components = '']) => {
      const fields = new Map([['components', components.trim()]]);
      for (const option of options.split(/\s+/).filter(Boolean)) {
        const [name = '', value = ''] = option.split(/=(.*)/s);
        if (name === 'signed-by' || name === 'trusted') fields.set(name, value);
      }
      return { types: [type], uris: [uri], suites: [suite], fields };
    },
  );
}

/**
 * The Debian archive this machine already uses, asked for other suites: deb822 text with packages and sources of each
 * suite; undefined when no entry names the machine's own suite.
 */
export function deriveSources(
  entries: readonly SourceEntry[],
  ownSuite: string,
  suites: readonly string[],
): string | undefined {
  const own = entries.find((entry) => entry.types.includes('deb') && entry.suites.includes(ownSuite));
  if (own === undefined) return undefined;
  const fields = new Map(own.fields).set('components', 'main');
  const rest = [...fields].map(
    ([name, value]) => `${name.replace(/(^|-)\w/g, (start) => start.toUpperCase())}: ${value}`,
  );
  return suites
    .map((suite) => [`Types: deb deb-src`, `URIs: ${own.uris.join(' ')}`, `Suites: ${suite}`, ...rest, ''].join('\n'))
    .join('\n');
}

/** Every enabled source of this machine. */
export async function readMachineSources(aptFolder = '/etc/apt'): Promise<SourceEntry[]> {
  const parts = await readdir(join(aptFolder, 'sources.list.d')).catch(() => []);
  const files = [
    join(aptFolder, 'sources.list'),
    ...parts.sort().map((name) => join(aptFolder, 'sources.list.d', name)),
  ];
  const entries: SourceEntry[] = [];
  for (const file of files.filter((name) => /\.(list|sources)$/.test(name))) {
    const text = await readFile(file, 'utf8').catch(() => '');
    entries.push(...(file.endsWith('.sources') ? parseDeb822Sources(text) : parseOneLineSources(text)));
  }
  return entries;
}

/** apt with sources, lists and downloads of its own, beside the machine's; its lists are fetched when first needed. */
export interface PrivateApt {
  readonly sourcesFile: string;
  /** Downloads the files of packages (`name` or `name/suite`) into a folder. */
  download(packages: readonly string[], folder: string, log: string): Promise<void>;
  /** Downloads the files of a source package into a folder. */
  downloadSource(name: string, folder: string, log: string): Promise<void>;
}

export async function openPrivateApt(folder: string, sources: string): Promise<PrivateApt> {
  const sourcesFile = join(folder, 'lab.sources');
  for (const name of ['lists/partial', 'cache/archives/partial']) await mkdir(join(folder, name), { recursive: true });
  await writeFile(sourcesFile, sources);
  const options = [
    `Dir::Etc::sourcelist=${sourcesFile}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
    'Acquire::Languages=none',
    'Acquire::GzipIndexes=true',
  ].map((option) => `-o${option}`);
  let updated: Promise<string> | undefined;
  const get = async (args: readonly string[], into: string, log: string): Promise<void> => {
    updated ??= must('apt-get', [...options, '-q', '--error-on=any', 'update'], { log });
    await updated;
    await must('apt-get', [...options, '-q', ...args], { folder: into, log });
  };
  return {
    sourcesFile,
    download: (packages, into, log) => get(['download', ...packages], into, log),
    downloadSource: (name, into, log) => get(['source', '--download-only', name], into, log),
  };
}
