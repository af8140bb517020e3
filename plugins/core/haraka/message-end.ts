import { addHook } from './hook.ts';
import type { Connection, Next, Plugin, ResultStore, Transaction } from './types.ts';

/** What became of a message; `unknown` when the client left while plugins that are not ours may have queued it. */
export type MessageEnd = 'queued' | 'not-queued' | 'unknown';

/** By which Haraka notes what its queue hooks were answered. */
const queueResult = { name: 'queue' } as const;

interface Fate {
  end?: MessageEnd;
  /** Our own queue writes it: that goes on when the client leaves, and says by itself what came of it. */
  isBeingQueued: boolean;
  /** A check of ours decides about it: no plugin that comes later can have queued it. */
  isBeingJudged: boolean;
  readonly heard: ((end: MessageEnd) => void)[];
}

const fates = new WeakMap<Transaction, Fate>();

/** Tells once what became of the message of a transaction, at the latest when the transaction ends. */
export function whenEnded(transaction: Transaction, hear: (end: MessageEnd) => void): void {
  const { end, heard } = fateOf(transaction);
  if (end === undefined) heard.push(hear);
  // Whoever asks only now was a hook that the end cut off, and none that comes later has run.
  else hear(end === 'unknown' ? 'not-queued' : end);
}

/** Our own queue begins to write a message; what it returns takes what came of that. */
export function beginQueueing(transaction: Transaction): (end: MessageEnd) => void {
  fateOf(transaction).isBeingQueued = true;
  return (end) => settle(fateOf(transaction), end);
}

/** A check looks at a message before plugins may queue it; what it returns lets them. */
export function beginJudging(transaction: Transaction): () => void {
  const fate = fateOf(transaction);
  fate.isBeingJudged = true;
  return () => {
    fate.isBeingJudged = false;
  };
}

/** Looks at the end of every transaction. */
export function watchMessageEnds(plugin: Plugin): void {
  const look = (next: Next, { transaction }: Connection) => {
    if (transaction) {
      const fate = fateOf(transaction);
      if (!fate.isBeingQueued) settle(fate, fate.isBeingJudged ? 'not-queued' : endOf(transaction));
    }
    next();
  };
  addHook(plugin, 'reset_transaction', 'gatekeeper_message_end', look, -100);
}

function endOf({ msg_status: status, results }: Transaction): MessageEnd {
  // A plugin has queued it, and the client has left before it heard that.
  if (status === undefined) return isNotedAsQueued(results) ? 'queued' : 'unknown';
  return status === 'accepted' ? 'queued' : 'not-queued';
}

function isNotedAsQueued(results: ResultStore): boolean {
  const passed = results.get(queueResult)?.['pass'];
  return Array.isArray(passed) && passed.length > 0;
}

function settle(fate: Fate, end: MessageEnd): void {
  if (fate.end !== undefined) return;
  fate.end = end;
  for (const hear of fate.heard.splice(0)) hear(end);
}

function fateOf(transaction: Transaction): Fate {
  const known = fates.get(transaction);
  if (known) return known;
  const fate: Fate = { isBeingQueued: false, isBeingJudged: false, heard: [] };
  fates.set(transaction, fate);
  return fate;
}
