import { hostname } from 'node:os';
import { completed, type GatekeeperEvent } from './event.ts';

/** What somebody who runs the gateway did, or was refused. */
export interface OperatorAction {
  /** Who: a name that was proven, of the directory or of the system. */
  readonly by: string;
  /** In a word or two: `trace`, `log in`, `release`. */
  readonly action: string;
  /** What it was about; somebody else's text. */
  readonly subject?: string;
  /** Of the settings in force. */
  readonly revision: string;
  /** Address of the browser, where it was done by the page. */
  readonly client?: string;
  /** Why it was refused: a reason of the reply table. `by` is then what somebody called himself. */
  readonly refusal?: string;
  readonly now?: Date;
}

/** In characters: what somebody looks for may be as long as a request. */
const longestDetail = 500;

let number = 0;

/** The event of it, as a store takes it: each look into the trail, and each action, is one. */
export function operatorEvent(action: OperatorAction): GatekeeperEvent {
  const { by, action: what, subject, revision, client, refusal, now = new Date() } = action;
  const detail = [what, ...(subject === undefined ? [] : [subject])].join(' ').slice(0, longestDetail);
  number += 1;
  return completed({
    v: 1,
    time: now.toISOString(),
    node: hostname(),
    reference: `operator-${process.pid}-${now.getTime().toString(36)}-${number} audit/operator`,
    check: 'audit/operator',
    verdict: refusal === undefined ? 'pass' : 'refuse',
    mode: 'enforce',
    ...(refusal === undefined ? { identity: by } : { login: by.slice(0, longestDetail), reason: refusal }),
    detail,
    ...(client !== undefined && { client }),
    revision,
    latency_ms: 0,
  });
}
