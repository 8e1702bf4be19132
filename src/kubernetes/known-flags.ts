import { closest, distance } from 'fastest-levenshtein';
import type { KnownFlags } from './flags.ts';
import { removedFlag } from './versions.ts';

/** Flags that the binaries accept without listing them in `--help` (marked hidden or deprecated upstream). */
const hidden: Readonly<Record<string, readonly string[]>> = {
  kubelet: ['experimental-dockershim', 'experimental-dockershim-root-directory', 'docker-disable-shared-pid'],
  'kube-controller-manager': [
    'address',
    'port',
    'contention-profiling',
    'deleting-pods-qps',
    'deleting-pods-burst',
    'register-retry-count',
    'experimental-cluster-signing-duration',
    'enable-taint-manager',
    'pod-eviction-timeout',
    'log-dir',
    'log-file',
    'log-file-max-size',
    'logtostderr',
    'alsologtostderr',
    'stderrthreshold',
    'log-backtrace-at',
    'add-dir-header',
    'skip-headers',
    'skip-log-headers',
    'one-output',
    'show-hidden-metrics-for-version',
  ],
};

const switches = new Set([
  'contention-profiling',
  'enable-taint-manager',
  'experimental-dockershim',
  'docker-disable-shared-pid',
  'logtostderr',
  'alsologtostderr',
  'add-dir-header',
  'skip-headers',
  'skip-log-headers',
  'one-output',
]);

/** The flags of a Go binary's `--help`, and those of its version that it hides; undefined when the text lists none, so that nothing is called unknown for want of a list. */
export function parseHelp(text: string, binary = '', version = ''): KnownFlags | undefined {
  const known = new Map<string, { takesValue: boolean }>();
  for (const line of text.split('\n')) {
    const [, short, name, type] = /^\s+(?:-(\w), )?--?([A-Za-z0-9][\w.-]*)(?:\[=\S*\])?(?: (\S+))?/.exec(line) ?? [];
    if (name === undefined) continue;
    const flag = { takesValue: type !== undefined && !type.includes('[=') };
    known.set(name.replaceAll('_', '-'), flag);
    if (short !== undefined) known.set(short, flag);
  }
  if (known.size === 0) return undefined;
  for (const name of hidden[binary] ?? [])
    if (!known.has(name) && !removedFlag(binary, name, version)) known.set(name, { takesValue: !switches.has(name) });
  for (const name of ['help', 'h', 'version']) known.set(name, { takesValue: false });
  return known;
}

/** The known name a misspelt one most likely means. */
export function nearestFlag(name: string, known: KnownFlags): string | undefined {
  const nearest = known.size === 0 ? undefined : closest(name, [...known.keys()]);
  return nearest !== undefined && distance(name, nearest) <= Math.max(2, name.length / 4) ? nearest : undefined;
}
