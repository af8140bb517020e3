import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { deepFreeze } from '../deep-freeze.ts';
import { hearEvents, type GatekeeperEvent } from '../events/event.ts';
import { oncePerMinute } from '../once-per-minute.ts';
import type { Mode } from '../settings/mode.ts';
import { knownIdentity, type KnownIdentity } from './facts/told.ts';
import { identityOf } from './session.ts';
import { currentSettings } from './settings-in-force.ts';
import { knownRecord, type Clearance } from './transaction.ts';
import type { Connection, Plugin } from './types.ts';

/** What other plugins find at `server.notes.gatekeeper`: it tells, and whatever is done with it decides nothing. */
export interface Gatekeeper {
  /** Of the package. */
  readonly version: string;
  /**
   * Emits `event` for each event that falls in this process, shortly after it fell: at most once, and whether or not it gets to a
   * store. Who may miss none has an event sink.
   */
  readonly events: EventEmitter<{ event: [GatekeeperEvent] }>;
  /** Who answers for what a client does at this moment; `undefined` where nobody is known. */
  readonly identity: (connection: Connection) => KnownIdentity | undefined;
  /** Which checks have let the open message go on so far; none where there is no message. */
  readonly verdicts: (connection: Connection) => readonly StandingVerdict[];
}

/** What a check has made of the open message: one that refused it has left nothing. */
export interface StandingVerdict {
  /** PLUGIN/CHECK. */
  readonly check: string;
  /** `observed`: its mode withheld a refusal. `kept`: it refuses all recipients but those that must stay reachable. */
  readonly outcome: Clearance['outcome'];
  readonly mode: Mode;
}

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

function identityAt(connection: Connection): KnownIdentity | undefined {
  const { policy } = knownRecord(connection)?.settings ?? currentSettings();
  const identity = identityOf(connection, policy);
  return identity && deepFreeze(knownIdentity(identity));
}

function standingVerdicts(connection: Connection): readonly StandingVerdict[] {
  const clearances = knownRecord(connection)?.clearances.values() ?? [];
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
