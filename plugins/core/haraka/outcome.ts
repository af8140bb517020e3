import { hostname } from 'node:os';
import { publish, type EventDraft } from '../events/event.ts';
import type { Identity } from '../identity.ts';
import { jsonLine } from '../json-line.ts';
import { replyFor, type Reason, type Replies } from '../replies.ts';
import type { Mode } from '../words.ts';
import type { Settings } from '../settings/settings.ts';
import type { AnyVerdict } from '../verdict.ts';
import { asGreeting, makeRefusal, type Refusal } from './answer.ts';
import { takeKeptRecord } from './kept-record.ts';
import { acceptedFields } from './record-fields.ts';
import { takeBackUnlessQueued } from './taken-back.ts';
import { isGone, sessionFacts, type SessionFacts } from './session.ts';
import { provenTenant } from './tenancy.ts';
import type { Clearance } from './transaction.ts';
import { recording, type Complain } from './recording.ts';
import type { Connection, Plugin, ResultStore, Transaction } from './types.ts';

/** What bears on how the verdict of a check is answered and recorded. */
interface Judging {
  readonly name: string;
  readonly stage?: string;
  readonly isQuiet?: boolean;
  readonly replies?: Replies;
}

/** A verdict, and the circumstances under which it fell. */
export interface Decision {
  readonly check: Judging;
  /** Absent for what is never optional. */
  readonly mode?: Mode;
  readonly plugin: Plugin;
  readonly connection: Connection;
  /** The transaction that was judged, for a decision about one: the client may have left it meanwhile. */
  readonly transaction?: Transaction;
  readonly verdict: AnyVerdict;
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
  /** What stands for a password that was wrong. */
  readonly wrongPassword?: string | undefined;
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
  const { check, mode = 'enforce', connection, transaction, verdict, settings } = decision;
  const reference = `${transaction?.uuid ?? connection.uuid} ${check.name}`;
  const adverse = verdict.kind === 'refuse' || verdict.kind === 'defer';
  const withheld = adverse && mode !== 'enforce';
  const refusal = adverse ? refusalOf(verdict, reference, decision) : undefined;
  if (adverse || !check.isQuiet) record(decision, { mode, reference, withheld, refusal });
  if (refusal && !withheld) return { refusal };
  const outcome = adverse ? 'observed' : verdict.kind;
  return { clearance: { check: check.name, outcome, mode, revision: settings.revision } };
}

function refusalOf(
  verdict: AnyVerdict & { readonly kind: 'refuse' | 'defer' },
  reference: string,
  { check, settings, answerAs }: Decision,
): Refusal {
  const reply = replyFor(answerAs ?? verdict.reason, check.replies);
  const refusal = makeRefusal(reply, reference, settings, verdict.told);
  return check.stage === 'connect' ? asGreeting(refusal) : refusal;
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
function eventOf(decision: Decision, { mode, reference, withheld, refusal }: Judgement): EventDraft {
  const { check, connection, verdict, started, settings, login, mechanism, credential } = decision;
  const { wrongPassword } = decision;
  const event: Writable<Partial<EventDraft>> = {
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
  if (wrongPassword !== undefined) event.wrong_password = wrongPassword;
  event.revision = settings.revision;
  event.latency_ms = Math.round((performance.now() - started) * 1000) / 1000;
  return event as EventDraft;
}

/** A check may itself find out whose message it is. */
function provenIn(transaction: Transaction | undefined, connection: Connection): Identity | undefined {
  return transaction && transaction === connection.transaction ? provenTenant(connection) : undefined;
}

/** RFC 1035 §2.3.4: no name of a host is longer. */
const longestHelo = 255;

type Parties = Pick<Decision, 'connection' | 'transaction' | 'settings' | 'facts'>;

/** Who it was about, and where. */
export function addParties(
  event: Writable<Partial<EventDraft>>,
  { connection, transaction, settings, facts }: Parties,
): void {
  const {
    client,
    helo,
    listener,
    tls,
    identity = provenIn(transaction, connection),
  } = facts ?? sessionFacts(connection, settings.policy);
  event.client = client.address;
  if (helo !== '') event.helo = helo.slice(0, longestHelo);
  if (client.peer) event.peer = client.peer.name;
  event.port = listener.port;
  event.role = listener.role;
  if (tls) event.tls = `${tls.version} ${tls.cipher}`;
  if (identity) {
    event.identity = identity.name;
    event.identity_id = identity.id;
    if (identity.credential !== undefined) event.credential = identity.credential;
  }
  if (transaction) addMessage(event, transaction);
}

function addMessage(event: Writable<Partial<EventDraft>>, transaction: Transaction): void {
  const sender = transaction.mail_from?.format().slice(1, -1);
  if (sender !== undefined) event.sender = sender;
  const kept = takeKeptRecord(transaction);
  if (kept) Object.assign(event, acceptedFields(kept.record, kept.bytes));
}

function detailOf(verdict: AnyVerdict): string | undefined {
  if (verdict.kind === 'refuse') return verdict.detail;
  return verdict.kind === 'pass' ? undefined : verdict.because;
}

/** Writes everywhere what was decided. Nothing in here may stand in the way of the answer. */
function record(decision: Decision, judgement: Judgement): void {
  const { plugin, connection, transaction, verdict } = decision;
  const write = (complain: Complain) => {
    const event = eventOf(decision, judgement);
    publish(event, complain);
    if (transaction && event.accepted) takeBackUnlessQueued(event, transaction, complain);
    noteResult(plugin, transaction?.results ?? connection.results, event);
    if (verdict.kind === 'refuse') connection.lognotice(plugin, logLine(event));
    if (verdict.kind === 'defer') connection.logwarn(plugin, logLine(event));
  };
  recording(plugin, write, connection);
}

/** For plugins that count results: karma, log readers. */
function noteResult(plugin: Plugin, results: ResultStore, event: EventDraft): void {
  const value = event.reason === undefined ? event.check : `${event.check} ${event.reason}`;
  if (event.verdict === 'pass' || event.verdict === 'skip') results.add(plugin, { [event.verdict]: value });
  else results.add(plugin, { [event.verdict === 'refuse' && !event.would_refuse ? 'fail' : 'msg']: value });
}

/** The one line that tells a mail admin why: reference, check, reason, identity, offending value, reply. */
function logLine(event: EventDraft): string {
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
