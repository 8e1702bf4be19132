import { kubeControllerManager } from './recorded-flags/kube-controller-manager.ts';
import { kubeProxy } from './recorded-flags/kube-proxy.ts';
import { kubelet } from './recorded-flags/kubelet.ts';
import { minorOf } from './versions.ts';

/** The minor releases of Kubernetes 1 that the record is made of, first and last. */
export const recordedMinors = { first: 16, last: 36 } as const;

/** A flag, over the minor releases in which a binary knew it in one and the same way. */
export interface RecordedFlag {
  readonly name: string;
  readonly since: number;
  /** The first minor release without it; undefined where the last one recorded has it. */
  readonly gone: number | undefined;
  /** Whether it takes the next word as its value. */
  readonly takesValue: boolean;
  /** Whether the binary knows it without listing it in `--help`. */
  readonly isHidden: boolean;
}

const tables: Readonly<Record<string, string>> = {
  kubelet,
  'kube-controller-manager': kubeControllerManager,
  'kube-proxy': kubeProxy,
};

const read = new Map<string, readonly RecordedFlag[]>();

/** All that is recorded of a binary, by its name; empty for one that nothing is recorded of. */
export function recordOf(binary: string): readonly RecordedFlag[] {
  const flags = read.get(binary) ?? (tables[binary] ?? '').trim().split('\n').filter(Boolean).map(readLine);
  read.set(binary, flags);
  return flags;
}

function readLine(line: string): RecordedFlag {
  const [name = '', since = '', gone = '', ...marks] = line.split(/ +/);
  return {
    name,
    since: minorOf(since) ?? Number.NaN,
    gone: gone === '-' ? undefined : (minorOf(gone) ?? Number.NaN),
    takesValue: !marks.includes('switch'),
    isHidden: marks.includes('hidden'),
  };
}

/** The flags of this version of a binary; undefined where its minor release is not in the record. */
export function flagsOfVersion(binary: string, version: string): readonly RecordedFlag[] | undefined {
  const minor = minorOf(version);
  if (minor === undefined || minor < recordedMinors.first || minor > recordedMinors.last) return undefined;
  const flags = recordOf(binary).filter(({ since, gone }) => since <= minor && (gone === undefined || minor < gone));
  return flags.length === 0 ? undefined : flags;
}

/** The same for use beside what the binary itself lists: of a release after the record those that its last one knew. */
export function likelyFlags(binary: string, version: string): readonly RecordedFlag[] {
  const minor = minorOf(version);
  const isLater = minor !== undefined && minor > recordedMinors.last;
  return flagsOfVersion(binary, isLater ? `1.${recordedMinors.last}` : version) ?? [];
}

/** Why this version lacks a flag that others have: `went with 1.24` or `came with 1.27`; undefined where the record does not say. */
export function absenceOf(binary: string, name: string, version: string): string | undefined {
  const minor = minorOf(version);
  if (minor === undefined) return undefined;
  const periods = recordOf(binary).filter((flag) => flag.name === name);
  if (periods.some(({ since, gone }) => since <= minor && (gone === undefined || minor < gone))) return undefined;
  const went = periods.findLast(({ gone }) => gone !== undefined && gone <= minor);
  if (went !== undefined) return `went with 1.${went.gone}`;
  const came = periods.find(({ since }) => since > Math.max(minor, recordedMinors.first));
  return came === undefined ? undefined : `came with 1.${came.since}`;
}
