import type { z } from 'zod';
import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import { folderOf, isReadAfter } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import type { KubeletSources } from '../../kubernetes/kubelet/kubelet-settings.ts';
import { readBase, sourceOfFlag } from '../../kubernetes/units/unit-command.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readField } from '../fields.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { commandLineNow, compileWish, dropInPath } from '../units/unit-flags-state.ts';
import { kubeletConfig } from './kubelet-config.ts';

export type KubeletWish = z.output<typeof kubeletConfig.schema>;
export type SeenKubelet = ReturnType<typeof kubeletConfig.parse>;

/** The command line that a run leaves. */
export function argvAfter({ unit: state }: SeenKubelet, wish: KubeletWish): readonly string[] {
  const { unit, flags, config, drop_unknown_flags } = wish;
  return compileWish(state, { unit, flags: {}, more_flags: flags, drop_unknown_flags, config }).effective;
}

/** What a kubelet goes by that has this command line, with its files as they are. */
export const sourcesOf = (seen: SeenKubelet, wish: KubeletWish, argv: readonly string[]): KubeletSources =>
  describe(seen, wish, argv, filesOf(seen, argv, textsOf(seen)));

/** What it goes by after the run. */
export function sourcesAfter(seen: SeenKubelet, wish: KubeletWish): KubeletSources {
  const argv = argvAfter(seen, wish);
  const texts = textsOf(seen);
  for (const { subject, action, after } of kubeletConfig.diff(seen, wish, { files: new Map() })) {
    if (after !== undefined) texts.set(subject, after);
    else if (action.startsWith('remove')) texts.delete(subject);
  }
  const own = { path: 'kubelet.config of the inventory', text: JSON.stringify(wish.config) };
  const files = filesOf(seen, argv, texts);
  return describe(seen, wish, argv, files && [...files, own]);
}

const describe = (
  { unit: state }: SeenKubelet,
  { unit, flags }: KubeletWish,
  argv: readonly string[],
  files: KubeletSources['files'],
): KubeletSources => ({
  argv,
  known: state.unit?.binary?.known,
  version: state.version,
  files,
  placeOfFlag: (name) =>
    name in flags || state.unit === null
      ? 'kubelet.flags'
      : sourceOfFlag(readBase({ ...state.unit, path: dropInPath(unit) }), name),
});

const textsOf = ({ config }: SeenKubelet): Map<string, string> =>
  new Map(config.files.flatMap(({ path, file }) => (file.content === null ? [] : [[path, file.content]])));

/** The files it reads, in that order; undefined where one was not seen. */
function filesOf({ config }: SeenKubelet, argv: readonly string[], texts: ReadonlyMap<string, string>) {
  const [file, folder] = [effectiveFlag(argv, 'config') || undefined, folderOf(argv)?.replace(/\/+$/, '')];
  if (file !== undefined && !texts.has(file)) return undefined;
  if (folder !== undefined && (!folder.startsWith('/') || config.links.includes(folder))) return undefined;
  const isInFolder = (path: string): boolean => folder !== undefined && path.startsWith(`${folder}/`);
  const paths = [
    ...(file === undefined ? [] : [file]),
    ...[...texts.keys()].filter(isInFolder).toSorted((one, other) => (isReadAfter(one, other) ? 1 : -1)),
  ];
  return paths.map((path) => ({ path, text: texts.get(path) ?? '' }));
}

export interface RunningKubelet extends SeenKubelet {
  /** The command line of its process; empty where none runs. */
  readonly running: readonly string[];
}

/** What `kubelet_config` looks at, seen once for both, and the process. */
export const seeRunning = (unit: string, flags: KubeletWish['flags']): ShellScript =>
  joinScripts([
    kubeletConfig.probe(kubeletConfig.schema.parse({ unit, flags })),
    seeUnitFiles,
    sh`echo "running $(running_words ${unit} | encode)"`,
  ]);

export const parseRunning = (output: string, wish: KubeletWish): RunningKubelet => ({
  ...kubeletConfig.parse(output, wish),
  running: decodeBase64(readField(output, 'running')).split('\0').slice(0, -1),
});

/** The kubelet that runs, and the one to come: by its files as they are, or as the run leaves them. One that does not run is known by its files. */
export function compareKubelet(seen: RunningKubelet, wish: KubeletWish, byFiles = false) {
  const now = sourcesOf(seen, wish, commandLineNow(seen.unit));
  const running = seen.running.length > 0 ? sourcesOf(seen, wish, seen.running) : undefined;
  return {
    before: running ? { ...running, placeOfFlag: () => 'of the process that runs' } : now,
    after: byFiles ? now : sourcesAfter(seen, wish),
  };
}
