import { ProvisionError } from '../errors.ts';
import { compileDropIn, type DropIn, type DropInRequest, readBase } from '../kubernetes/drop-in.ts';
import type { WantedFlags } from '../kubernetes/flags.ts';
import { parseHelp } from '../kubernetes/known-flags.ts';
import { decodeBase64, readLines } from './fields.ts';
import { parseFile, type SeenFile } from './managed-file.ts';

export interface UnitState {
  /** Our drop-in. */
  readonly file: SeenFile;
  readonly load: string;
  /** The static pod that does the unit's work, where there is one. */
  readonly manifest: string | null;
  /** All but the wish, for the compiler; null when there is no such unit. */
  readonly unit: Pick<DropInRequest, 'unitText' | 'environmentTexts' | 'known' | 'firstLine' | 'specifiers'> | null;
}

export function parseUnit(output: string, unit: string): UnitState {
  const [first = '', ...rest] = output.split('\n');
  const lines = readLines(rest.join('\n'));
  const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const [text] = valuesOf('unit');
  const [[binary, help] = []] = valuesOf('help').map((value) => value.split(' '));
  const known = help ? parseHelp(decodeBase64(help), binary) : undefined;
  const [firstLine] = valuesOf('first-line');
  const stem = unit.replace(/\.service$/, '');
  return {
    file: parseFile(first),
    load: valuesOf('load')[0] ?? '',
    manifest: valuesOf('manifest')[0] ?? null,
    unit:
      text === undefined
        ? null
        : {
            unitText: decodeBase64(text),
            environmentTexts: new Map(
              valuesOf('environment').map((value) => {
                const [path = '', content = ''] = value.split(' ');
                return [decodeBase64(path), decodeBase64(content)];
              }),
            ),
            ...(known === undefined ? {} : { known }),
            ...(firstLine === undefined ? {} : { firstLine }),
            specifiers: { H: valuesOf('hostname')[0] ?? '', n: unit, N: stem, p: stem.replace(/@.*/, '') },
          },
  };
}

export interface FlagWish {
  readonly unit: string;
  readonly flags: WantedFlags;
  readonly more_flags: WantedFlags;
  readonly drop_unknown_flags: boolean;
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
  return compileDropIn({
    ...state.unit,
    path: dropInPath(wish.unit),
    flags: { ...wish.more_flags, ...wish.flags },
    dropUnknownFlags: wish.drop_unknown_flags,
  });
}

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
