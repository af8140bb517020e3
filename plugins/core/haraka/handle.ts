import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { deepFreeze } from '../deep-freeze.ts';
import type { GatekeeperEvent } from '../events/described-event.ts';
import { hearEvents } from '../events/event.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import { knownIdentity } from './facts/telling.ts';
import { type KnownIdentity } from './facts/told.ts';
import { identityOf } from './session.ts';
import type { Gatekeeper, StandingVerdict } from './gatekeeper.ts';
import { currentSettings } from './settings-in-force.ts';
import { knownRecord } from './transaction.ts';
import type { Connection, Plugin } from './types.ts';

/** Puts the handle where other plugins look for it, once in each process; nothing else can be put there. */
export function offerHandle(plugin: Plugin): void {
  const events: Gatekeeper['events'] = new EventEmitter();
  const complain = oncePerMinute(() => performance.now());
  const onFault = (error: unknown) =>
    complain(() => plugin.logerror(`a listener to server.notes.gatekeeper.events failed: ${String(error)}`));
  hearEvents((event) => {
    // Not in the middle of a decision, which a listener might change; and nobody pays for it where nobody listens.
    if (events.listenerCount('event') > 0) setImmediate(emit, events, frozen(event), onFault);
  });
  const handle: Gatekeeper = Object.freeze({
    version: ownVersion(),
    events,
    identity: identityAt,
    verdicts: standingVerdicts,
  });
  const { notes } = plugin.haraka_require('server');
  Object.defineProperty(notes, 'gatekeeper', { value: handle, enumerable: true });
}

function identityAt(given: object): KnownIdentity | undefined {
  const connection = given as Connection;
  const { policy } = knownRecord(connection)?.settings ?? currentSettings();
  const identity = identityOf(connection, policy);
  return identity && deepFreeze(knownIdentity(identity));
}

function standingVerdicts(given: object): readonly StandingVerdict[] {
  const clearances = knownRecord(given as Connection)?.clearances.values() ?? [];
  return deepFreeze([...clearances].map(({ check, outcome, mode }) => ({ check, outcome, mode })));
}

/** Others have the event itself, and go on to fill it in. */
function frozen(event: GatekeeperEvent): GatekeeperEvent {
  return deepFreeze(structuredClone(event));
}

/** One listener after the other, whatever they do, and whatever others have made of the emitter. */
function emit(events: Gatekeeper['events'], event: GatekeeperEvent, onFault: (error: unknown) => void): void {
  for (const listener of EventEmitter.prototype.rawListeners.call(events, 'event')) {
    try {
      const result: unknown = Reflect.apply(listener, events, [event]);
      Promise.resolve(result).catch(onFault);
    } catch (error) {
      onFault(error);
    }
  }
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
