import type { WantedFlags } from '../../kubernetes/flags/flags.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { decodePath, readLines } from '../fields.ts';
import { parseFile, type SeenFile } from '../files/managed-file.ts';

/** A configuration file as it was seen: by the path that a flag gives, and the file itself where that is a link. */
export interface SeenConfig {
  readonly path: string;
  readonly target: string;
  readonly file: SeenFile;
}

export interface ConfigFiles {
  /** What of the file is ours. */
  readonly record: SeenFile;
  /** All that `--config` may name, and those of `--config-dir`. */
  readonly files: readonly SeenConfig[];
  /** Folders that are symbolic links. */
  readonly links: readonly string[];
}

export const recordPath = (unit: string): string => `/var/lib/provision/config/${unit}.json`;

const seeConfig = ShellScript.trusted(`
# see_config PATH…
see_config() {
  for path; do
    target=$(readlink -f "$path") || target=$path
    echo "config $(encode_path "$path") $(encode_path "$target") $(look "$target" - yes)"
  done
}

# see_configs UNIT RECORD PATH…: also the files that the unit's flags name.
see_configs() {
  echo "record $(look "$2" - yes)"
  unit=$1
  shift 2
  for path in "$@" $(flag_files "$unit" config); do see_config "$path"; done
}

# see_folders UNIT FOLDER…: also those that the unit's flags name; ours is said whether it is there or not.
see_folders() {
  unit=$1
  shift
  for folder in $(printf '%s\\n' "$@" $(flag_files "$unit" config-dir) | sed 's|/$||' | sort -u); do
    [ ! -L "$folder" ] || echo "link $(encode_path "$folder")"
    folder_files "$folder" | while IFS= read -r path; do see_config "$path"; done
  done
}
`);

/** Comes after `seeUnit`; the path may come from the inventory's flags as well. */
export const seeConfigFiles = (unit: string, flags: WantedFlags): ShellScript =>
  joinScripts([
    seeConfig,
    sh`see_configs ${unit} ${recordPath(unit)} ${'config' in flags ? [String(flags['config'])] : []}`,
  ]);

/** Comes after `seeConfigFiles`; folders that the unit's flags do not name. */
export const seeConfigFolders = (unit: string, folders: readonly string[]): ShellScript =>
  sh`see_folders ${unit} ${folders}`;

export function parseConfigFiles(output: string): ConfigFiles {
  const lines = readLines(output);
  return {
    record: parseFile(lines.find(([key]) => key === 'record')?.[1] ?? 'absent'),
    files: lines
      .filter(([key]) => key === 'config')
      .map(([, value]) => {
        const [path = '', target = '', ...file] = value.split(' ');
        return { path: decodePath(path), target: decodePath(target), file: parseFile(file.join(' ')) };
      }),
    links: lines.filter(([key]) => key === 'link').map(([, value]) => decodePath(value)),
  };
}
