import { hostname } from 'node:os';
import { publish, type GatekeeperEvent } from '../event.ts';
import type { Identity } from '../identity.ts';
import { jsonLine } from '../json-line.ts';
import { replies, type Reason } from '../replies.ts';
import type { Mode } from '../settings/mode.ts';
import type { Settings } from '../settings/settings.ts';
import type { Verdict } from '../verdict.ts';
import { makeRefusal, type Refusal } from './answer.ts';
import { takeKeptRecord } from './kept-record.ts';
import { acceptedFields } from './record-fields.ts';
import { isGone, sessionFacts, type SessionFacts } from './session.ts';
import { provenTenant } from './tenancy.ts';
import type { Clearance } from './transaction.ts';
import type { Connection, Plugin, ResultStore, Transaction } from './types.ts';

/** A verdict, and the circumstances under which it fell. */
export interface Decision {
  readonly check: { readonly name: string; readonly isQuiet?: boolean };
  /** Absent for what is never optional. */
  readonly mode?: Mode;
  readonly plugin: Plugin;
  readonly connection: Connection;
  /** The transaction that was judged, for a decision about one: the client may have left it meanwhile. */
  readonly transaction?: Transaction;
  readonly verdict: Verdict;
  /** `performance.now()` when the check began. */
  readonly started: number;
  /** Those that the decision was made under. */
  readonly settings: Settings;
  /** What it was made of; absent where nothing was gathered for it. */
  readonly facts?: SessionFacts;
  /** What a login called itself. */
  readonly login?: string;
  /** By which mechanism it was tried. */
  readonly mechanism?: string;
  /** Name of the application password of a login that failed; that of an identity goes without saying. */
  readonly credential?: string;
  /** The reply, where it is another one than that of the verdict's reason. */
  readonly answerAs?: Reason;
}

/** What follows from a verdict: a refusal that must be answered, or a clearance. */
export interface Outcome {
  readonly refusal?: Refusal;
  readonly clearance?: Clearance;
}

/** Applies the mode to a verdict, publishes the event and writes the log line of a refusal; answers nothing. */
export function judge(decision: Decision): Outcome {
  const { check, mode = 'enforce', connection, transaction, verdict, settings, answerAs } = decision;
  const reference = `${transaction?.uuid ?? connection.uuid} ${check.name}`;
  const adverse = verdict.kind === 'refuse' || verdict.kind === 'defer';
  const withheld = adverse && mode !== 'enforce';
  const refusal = adverse ? refusalOf(verdict, reference, settings, answerAs) : undefined;
  if (adverse || !check.isQuiet) record(decision, { mode, reference, withheld, refusal });
  if (refusal && !withheld) return { refusal };
  const outcome = adverse ? 'observed' : verdict.kind;
  return { clearance: { check: check.name, outcome, mode, revision: settings.revision } };
}

function refusalOf(
  verdict: Verdict & { readonly kind: 'refuse' | 'defer' },
  reference: string,
  settings: Settings,
  reason: Reason = verdict.reason,
): Refusal {
  return makeRefusal(replies[reason], reference, settings, verdict.told);
}

/** The host that decides, as events call it. */
export const node = hostname();

interface Judgement {
  readonly mode: Mode;
  readonly reference: string;
  readonly withheld: boolean;
  readonly refusal: Refusal | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Filled in field by field, in the order in which they are written: spreading what may be absent takes microseconds. */
function eventOf(decision: Decision, { mode, reference, withheld, refusal }: Judgement): GatekeeperEvent {
  const { check, connection, verdict, started, settings, login, mechanism, credential } = decision;
  const event: Writable<Partial<GatekeeperEvent>> = {
    v: 1,
    time: new Date().toISOString(),
    node,
    reference,
    connection: connection.uuid,
    check: check.name,
    verdict: verdict.kind,
    mode,
  };
  const detail = detailOf(verdict);
  if (withheld) event.would_refuse = true;
  if ('reason' in verdict) event.reason = verdict.reason;
  if (detail !== undefined) event.detail = detail;
  if (refusal && !withheld && !isGone(connection)) event.reply = refusal.line;
  addParties(event, decision);
  if (credential !== undefined) event.credential = credential;
  if (login !== undefined) event.login = login;
  if (mechanism !== undefined) event.mechanism = mechanism;
  event.revision = settings.revision;
  event.latency_ms = Math.round((performance.now() - started) * 1000) / 1000;
  return event as GatekeeperEvent;
}

/** A check may itself find out whose message it is. */
function provenIn(transaction: Transaction | undefined, connection: Connection): Identity | undefined {
  return transaction && transaction === connection.transaction ? provenTenant(connection) : undefined;
}

/** Who it was about, and where. */
function addParties(
  event: Writable<Partial<GatekeeperEvent>>,
  { connection, transaction, settings, facts }: Decision,
): void {
  const {
    client,
    listener,
    tls,
    identity = provenIn(transaction, connection),
  } = facts ?? sessionFacts(connection, settings.policy);
  event.client = client.address;
  if (client.peer) event.peer = client.peer.name;
  event.port = listener.port;
  event.role = listener.role;
  if (tls) event.tls = `${tls.version} ${tls.cipher}`;
  if (identity) {
    event.identity = identity.name;
    event.identity_id = identity.id;
    if (identity.credential !== undefined) event.credential = identity.credential;
  }
  const sender = transaction?.mail_from?.format().slice(1, -1);
  if (sender !== undefined) event.sender = sender;
  const record = transaction && takeKeptRecord(transaction);
  if (record) Object.assign(event, acceptedFields(record));
}

function detailOf(verdict: Verdict): string | undefined {
  if (verdict.kind === 'refuse') return verdict.detail;
  return verdict.kind === 'pass' ? undefined : verdict.because;
}

/** Writes everywhere what was decided. Nothing in here may stand in the way of the answer. */
function record(decision: Decision, judgement: Judgement): void {
  const { plugin, connection, transaction, verdict } = decision;
  const complain = (error: unknown) => {
    plugin.logerror(connection, `an event was not recorded: ${String(error)}`);
  };
  try {
    const event = eventOf(decision, judgement);
    publish(event, complain);
    noteResult(plugin, transaction?.results ?? connection.results, event);
    if (verdict.kind === 'refuse') connection.lognotice(plugin, logLine(event));
    if (verdict.kind === 'defer') connection.logwarn(plugin, logLine(event));
  } catch (error) {
    complain(error);
  }
}

/** For plugins that count results: karma, log readers. */
function noteResult(plugin: Plugin, results: ResultStore, event: GatekeeperEvent): void {
  const value = event.reason === undefined ? event.check : `${event.check} ${event.reason}`;
  if (event.verdict === 'pass' || event.verdict === 'skip') results.add(plugin, { [event.verdict]: value });
  else results.add(plugin, { [event.verdict === 'refuse' && !event.would_refuse ? 'fail' : 'msg']: value });
}

/** The one line that tells a mail admin why: reference, check, reason, identity, offending value, reply. */
function logLine(event: GatekeeperEvent): string {
  const fields = {
    ref: event.reference,
    check: event.check,
    reason: event.reason,
    identity: event.identity ?? '-',
    login: event.login,
    client: event.client,
    credential: event.credential,
    value: event.detail ?? '-',
    reply: event.reply ?? '-',
  };
  return `${event.would_refuse ? 'would refuse' : event.verdict} ${fieldsLine(fields)}`;
}

/** `KEY="VALUE"` of all fields that are there. */
export function fieldsLine(fields: Readonly<Record<string, string | number | undefined>>): string {
  const shown = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${jsonLine(value)}`],
  );
  return shown.join(' ');
}
