/** What a client wrote of one try: when it began and ended, in seconds of the machine's uptime, and how. */
export interface Request {
  readonly at: number;
  readonly end: number;
  /** `foreign`: an answer came, but the server saw another source address than the pod's own. */
  readonly outcome: 'good' | 'failed' | 'foreign' | 'started';
  readonly saw: string;
}

/** A time without a good request. */
export interface Gap {
  /** The last good request, in seconds after the moment asked for. */
  readonly from: number;
  readonly seconds: number;
  /** The part of it in which both pods ran. */
  readonly bothRanSeconds: number;
}

/** Eight hexadecimal digits of an address in /proc/net/tcp, in the order of a little-endian machine, and a port. */
export function decodeAddress(text: string): string {
  const [, hex] = /([0-9A-F]{8}):[0-9A-F]+$/.exec(text) ?? [];
  const octets = hex?.match(/../g) ?? [];
  return hex === undefined
    ? text
    : octets
        .map((octet) => Number.parseInt(octet, 16))
        .reverse()
        .join('.');
}

/** Lines of two times and `started OWN-ADDRESS`, `failed` or the address that the server saw; the last may be half-written. */
export function parseLog(text: string): readonly Request[] {
  let own = '';
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): Request => {
      const [at = '', end = '', word = '', address = ''] = line.split(' ');
      if (word === 'started') own = address;
      const saw = decodeAddress(word);
      const outcome = word === 'started' || word === 'failed' ? word : saw === own ? 'good' : 'foreign';
      return { at: Number(at), end: Number(end), outcome, saw };
    });
}

/** A client that is kept waiting by a busy machine is silent for that long without any loss. */
const silenceSeconds = 3;

export const startsIn = (requests: readonly Request[]): readonly number[] =>
  requests.flatMap(({ at, outcome }) => (outcome === 'started' ? [at] : []));

/**
 * Times without a good request that have a lost one, a start of the client, or more silence than a busy machine explains,
 * as far as they had not ended at `since`.
 */
export function findGaps(requests: readonly Request[], serverStarts: readonly number[], since: number): readonly Gap[] {
  const starts = [...startsIn(requests), ...serverStarts];
  const good = requests.filter(({ outcome }) => outcome === 'good');
  return good.slice(1).flatMap(({ end }, index): Gap[] => {
    const from = good[index]?.end ?? 0;
    const isWithin = (at: number): boolean => at > from && at <= end;
    const isGap = requests.some(({ at, outcome }) => isWithin(at) && outcome !== 'good') || end - from > silenceSeconds;
    if (!isGap || end < since) return [];
    const bothRan = Math.max(from, ...starts.filter(isWithin));
    return [{ from: from - since, seconds: end - from, bothRanSeconds: end - bothRan }];
  });
}

/** How long a client was without a good answer at the most, in seconds, whatever it was that took the time. */
export function longestSilence(requests: readonly Request[]): number {
  const ends = requests.filter(({ outcome }) => outcome === 'good').map(({ end }) => end);
  return Math.max(0, ...ends.slice(1).map((end, index) => end - (ends[index] ?? end)));
}
