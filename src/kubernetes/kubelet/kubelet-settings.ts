import { effectiveFlag, effectiveValues, type KnownFlags } from '../flags/flags.ts';
import { atLeast } from '../flags/versions.ts';
import { fieldsOf, readFields } from './kubelet-merge.ts';

/** A value that a kubelet goes by, and what decides it: a flag, a field of a file, or nothing but its default. */
export interface Setting<Value> {
  readonly value: Value;
  readonly from: 'flag' | 'field' | 'default';
  /** The flag or field as it is written, and the file it stands in; empty for a default. */
  readonly written: string;
  readonly file: string;
}

/** Undefined is what cannot be told: a configuration file that was not seen, or not understood. */
export interface KubeletSettings {
  readonly failSwapOn: Setting<boolean> | undefined;
  readonly failCgroupV1: Setting<boolean> | undefined;
  readonly cgroupDriver: Setting<string> | undefined;
  /** Whether it asks a runtime that can tell, instead of going by `cgroupDriver`. */
  readonly asksRuntimeForDriver: boolean;
  /** `unix:///…`; undefined where neither a flag nor a field says it. */
  readonly runtimeEndpoint: string | undefined;
}

export interface KubeletSources {
  readonly argv: readonly string[];
  readonly known?: KnownFlags | undefined;
  readonly version: string | undefined;
  /** The files it reads, a later one winning; undefined where one of them was not seen. */
  readonly files: readonly { readonly path: string; readonly text: string }[] | undefined;
  /** Where a flag of its command line is written. */
  placeOfFlag(name: string): string;
}

/**
 * What a kubelet makes of its command line and its files: flags win over files, and each default is that of its release
 * (pkg/kubelet/apis/config/v1beta1/defaults.go).
 */
export function readKubeletSettings(sources: KubeletSources): KubeletSettings {
  const { version } = sources;
  const isSince = (release: string): boolean => version !== undefined && atLeast(version, release);
  const endpoint = findSetting(sources, {
    flag: 'container-runtime-endpoint',
    field: 'containerRuntimeEndpoint',
    usual: '',
  });
  return {
    failSwapOn: asBoolean(findSetting(sources, { flag: 'fail-swap-on', field: 'failSwapOn', usual: true })),
    failCgroupV1: asBoolean(
      findSetting(sources, { flag: 'fail-cgroupv1', field: 'failCgroupV1', usual: isSince('1.35') }),
    ),
    cgroupDriver: asText(findSetting(sources, { flag: 'cgroup-driver', field: 'cgroupDriver', usual: 'cgroupfs' })),
    asksRuntimeForDriver: isSince('1.34') || (isSince('1.28') && (gateOf(sources) ?? isSince('1.31'))),
    runtimeEndpoint: asText(endpoint)?.value || undefined,
  };
}

export interface WantedSetting {
  readonly flag: string;
  /** Undefined for what a flag alone decides. */
  readonly field?: string;
  readonly usual: string | boolean;
}

/** The one of its values that counts; undefined where a file that may say it was not seen. */
export function findSetting(
  { argv, known, files, placeOfFlag }: KubeletSources,
  wanted: WantedSetting,
): Setting<unknown> | undefined {
  const { flag, field, usual } = wanted;
  const said = effectiveFlag(argv, flag, known);
  if (said !== undefined) return { value: said, from: 'flag', written: `--${flag}=${said}`, file: placeOfFlag(flag) };
  if (field === undefined) return { value: usual, from: 'default', written: '', file: '' };
  if (files === undefined) return undefined;
  for (const { path, text } of files.toReversed()) {
    const fields = readFields(text);
    if (fields === undefined) return undefined;
    const value = fields[field];
    if (value === undefined) continue;
    // takes away what an earlier file says; an empty text is as good as none
    if (value === null || value === '') break;
    return { value, from: 'field', written: `${field}: ${String(value)}`, file: path };
  }
  return { value: usual, from: 'default', written: '', file: '' };
}

const asText = (setting: Setting<unknown> | undefined): Setting<string> | undefined =>
  setting && { ...setting, value: String(setting.value) };

const asBoolean = (setting: Setting<unknown> | undefined): Setting<boolean> | undefined =>
  setting && { ...setting, value: /^(1|t|true)$/i.test(String(setting.value)) };

const gate = 'KubeletCgroupDriverFromCRI';

/** What is said of the gate by which a kubelet asks its runtime (1.28: can; 1.31: does; 1.34: always). */
function gateOf({ argv, files = [] }: KubeletSources): boolean | undefined {
  const flagged = effectiveValues(argv, 'feature-gates')
    .flatMap((list) => list.split(','))
    .map((pair) => pair.split('='))
    .findLast(([name]) => name?.trim() === gate)?.[1];
  if (flagged !== undefined) return /^(1|t|true)$/i.test(flagged.trim());
  const inFiles = files.map(({ text }) => (fieldsOf(text)['featureGates'] as Record<string, unknown> | null)?.[gate]);
  const value = inFiles.findLast((one) => typeof one === 'boolean');
  return typeof value === 'boolean' ? value : undefined;
}
