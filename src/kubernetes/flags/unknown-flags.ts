import { ProvisionError } from '../../errors.ts';
import { replacementOf } from './flag-replacements.ts';
import type { KnownFlags } from './flags.ts';
import { nearestFlag } from './known-flags.ts';
import { absenceOf } from './recorded-flags.ts';

/** A program of Kubernetes on a host. */
export interface Binary {
  readonly name: string;
  /** Empty where it does not say. */
  readonly version: string;
  readonly known: KnownFlags;
}

const why = 'An unknown flag makes it exit at start';

/** Sections of the inventory by the binary whose flags they set. */
const sections: Readonly<Record<string, string>> = {
  kubelet: 'kubelet',
  'kube-controller-manager': 'controller_manager',
  'kube-proxy': 'kube_proxy',
};

const describeBinary = ({ name, version }: Binary): string => {
  const called = name in sections ? name : 'binary';
  return version === '' ? `the ${called} on this host` : `the ${called} on this host (${version})`;
};

/** `--network-plugin (went with 1.24)`, or with the flag that a misspelt one most likely means. */
function describeFlag(flag: string, { name, version, known }: Binary): string {
  const nearest = nearestFlag(flag, known);
  const note = absenceOf(name, flag, version) ?? (nearest === undefined ? '' : `did you mean "${nearest}"?`);
  return note === '' ? `--${flag}` : `--${flag} (${note})`;
}

/** What takes the place of those that something does, as a further sentence. */
function describeReplacements(flags: readonly string[], { name }: Binary): string {
  const texts = distinct(flags.map((flag) => replacementOf(name, flag))).flatMap((instead) =>
    instead === undefined
      ? []
      : [`${instead} (for ${dashed(flags.filter((flag) => replacementOf(name, flag) === instead))})`],
  );
  return texts.length === 0 ? '' : `. Instead: ${texts.join('; ')}`;
}

const distinct = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];
const dashed = (flags: readonly string[]): string => flags.map((flag) => `--${flag}`).join(', ');

const isToCome = (flag: string, { name, version }: Binary): boolean =>
  absenceOf(name, flag, version)?.startsWith('came') ?? false;

/** Flags of the inventory. */
export function unknownWanted(flags: readonly string[], binary: Binary): ProvisionError {
  const described = describeBinary(binary);
  const upgrade = flags.every((flag) => isToCome(flag, binary)) ? ' for this host, or upgrade it first' : '';
  const section = sections[binary.name];
  const [first] = flags;
  return new ProvisionError({
    code: 'FLAG_UNKNOWN',
    kind: 'config',
    ...(section !== undefined && first !== undefined && { setting: [section, 'flags', first] }),
    what: `${described[0]?.toUpperCase()}${described.slice(1)} does not know ${flags.map((flag) => describeFlag(flag, binary)).join(', ')}`,
    why,
    fix: `Correct or remove ${flags.map((flag) => `"${flag}"`).join(', ')}${upgrade}${describeReplacements(flags, binary)}`,
  });
}

export interface UnitFlag {
  readonly name: string;
  /** The file that sets it. */
  readonly source: string;
}

/** Flags of the operator's unit. */
export function unknownInUnit(flags: readonly UnitFlag[], binary: Binary): ProvisionError {
  const names = distinct(flags.map(({ name }) => name));
  const sources = distinct(flags.map(({ source }) => source));
  const sets = sources.map((source) => {
    const ofSource = distinct(flags.filter((flag) => flag.source === source).map(({ name }) => name));
    return `${source} sets ${ofSource.map((name) => describeFlag(name, binary)).join(', ')}`;
  });
  const section = sections[binary.name];
  const setting = `${section === undefined ? '' : `${section}.`}drop_unknown_flags: true`;
  return new ProvisionError({
    code: 'FLAG_UNKNOWN',
    kind: 'operation',
    what: `${sets.join('; ')}, which ${describeBinary(binary)} does not know`,
    where: sources.join(', '),
    why,
    fix: `Remove ${dashed(names)} from ${sources.join(' and ')}, or set ${setting} to leave such flags out${describeReplacements(names, binary)}`,
  });
}
