import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hearEvents, keepClientAddresses, type GatekeeperEvent } from '../core/events/event.ts';
import { storePlace, type Instance } from '../core/events/open.ts';
import type { StorePlace } from '../core/events/places.ts';
import { EventsUnavailable, longestDelayMs, type Limits } from '../core/events/store.ts';
import { dayMs, hourMs } from '../core/events/tallies.ts';
import { EventWriter, type Destination } from '../core/events/writer.ts';
import { defineCheck } from '../core/haraka/checks/check.ts';
import { install } from '../core/haraka/checks/installed.ts';
import { harakaDirectory, isWorker } from '../core/haraka/instance.ts';
import type { Plugin } from '../core/haraka/types.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { messageOf } from '../core/message-of.ts';
import { defer, ownFault, pass, type Verdict } from '../core/verdict.ts';

/** What is old is looked for for the first time after so long, and then every hour. */
const firstLookMs = 60_000;

/** So often a store whose folder could not be made is tried again. */
const makeAgainMs = 5000;

/** What keeps events. */
export interface Keeping {
  readonly follow: (settings: Settings) => () => void;
  /** Why they cannot be kept now, neither in the store nor in the spool. */
  readonly unstored: () => string | undefined;
}

/** Keeps all events in the store of the settings in force, and accepts no message whose event is not on disk. */
export function keepEvents(plugin: Plugin, onLost: () => void): Keeping {
  const alarm = (message: string) => plugin.logcrit(`events: ${message}`);
  let used: object | undefined;
  let policyNow: Policy | undefined;
  let writer: EventWriter | undefined;
  const early: GatekeeperEvent[] = [];
  /** With those whose place was taken, which may not have ended yet. */
  const writers: EventWriter[] = [];
  let place: StorePlace | undefined;
  const begin = (policy: Policy, to = placeOf(policy)): EventWriter => {
    place = to.place;
    writer = new EventWriter({ ...to, alarm, onLost, former: writer });
    writers.push(writer);
    return writer;
  };
  /** What could not be made may be possible by now. */
  const makeAgain = () => {
    if (place?.kind !== 'none' || !policyNow) return;
    const to = placeOf(policyNow);
    if (to.place.kind !== 'none') begin(policyNow, to);
  };
  /** Begun with the first event: who only tries the settings has none, and makes no file. */
  const current = () => writer ?? (policyNow && begin(policyNow));
  hearEvents((event) => {
    const taker = current();
    if (taker) taker.take(event);
    else early.push(event);
  });
  process.on('exit', () => {
    for (const each of writers) each.finish();
  });
  install(plugin, storedChecks(current));
  if (!isWorker()) everyHour(() => policyNow && current()?.maintain(limitsOf(policyNow, Date.now())));
  setInterval(makeAgain, makeAgainMs).unref();
  const follow =
    ({ policy }: Settings) =>
    () => {
      policyNow = policy;
      keepClientAddresses(policy.audit.client_addresses);
      const next = whereOf(policy);
      if (writer && !isDeepStrictEqual(next, used)) begin(policy);
      used = next;
      for (const event of early.splice(0)) current()?.take(event);
    };
  return { follow, unstored: () => writer?.trouble };
}

/** What makes it another place. */
function whereOf({ data_directory: directory, audit }: Policy): object {
  const { store, file, max_bytes, keep, postgresql, unwritable, spool_directory: spool } = audit;
  return { directory, store, file, max_bytes, keep, postgresql, unwritable, spool };
}

function placeOf(policy: Policy): Destination {
  const instance = { policy, harakaDirectory: harakaDirectory() };
  const { spool_directory: spool = join(policy.data_directory, 'events-spool') } = policy.audit;
  const spoolFolder = resolve(instance.harakaDirectory, spool);
  return {
    place: placeIn(instance),
    spoolFolder,
    isSpooling: policy.audit.unwritable === 'spool',
  };
}

function everyHour(work: () => void): void {
  setTimeout(work, firstLookMs).unref();
  setInterval(work, hourMs).unref();
}

function limitsOf({ audit }: Policy, now: number): Limits {
  return {
    clearBefore: new Date(now - audit.clear_days * dayMs),
    keepAfter: new Date(now - audit.keep_days * dayMs),
    maxBytes: audit.most_bytes,
    digestBefore: new Date(now - longestDelayMs),
  };
}

/** A data directory that cannot be used stops no start: then events are spooled, or mail is deferred. */
function placeIn(instance: Instance): StorePlace {
  try {
    return storePlace(instance);
  } catch (error) {
    return { kind: 'none', because: messageOf(error) };
  }
}

/** After the gate, which says that a message is accepted, and before anybody queues it. */
function storedChecks(writer: () => EventWriter | undefined) {
  const common = { name: 'audit/stored', isQuiet: true, decide: () => stored(writer()) } as const;
  return [
    defineCheck({ ...common, stage: 'queue', after: ['outbound/inbound'] }),
    defineCheck({ ...common, stage: 'gate', after: ['outbound/gate'] }),
  ];
}

async function stored(writer: EventWriter | undefined): Promise<Verdict> {
  try {
    if (!writer) throw new Error('events are not kept yet');
    await writer.onDisk();
    return pass;
  } catch (error) {
    if (error instanceof EventsUnavailable && error.isFull) return defer('disk-full', error.message);
    return ownFault(error);
  }
}
