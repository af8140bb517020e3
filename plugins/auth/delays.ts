import { setTimeout as delay } from 'node:timers/promises';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection } from '../core/haraka/types.ts';
import { waitOfChallenge, waitOfRefusal } from './pace.ts';

/** Every refusal takes the same time from `started`, so that the clock does not tell which logins exist. */
export function evenOut(connection: Connection, started: number): Promise<void> {
  return wait(waitOfRefusal(performance.now() - started, refusalDelay(connection), Math.random()));
}

/** The same for a challenge that was made of what the directory said since `asked`. */
export function evenOutChallenge(connection: Connection, asked: number): Promise<void> {
  return wait(waitOfChallenge(performance.now() - asked, refusalDelay(connection), Math.random()));
}

function refusalDelay(connection: Connection): number {
  return settingsFor(connection).policy.auth.failure_delay_seconds * 1000;
}

async function wait(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await delay(milliseconds, undefined, { ref: false });
}
