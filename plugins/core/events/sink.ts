import type { GatekeeperEvent } from './described-event.ts';

/**
 * Where events go by the code of others, in the order of the store. Each event comes at least once; by its `reference`, `time` and
 * `verdict` it is known again.
 */
export interface EventSink {
  /** Small letters, digits and `-`: stands in the log, in metrics and in the name of the file that says where to go on. */
  readonly name: string;
  /**
   * Takes events, and resolves with nothing when they are safe: only then come the next ones. The same come again after it rejects,
   * or has taken longer than half a minute, when `signal` is aborted. Nothing in them can be changed.
   */
  take(events: readonly GatekeeperEvent[], signal: AbortSignal): Promise<void>;
}

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;

/** Declares a sink; throws what is wrong with it. */
export function defineEventSink(sink: EventSink): EventSink {
  const { name, take } = sink as Partial<Record<keyof EventSink, unknown>>;
  if (typeof name !== 'string' || !namePattern.test(name)) {
    throw new TypeError(
      `an event sink cannot be called ${JSON.stringify(name)}: small letters, digits and - are allowed`,
    );
  }
  if (typeof take !== 'function') throw new TypeError(`the event sink ${name} has no function take`);
  // One of a class keeps what it is.
  return Object.freeze({ name, take: (...given: Parameters<EventSink['take']>) => sink.take(...given) });
}
