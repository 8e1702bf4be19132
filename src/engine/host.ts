import { randomBytes } from 'node:crypto';
import { ProvisionError } from '../errors.ts';
import { type FactsWish, factsScript, type HostFacts, parseFacts } from '../operations/facts/facts.ts';
import { prelude } from '../operations/prelude.ts';
import type { Transport } from '../transport/transport.ts';
import { openRenewable } from './renewable.ts';
import {
  composeTrip,
  followStarts,
  readTrip,
  type TripAnswer,
  type TripItem,
  type TripOptions,
  type TripResult,
  usualLockWaitSeconds,
} from './trip.ts';

/** A host of the inventory, before it is reached. */
export interface HostTarget {
  readonly name: string;
  readonly address: string;
  /** Left out by --limit: it takes part only where its peers' routes would else go wrong. */
  readonly outsideLimit: boolean;
  connect(): Promise<Transport>;
  /** Told of every command after it has ended. */
  readonly onTrip?: (trip: TripReport) => void;
}

/** What one command on a host carried. */
export interface TripReport {
  readonly host: string;
  /** Counts from 1. */
  readonly command: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly milliseconds: number;
  /** What the shell around the scripts wrote to standard error. */
  readonly stderr: string;
  readonly items: readonly { readonly name: string; readonly answer: TripAnswer | undefined }[];
}

export interface TripRequest {
  readonly items: readonly TripItem[];
  /** Holds the host's lock under this name. */
  readonly lock?: string;
  /** Waits until nobody holds the host's lock, without taking it. */
  readonly afterOthers?: boolean;
  /** Called with the id of each item when its turn comes. */
  readonly onStart?: (id: string) => void;
  /** Called with who holds the host's lock, when it is waited for. */
  readonly onWait?: (holder: string) => void;
}

/** A reached host: one connection, and what the last look found. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly outsideLimit: boolean;
  readonly transport: Transport;
  facts: HostFacts;
  /** The Node it is; undefined for a host without a kubelet. */
  nodeName: string | undefined;
  /** Who held the host's lock when facts were read. */
  busyWith: string | undefined;
  /** Sends scripts in one command; throws HOST_LOCKED, TRIP_BROKEN and what the transport throws. */
  trip(request: TripRequest): Promise<ReadonlyMap<string, TripAnswer>>;
  /** After CONNECTION_LOST: a new connection, and the facts read over it. */
  reconnect(): Promise<void>;
}

/** Where a host keeps the before-images of each run. */
export const undoFolder = '/var/lib/provision/undo';

const factsItem = (wish: FactsWish): TripItem => ({
  id: 'facts',
  kind: 'probe',
  timeoutSeconds: 30,
  source: factsScript(wish).source,
});

/** Connects and reads the facts: the first command of a run. */
export async function openHost(target: HostTarget, run: string, wish: FactsWish): Promise<Host> {
  const transport = await openRenewable(() => target.connect());
  const host: Omit<Host, 'facts'> & { facts: HostFacts | undefined } = {
    name: target.name,
    address: target.address,
    outsideLimit: target.outsideLimit,
    transport,
    facts: undefined,
    nodeName: undefined,
    busyWith: undefined,
    async trip(request) {
      // facts are read when nothing else is asked, and again after what may have changed them
      const readsFacts = request.items.length === 0 || request.lock !== undefined;
      const items = readsFacts ? [...request.items, factsItem(wish)] : request.items;
      const { answers, busyWith } = await runTrip(target, run, transport, items, request);
      if (readsFacts) host.busyWith = busyWith;
      const facts = answers.get('facts');
      if (facts && facts.code === 0) host.facts = parseFacts(facts.stdout);
      return answers;
    },
    async reconnect() {
      await transport.renew();
      await host.trip({ items: [] });
    },
  };
  try {
    await host.trip({ items: [] });
    if (host.facts === undefined) throw factsMissing(target.name);
  } catch (error) {
    transport.close();
    throw error;
  }
  return host as Host;
}

async function runTrip(
  { name, onTrip }: HostTarget,
  run: string,
  transport: Transport,
  items: readonly TripItem[],
  request: TripRequest,
): Promise<TripResult> {
  const options: TripOptions = {
    nonce: randomBytes(12).toString('hex'),
    prelude: prelude.source,
    environment: { PROVISION_RUN: run, PROVISION_UNDO: `${undoFolder}/${run}` },
    ...(request.lock === undefined ? {} : { lock: request.lock }),
    ...(request.afterOthers === undefined ? {} : { afterOthers: request.afterOthers }),
  };
  const lockWaitSeconds = request.lock === undefined && !request.afterOthers ? 0 : usualLockWaitSeconds;
  const timeoutMs = 1000 * items.reduce((total, item) => total + item.timeoutSeconds, 30 + lockWaitSeconds);
  const script = composeTrip(items, options);
  const startedAt = performance.now();
  const result = await transport.run(script, {
    timeoutMs,
    onOutput: followStarts(items, options.nonce, {
      onStart: request.onStart ?? (() => {}),
      onWait: request.onWait ?? (() => {}),
    }),
  });
  const trip = readTrip(result.stdout, items, options.nonce);
  const { answers, lockedBy, finished } = trip;
  onTrip?.({
    host: name,
    command: transport.counts.commands,
    sentBytes: Buffer.byteLength(script),
    receivedBytes: Buffer.byteLength(result.stdout),
    milliseconds: performance.now() - startedAt,
    stderr: result.stderr,
    items: items.map(({ id, label }) => ({ name: label ?? id, answer: answers.get(id) })),
  });
  if (lockedBy !== undefined) {
    throw new ProvisionError({
      code: 'HOST_LOCKED',
      kind: 'operation',
      what: `${name} is being changed by another run`,
      why: lockedBy,
      fix: 'Wait until that run has ended, then run again.',
    });
  }
  if (!finished) {
    throw new ProvisionError({
      code: 'TRIP_BROKEN',
      kind: 'connection',
      what: `${name} did not answer in full`,
      why: [lastLines(result.stdout), lastLines(result.stderr)].join('\n').trim() || `exit status ${result.code}`,
      fix: `Check that 'sh', 'timeout' and 'flock' work for this user on ${name}.`,
    });
  }
  return trip;
}

/** Whole lines only: a part of a secret would not be known for one. */
const lastLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.length <= 300)
    .slice(-5)
    .join('\n');

const factsMissing = (name: string): ProvisionError =>
  new ProvisionError({
    code: 'FACTS_MISSING',
    kind: 'connection',
    what: `${name} did not tell its facts in time`,
    fix: `Look at the load of ${name}, and whether systemctl answers there.`,
  });
