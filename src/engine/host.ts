import { randomBytes } from 'node:crypto';
import { ProvisionError } from '../errors.ts';
import { factsScript, type HostFacts, parseFacts } from '../operations/facts.ts';
import { prelude } from '../operations/prelude.ts';
import type { Transport } from '../transport/transport.ts';
import { composeTrip, followStarts, readTrip, type TripAnswer, type TripItem, type TripOptions } from './trip.ts';

/** A host of the inventory, before it is reached. */
export interface HostTarget {
  readonly name: string;
  readonly address: string;
  /** Left out by --limit: it takes part only where its peers' routes would else go wrong. */
  readonly outsideLimit: boolean;
  connect(): Promise<Transport>;
}

export interface TripRequest {
  readonly items: readonly TripItem[];
  /** Holds the host's lock under this name. */
  readonly lock?: string;
  /** Called with the id of each item when its turn comes. */
  readonly onStart?: (id: string) => void;
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
  /** Sends scripts in one command; throws HOST_LOCKED, TRIP_BROKEN and what the transport throws. */
  trip(request: TripRequest): Promise<ReadonlyMap<string, TripAnswer>>;
}

/** Where a host keeps the before-images of each run. */
export const undoFolder = '/var/lib/provision/undo';

const factsItem = (units: readonly string[]): TripItem => ({
  id: 'facts',
  kind: 'probe',
  timeoutSeconds: 30,
  source: factsScript(units).source,
});

/** Connects and reads the facts: the first command of a run. */
export async function openHost(target: HostTarget, run: string, units: readonly string[]): Promise<Host> {
  const transport = await target.connect();
  const host: Omit<Host, 'facts'> & { facts: HostFacts | undefined } = {
    name: target.name,
    address: target.address,
    outsideLimit: target.outsideLimit,
    transport,
    facts: undefined,
    nodeName: undefined,
    async trip(request) {
      // facts are read when nothing else is asked, and again after what may have changed them
      const readsFacts = request.items.length === 0 || request.lock !== undefined;
      const items = readsFacts ? [...request.items, factsItem(units)] : request.items;
      const answers = await runTrip(target.name, run, transport, items, request);
      const facts = answers.get('facts');
      if (facts && facts.code === 0) host.facts = parseFacts(facts.stdout);
      return answers;
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
  name: string,
  run: string,
  transport: Transport,
  items: readonly TripItem[],
  request: TripRequest,
): Promise<ReadonlyMap<string, TripAnswer>> {
  const options: TripOptions = {
    nonce: randomBytes(12).toString('hex'),
    prelude: prelude.source,
    environment: { PROVISION_RUN: run, PROVISION_UNDO: `${undoFolder}/${run}` },
    ...(request.lock === undefined ? {} : { lock: request.lock }),
  };
  const timeoutMs = 1000 * items.reduce((total, item) => total + item.timeoutSeconds, 30);
  const result = await transport.run(composeTrip(items, options), {
    timeoutMs,
    onOutput: followStarts(items, options.nonce, request.onStart ?? (() => {})),
  });
  const { answers, lockedBy, finished } = readTrip(result.stdout, items, options.nonce);
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
      why: [result.stdout.slice(-300), result.stderr.slice(-300)].join('\n').trim() || `exit status ${result.code}`,
      fix: `Check that 'sh', 'timeout' and 'flock' work for this user on ${name}.`,
    });
  }
  return answers;
}

const factsMissing = (name: string): ProvisionError =>
  new ProvisionError({
    code: 'FACTS_MISSING',
    kind: 'connection',
    what: `${name} did not tell its facts in time`,
    fix: `Look at the load of ${name}, and whether systemctl answers there.`,
  });
