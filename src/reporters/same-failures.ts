import { ProvisionError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { groupBy } from './group-by.ts';
import { joinRanges } from './host-names.ts';
import { someOf } from './words.ts';

type Failure = RunEvent & { readonly type: 'failure' };

/** Failures that differ in nothing but the host as one, of all the hosts. */
export const joinFailures = (failures: readonly Failure[]): Failure[] =>
  [...groupBy(failures, (failure) => JSON.stringify(withHost(failure, '\0'))).values()].flatMap((same) => {
    const hosts = same.flatMap(({ host }) => host ?? []);
    const [first] = same;
    if (first === undefined || new Set(hosts).size < 2) return same;
    const names = someOf(joinRanges(hosts.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))));
    const { what, where } = withHost(first, names);
    const { code, kind, why, fix } = first.error;
    const error = new ProvisionError({
      ...{ code, kind, what, cause: first.error },
      ...(where !== undefined && { where }),
      ...(why !== undefined && { why }),
      ...(fix !== undefined && { fix }),
    });
    return [{ ...first, host: names, error }];
  });

/** All that is told of a failure, with other words in place of its host where it is about it; commands stay as they are. */
function withHost({ host, stage, error }: Failure, words: string) {
  const { code, kind, what, where, why, fix } = error;
  const put = (text: string): string =>
    host === undefined
      ? text
      : text
          .split(/(?<![\w.-])(?=[\w.-])|(?<=[\w.-])(?![\w.-])/)
          .map((word) => (word === host ? words : word))
          .join('');
  return { stage, code, kind, what: put(what), where: typeof where === 'string' ? put(where) : where, why, fix };
}

/** How long a failure waits for others like it, where nothing else happens. */
const waitMs = 200;

/** Holds failures of hosts back for others like them, until anything else is to be told. */
export function holdFailures(tell: (failures: readonly Failure[]) => void) {
  let held: Failure[] = [];
  let timer: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearTimeout(timer);
    const failures = held;
    held = [];
    if (failures.length > 0) tell(joinFailures(failures));
  };
  return {
    release,
    hold(failure: Failure): void {
      if (held.length === 0) timer = setTimeout(release, waitMs);
      held.push(failure);
    },
  };
}
