import { deepFreeze } from '../../core/deep-freeze.ts';
import { within } from '../../core/deadline.ts';
import type { GatekeeperEvent } from '../../core/events/event.ts';
import type { EventSink } from '../../core/events/sink.ts';

/** Events as a sink gets them: parsed once, however often they come. */
export function eventsOf(json: string): readonly GatekeeperEvent[] {
  return deepFreeze(JSON.parse(json) as GatekeeperEvent[]);
}

/** Resolves when a sink has taken events; rejects with what it did instead, which may be nothing within so many milliseconds. */
export async function handOver(
  sink: EventSink,
  events: readonly GatekeeperEvent[],
  milliseconds: number,
): Promise<void> {
  const abort = new AbortController();
  const late = () => {
    const error = new Error(`it has not taken them within ${milliseconds / 1000} s`);
    abort.abort(error);
    return error;
  };
  await within(milliseconds, late, () => taken(sink, events, abort.signal));
}

/** Not taken is also what looks like a mistake: a promise that nobody waits for, or an answer that nobody has looked at. */
async function taken(
  sink: EventSink,
  events: readonly GatekeeperEvent[],
  signal: AbortSignal,
): Promise<void> {
  const promise: unknown = sink.take(events, signal);
  if (typeof (promise as { then?: unknown } | null | undefined)?.then !== 'function') {
    throw new Error('take returned no promise');
  }
  const value: unknown = await promise;
  if (value !== undefined) throw new Error(`take resolved with ${kindOf(value)}, and not with nothing`);
}

function kindOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? 'a text' : String(value).slice(0, 40);
}
