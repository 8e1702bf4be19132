import { effectiveValues } from '../flags/flags.ts';
import { isMap } from '../is-map.ts';
import { fieldsOf, mergeFields } from './kubelet-merge.ts';
import { runtimeOf } from './kubelet-runtime.ts';
import { findSetting, type KubeletSources, type WantedSetting } from './kubelet-settings.ts';

/** A value in one spelling, and where it is written. */
export interface Said {
  readonly value: string;
  /** As it is written and where, for people; `value (default)` where nothing says it. */
  readonly shown: string;
}

export interface Difference {
  readonly before: Said;
  readonly after: Said;
}

/** Some things that a kubelet goes by, in a spelling that is the same where they are. */
export type Respect =
  | 'maxPods'
  | 'cgroupDriver'
  | 'rootDir'
  | 'nodeName'
  | 'runtimeEndpoint'
  | 'cpuPolicy'
  | 'cpuOptions'
  | 'reservedCpus'
  | 'kubeReserved'
  | 'systemReserved'
  | 'memoryPolicy'
  | 'reservedMemory'
  | 'topologyPolicy';

interface Rule extends WantedSetting {
  spell?(value: unknown): string;
  /** What several flags say counts together. */
  readonly adds?: true;
}

const pairs = { usual: '', adds: true, spell: spellPairs } as const;

export const defaultRootDir = '/var/lib/kubelet';
const containerd = 'unix:///run/containerd/containerd.sock';

/** Names and defaults as in AddKubeletFlags and AddKubeletConfigFlags (cmd/kubelet/app/options) of 1.20 to 1.34. */
const rules: Readonly<Record<Respect, Rule>> = {
  maxPods: { flag: 'max-pods', field: 'maxPods', usual: '110' },
  cgroupDriver: { flag: 'cgroup-driver', field: 'cgroupDriver', usual: 'cgroupfs' },
  rootDir: { flag: 'root-dir', usual: defaultRootDir, spell: (value) => spellPath(String(value)) },
  nodeName: { flag: 'hostname-override', usual: '', spell: (value) => String(value).toLowerCase() },
  runtimeEndpoint: {
    flag: 'container-runtime-endpoint',
    field: 'containerRuntimeEndpoint',
    usual: containerd,
    spell: (value) => spellPath(String(value).replace(/^unix:\/\//, '')),
  },
  cpuPolicy: { flag: 'cpu-manager-policy', field: 'cpuManagerPolicy', usual: 'none' },
  cpuOptions: { flag: 'cpu-manager-policy-options', field: 'cpuManagerPolicyOptions', ...pairs },
  reservedCpus: { flag: 'reserved-cpus', field: 'reservedSystemCPUs', usual: '' },
  kubeReserved: { flag: 'kube-reserved', field: 'kubeReserved', ...pairs },
  systemReserved: { flag: 'system-reserved', field: 'systemReserved', ...pairs },
  memoryPolicy: { flag: 'memory-manager-policy', field: 'memoryManagerPolicy', usual: 'None' },
  reservedMemory: { flag: 'reserved-memory', field: 'reservedMemory', ...pairs, spell: spellMemory },
  topologyPolicy: { flag: 'topology-manager-policy', field: 'topologyManagerPolicy', usual: 'none' },
};

/** What a kubelet goes by in one respect; undefined where that cannot be told. */
export function whatSays(sources: KubeletSources, respect: Respect): Said | undefined {
  const { argv, known, files = [] } = sources;
  if (respect === 'runtimeEndpoint' && runtimeOf({ argv, ...(known && { known }) }) === 'docker')
    return { value: 'Docker', shown: 'Docker by dockershim' };
  const { spell = String, adds, ...wanted } = rules[respect];
  const found = findSetting(sources, wanted);
  if (found === undefined) return undefined;
  const { value, written, file } = found;
  if (found.from === 'default') return { value: spell(value), shown: value === '' ? 'nothing' : `${value} (default)` };
  if (found.from === 'flag' && adds) {
    const all = effectiveValues(argv, wanted.flag).join(',');
    return { value: spell(all), shown: `--${wanted.flag}=${all} (${file})` };
  }
  if (typeof value !== 'object') return { value: spell(value), shown: `${written} (${file})` };
  const { field = '' } = wanted;
  const whole = isMap(value) ? files.map(({ text }) => fieldsOf(text)).reduce(mergeFields, {})[field] : value;
  return { value: spell(whole), shown: `${field}: ${JSON.stringify(whole)} (${file})` };
}

/** Where two kubelets differ in one respect; undefined where they do not, and where that cannot be told. */
export function compare(before: KubeletSources, after: KubeletSources, respect: Respect): Difference | undefined {
  const [was, is] = [whatSays(before, respect), whatSays(after, respect)];
  return was === undefined || is === undefined || was.value === is.value ? undefined : { before: was, after: is };
}

/** `/var/run` is a link to `/run` wherever systemd is. */
const spellPath = (path: string): string =>
  path
    .replace(/\/+/g, '/')
    .replace(/^\/var\/run\//, '/run/')
    .replace(/(.)\/$/, '$1');

/** `a=1,b=2` and the map of a file, sorted. */
function spellPairs(value: unknown): string {
  const pairs = isMap(value)
    ? Object.entries(value).map(([key, one]) => `${key}=${String(one)}`)
    : String(value)
        .split(',')
        .map((pair) => pair.trim())
        .filter(Boolean);
  return pairs.toSorted().join(',');
}

/** `0:memory=1Gi,hugepages-1Gi=2Gi;1:…`, and the list of a file. */
function spellMemory(value: unknown): string {
  const nodes = Array.isArray(value)
    ? value.map(
        (one: { numaNode?: number; limits?: object }) => `${one?.numaNode ?? 0}:${spellPairs(one?.limits ?? {})}`,
      )
    : String(value)
        .split(/;|,(?=\d+:)/)
        .filter(Boolean)
        .map((one) =>
          one.trim().replace(/^(\d+):(.*)$/, (_, node: string, rest: string) => `${node}:${spellPairs(rest)}`),
        );
  return nodes.toSorted().join(';');
}
