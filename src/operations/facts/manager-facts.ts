import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { fileMode, readLines } from '../fields.ts';
import { seeUnitFiles } from '../units/unit-flags-script.ts';
import { parseUnitFiles } from '../units/unit-flags-state.ts';

/** A file that a process was told of; its content stays on the host. */
export interface NamedFile {
  readonly sha256: string;
  /** Permissions in octal. */
  readonly mode: string;
}

/** What another controller-manager can be made like: the texts of its unit, and the files that its process was told of, by path. */
export interface ManagerFacts {
  readonly texts: NonNullable<ReturnType<typeof parseUnitFiles>>;
  readonly files: ReadonlyMap<string, NamedFile>;
}

const seeNamedFiles = ShellScript.trusted(`
# see_named_files UNIT: the files that its process was told of.
see_named_files() {
  running_words "$1" | tr '\\0' '\\n' | sed -n '1d; s/^\\(--*[a-z-]*=\\)\\{0,1\\}\\(\\/.*\\)$/\\2/p' | sort -u | while IFS= read -r _path; do
    [ ! -f "$_path" ] || echo "file $(sha256sum <"$_path" | cut -d ' ' -f 1) $(stat -L -c %a "$_path") $_path"
  done
}
`);

/** Prints `manager UNIT …` lines; nothing where no unit is asked for. */
export const managerFactsScript = (units: readonly string[]): ShellScript =>
  units.length === 0
    ? sh`:`
    : joinScripts([
        seeUnitFiles,
        seeNamedFiles,
        sh`for unit in ${units}; do { see_unit_files "$unit"; see_named_files "$unit"; } | sed "s/^/manager $unit /"; done`,
      ]);

/** By unit, of those that are there; from what stands behind `manager`. */
export function parseManagerFacts(lines: readonly string[]): ReadonlyMap<string, ManagerFacts> {
  const byUnit = new Map<string, string[]>();
  for (const [unit, rest] of readLines(lines.join('\n'))) byUnit.set(unit, [...(byUnit.get(unit) ?? []), rest]);
  return new Map(
    [...byUnit].flatMap(([unit, rest]) => {
      const own = readLines(rest.join('\n'));
      const texts = parseUnitFiles(own, unit);
      return texts === null ? [] : [[unit, { texts, files: parseFiles(own) }] as const];
    }),
  );
}

const parseFiles = (lines: ReturnType<typeof readLines>): ReadonlyMap<string, NamedFile> =>
  new Map(
    lines
      .filter(([key]) => key === 'file')
      .map(([, value]) => {
        const [sha256 = '', mode = '', ...path] = value.split(' ');
        return [path.join(' '), { sha256, mode: fileMode.parse(mode) }] as const;
      }),
  );
