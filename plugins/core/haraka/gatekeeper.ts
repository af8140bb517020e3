import type { EventEmitter } from 'node:events';
import type { GatekeeperEvent } from '../events/described-event.ts';
import type { Mode } from '../words.ts';
import type { KnownIdentity } from './facts/told.ts';

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
  readonly identity: (connection: object) => KnownIdentity | undefined;
  /** Which checks have let the open message go on so far; none where there is no message. */
  readonly verdicts: (connection: object) => readonly StandingVerdict[];
}

/** What a check has made of the open message: one that refused it has left nothing. */
export interface StandingVerdict {
  /** PLUGIN/CHECK. */
  readonly check: string;
  /** `observed`: its mode withheld a refusal. `kept`: it refuses all recipients but those that must stay reachable. */
  readonly outcome: 'pass' | 'skip' | 'observed' | 'kept';
  readonly mode: Mode;
}
