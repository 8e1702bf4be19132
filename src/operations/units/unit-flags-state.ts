import { ProvisionError } from '../../errors.ts';
import { renderFlag, type WantedFlags } from '../../kubernetes/flags/flags.ts';
import { knownFlags } from '../../kubernetes/flags/known-flags.ts';
import { parseVersion } from '../../kubernetes/flags/versions.ts';
import { folderOf, ownFolder, readsDropIns } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import { checkRuntime, type RuntimeType } from '../../kubernetes/kubelet/kubelet-runtime.ts';
import { compileDropIn, type DropIn, type DropInRequest } from '../../kubernetes/units/drop-in.ts';
import { readBase } from '../../kubernetes/units/unit-command.ts';
import { decodeBase64, decodePath, readLines } from '../fields.ts';
import { parseFile, type SeenFile } from '../files/managed-file.ts';

export interface UnitState {
  /** Our drop-in. */
  readonly file: SeenFile;
  readonly load: string;
  /** The static pod that does the unit's work, where there is one. */
  readonly manifest: string | null;
  /** Of the binary that ExecStart names. */
  readonly version: string | undefined;
  /** All but the wish, for the compiler; null when there is no such unit. */
  readonly unit: Pick<DropInRequest, 'unitText' | 'environmentTexts' | 'binary' | 'firstLine' | 'specifiers'> | null;
}

export function parseUnit(output: string, unit: string): UnitState {
  const [first = '', ...rest] = output.split('\n');
  const lines = readLines(rest.join('\n'));
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const [[name = '', help = ''] = []] = valuesOf('help').map((value) => value.split(' '));
  const version = parseVersion(valuesOf('version')[0] ?? '');
  const known = knownFlags(decodeBase64(help), name, version);
  const [firstLine] = valuesOf('first-line');
  const files = parseUnitFiles(lines, unit);
  return {
    file: parseFile(first),
    load: valuesOf('load')[0] ?? '',
    manifest: valuesOf('manifest')[0] ?? null,
    version,
    unit:
      files === null
        ? null
        : {
            ...files,
            ...(known === undefined ? {} : { binary: { name, version: version ?? '', known } }),
            ...(firstLine === undefined ? {} : { firstLine }),
          },
  };
}

type UnitFiles = Pick<DropInRequest, 'unitText' | 'environmentTexts' | 'specifiers'>;

/** What `see_unit_files` printed; null when there is no such unit. */
export function parseUnitFiles(
  lines: readonly (readonly [key: string, value: string])[],
  unit: string,
): UnitFiles | null {
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const [text] = valuesOf('unit');
  const stem = unit.replace(/\.service$/, '');
  if (text === undefined) return null;
  return {
    unitText: decodeBase64(text),
    environmentTexts: new Map(
      valuesOf('environment').map((value) => {
        const [path = '', content = ''] = value.split(' ');
        return [decodePath(path), decodeBase64(content)];
      }),
    ),
    specifiers: { H: valuesOf('hostname')[0] ?? '', n: unit, N: stem, p: stem.replace(/@.*/, '') },
  };
}

export interface FlagWish {
  readonly unit: string;
  readonly flags: WantedFlags;
  readonly more_flags: WantedFlags;
  readonly drop_unknown_flags: boolean;
  /** Fields for a kubelet; it needs a folder to read them from where it reads drop-ins. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly awaits?: DropInRequest['awaited'] | undefined;
}

export const dropInPath = (unit: string): string => `/etc/systemd/system/${unit}.d/90-provision.conf`;

/** What our drop-in has to be; throws STATIC_POD, UNIT_NOT_FOUND, FLAG_CONFLICT and what the compiler throws. */
export function compileWish(state: UnitState, wish: FlagWish): DropIn {
  if (state.unit === null) throw noUnit(state, wish.unit);
  const twice = Object.keys(wish.more_flags).find(
    (name) => name in wish.flags && String(wish.flags[name]) !== String(wish.more_flags[name]),
  );
  if (twice !== undefined)
    throw new ProvisionError({
      code: 'FLAG_CONFLICT',
      kind: 'config',
      what: `--${twice} is to be ${String(wish.flags[twice])}, and the inventory sets it to ${String(wish.more_flags[twice])}`,
      fix: `take "${twice}" out of the flags of ${wish.unit} in the inventory`,
    });
  const flags = { ...wish.more_flags, ...wish.flags };
  const request = {
    ...state.unit,
    path: dropInPath(wish.unit),
    flags,
    dropUnknownFlags: wish.drop_unknown_flags,
    ...(wish.awaits && { awaited: wish.awaits }),
  };
  const compiled = compileDropIn(request);
  const needsFolder =
    Object.keys(wish.config ?? {}).length > 0 &&
    (readsDropIns({ known: state.unit.binary?.known, version: state.version }) ?? hasFolder(state)) &&
    folderOf(compiled.effective) === undefined;
  return needsFolder ? compileDropIn({ ...request, flags: { ...flags, 'config-dir': ownFolder } }) : compiled;
}

/** Throws where the kubelet does not drive the runtime of the wish; flags of the inventory may make it do so. */
export function refuseRuntime(state: UnitState, wish: FlagWish & { readonly runtime?: RuntimeType | undefined }): void {
  if (state.unit === null || wish.runtime === undefined) return;
  const known = state.unit.binary?.known;
  const base = readBase({ ...state.unit, path: dropInPath(wish.unit) }).words.map(({ value }) => value);
  const argv = [...base, ...Object.entries(wish.more_flags).flatMap(([name, value]) => renderFlag(name, value))];
  checkRuntime({ unit: wish.unit, argv, ...(known && { known }) }, wish.runtime);
}

/** Whether the drop-in that is there sends a kubelet to our folder, which has to be there as long as it does. */
export const hasFolder = (state: UnitState): boolean => folderOf(commandLineNow(state)) === ownFolder;

/** The command line with the drop-ins that are there now, ours among them. */
export function commandLineNow(state: UnitState): readonly string[] {
  return state.unit === null ? [] : readBase({ ...state.unit, path: '/zz-none.conf' }).words.map(({ value }) => value);
}

function noUnit(state: UnitState, unit: string): ProvisionError {
  return state.manifest === null
    ? new ProvisionError({
        code: 'UNIT_NOT_FOUND',
        kind: 'operation',
        what: `there is no ${unit} on this host`,
        fix: 'name the unit in the inventory, or take the host out of the group',
      })
    : new ProvisionError({
        code: 'STATIC_POD',
        kind: 'operation',
        what: `${unit.replace(/\.service$/, '')} runs as a static pod here, not as a systemd unit`,
        where: state.manifest,
        fix: `set the flags in ${state.manifest} yourself, then take the host out of the group`,
      });
}
