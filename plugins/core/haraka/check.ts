import constants from 'haraka-constants';
import { isMode, modeInForce, type Mode } from '../settings/mode.ts';
import type { Identity } from '../identity.ts';
import type { Policy, Settings } from '../settings/settings.ts';
import { peerAt } from '../peers.ts';
import { isAlwaysReachable } from '../reachable.ts';
import { defer, isVerdict, ownFault, skip, type Verdict } from '../verdict.ts';
import { answerFinally, answerHook, type Refusal } from './answer.ts';
import { envelopeAddress, gatherFacts, standingOf, type Facts, type Source, type Stage } from './facts.ts';
import { addHook } from './hook.ts';
import { beginJudging } from './message-end.ts';
import { judge, type Outcome } from './outcome.ts';
import { identityOf, isGone, type SessionFacts } from './session.ts';
import { tenancyOf } from './tenancy.ts';
import {
  settingsFor,
  transactionRecord,
  type Clearance,
  type Judgeable,
  type JudgedPart,
  type TransactionRecord,
} from './transaction.ts';
import type { Address, Connection, Next, Plugin, Transaction } from './types.ts';

/**
 * Who is known, of these who may forward mail of others, who is not known, of these what a trusted relay brings, and who may
 * yet turn out to be a tenant.
 */
type Judged = 'authenticated' | 'forwarding' | 'unauthenticated' | 'relayed' | 'provisional';

/** A policy: what it is called, when it runs, and the function that decides. */
export interface Check<S extends Stage = Stage> {
  /** PLUGIN/CHECK; stands in events, logs, replies and clearances. */
  readonly name: string;
  readonly stage: S;
  /** Orders the checks of one stage, lower first, whatever the order of the lines in config/plugins; default 0. */
  readonly rank?: number;
  /**
   * A refusal at MAIL is said at RCPT, so that whoever is refused can still reach postmaster and abuse (RFC 5321 §4.5.1,
   * RFC 2142 §4): only for what a client may be innocent of.
   */
  readonly refusesAt?: 'rcpt';
  /** Whose mail it judges, that of others being cleared without a word: all where absent. */
  readonly judges?: Judged;
  /** What it lets go on is no event: it looks ahead of another check, or for what is rarely there. */
  readonly isQuiet?: boolean;
  /** What its clearance is for, where that is not what others of its stage look at; `client`: nothing of the message. */
  readonly looksAt?: Judgeable | 'client';
  /** Absent for what is never optional. */
  readonly mode?: (policy: Policy, identity: Identity | undefined) => Mode;
  /** Pure where it can be; throwing, rejecting, hanging and anything that is no verdict become 451. */
  readonly decide: (facts: Facts[S], policy: Policy) => Verdict | Promise<Verdict>;
}

/**
 * Where each stage runs in Haraka. `session` decides before the envelope is looked at, `rcpt` before other plugins
 * accept a recipient and `unclaimed` when none did, `message` after they have seen the body. The last three are the
 * gate's, and answer by themselves.
 */
const hooks = {
  session: { hook: 'mail', priority: -100 },
  mail: { hook: 'mail', priority: -90 },
  rcpt: { hook: 'rcpt', priority: -90 },
  unclaimed: { hook: 'rcpt', priority: 100 },
  message: { hook: 'data_post', priority: 80 },
  accept: { hook: 'data_post', priority: 100 },
  queue: { hook: 'queue', priority: -100 },
  outbound: { hook: 'queue_outbound', priority: -100 },
} as const satisfies Record<Stage, { hook: string; priority: number }>;

/** Stages whose refusals do not go through Haraka's hooks. */
const final: readonly Stage[] = ['accept', 'queue', 'outbound'];

/** Stages after which plugins queue the message. */
const queueing: readonly Stage[] = ['queue', 'outbound'];

/** Stages that leave a clearance which the gate demands. */
const clearing: readonly Stage[] = ['session', 'mail', 'message'];

type AnyCheck = { [S in Stage]: Check<S> }[Stage];

const installed: AnyCheck[] = [];

/** Declares a policy; `install` puts it to work. */
export function defineCheck<S extends Stage>(check: Check<S>): Check<S> {
  return Object.freeze(check);
}

/** Registers the checks of a plugin with Haraka. */
export function install(plugin: Plugin, checks: readonly AnyCheck[]): void {
  for (const check of checks) {
    const method = `gatekeeper_${check.name.replace(/\W/g, '_')}`;
    const run = (next: Next, connection: Connection, params?: readonly unknown[]) => {
      runCheck(check, { plugin, connection, params: params ?? [] }, next);
    };
    const { hook, priority } = hooks[check.stage];
    addHook(plugin, hook, method, run, priority + (check.rank ?? 0));
    installed.push(check);
  }
  if (checks.some(({ refusesAt }) => refusesAt)) {
    // Before any other plugin accepts the recipient, and before our own checks of it.
    addHook(plugin, 'rcpt', 'gatekeeper_kept_refusal', sayKept, -95);
  }
  if (checks.some(({ stage }) => stage === 'message')) {
    addHook(plugin, 'mail', 'gatekeeper_parameters', noteParameters, -100);
  }
  installed.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
}

/** Haraka tells of the parameters of MAIL at MAIL only. */
function noteParameters(next: Next, connection: Connection, params?: readonly unknown[]): void {
  const record = transactionRecord(connection);
  if (record) record.isSmtpUtf8 = Object.hasOwn(params?.[1] ?? {}, 'SMTPUTF8');
  next();
}

/** Names of the installed checks whose clearance every message needs. */
export function demandedClearances(): readonly string[] {
  return installed.filter((check) => clearing.includes(check.stage)).map((check) => check.name);
}

/** Decides the stage `session` outside of a hook: the first refusal, not answered yet, or whether the client is known. */
export function answerToSession(plugin: Plugin, connection: Connection): Refusal | 'known' | undefined {
  const settings = settingsFor(connection);
  for (const check of installed.filter(({ stage }) => stage === 'session')) {
    const started = performance.now();
    const source = { plugin, connection, params: [], policy: settings.policy };
    const { answer, ...decided } = decideNow(check, source);
    const verdict = answer instanceof Promise ? ownFault('a session check must decide at once') : answer;
    const { refusal } = judge({ check, plugin, connection, verdict, started, settings, ...decided });
    if (refusal) return refusal;
  }
  return identityOf(connection, settings.policy) && 'known';
}

function runCheck(check: AnyCheck, call: Omit<Source, 'policy'>, next: Next): void {
  const started = performance.now();
  const { plugin, connection } = call;
  const { transaction } = connection;
  const record = transactionRecord(connection);
  if (!transaction || !record) {
    // Haraka does not run these hooks without one.
    next(constants.denysoft);
    return;
  }
  const { settings } = record;
  if (!isConcerned(check, connection, settings)) {
    clear(check, { clearance: clearanceOf(check, settings) }, record);
    next();
    return;
  }
  const judged = judgedBy(check, transaction);
  const letQueue = queueing.includes(check.stage) ? beginJudging(transaction) : undefined;
  const { answer, ...decided } = decideNow(check, { policy: settings.policy, ...call });
  const done = withDeadline(answer, deadlineSeconds(settings.policy, plugin), (verdict) => {
    // The client is gone, or has begun another message: nothing may be cleared or answered any more.
    if (connection.transaction !== transaction) return;
    // Nobody is there to hear 250: he will send it again.
    if (letQueue && isGone(connection)) return;
    letQueue?.();
    const decision = { check, plugin, connection, transaction, verdict, started, settings, ...decided };
    const outcome = judge(decision);
    clear(check, outcome, record, judged);
    conclude(check, outcome, connection, next);
  });
  // What throws here is a hook that runs after ours; unhandled, it would end the process with all its sessions.
  done?.catch((error: unknown) => {
    plugin.logcrit(connection, `after ${check.name}: ${String(error)}`);
    connection.disconnect();
  });
}

/** Calls `settle` exactly once: at once for a verdict that is there, at the deadline for one that does not come. */
function withDeadline(
  answer: Verdict | Promise<Verdict>,
  seconds: number,
  settle: (verdict: Verdict) => void,
): Promise<void> | undefined {
  if (!(answer instanceof Promise)) {
    settle(answer);
    return undefined;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, defer('own-fault', `no verdict within ${seconds} s`));
  });
  return Promise.race([answer, late]).then((verdict) => {
    clearTimeout(timer);
    settle(verdict);
  });
}

/** Below Haraka's own timeout, which would answer without telling us. */
function deadlineSeconds({ deadline_seconds: wanted }: Policy, { timeout }: Plugin): number {
  return timeout > 0 ? Math.min(wanted, Math.max(timeout - 1, timeout / 2)) : wanted;
}

interface Decided {
  readonly mode: Mode;
  readonly facts?: SessionFacts;
  readonly answer: Verdict | Promise<Verdict>;
}

/** Runs `decide` so that whatever it does comes out as a verdict. A mode that cannot be read is `enforce`. */
function decideNow(check: AnyCheck, source: Source): Decided {
  let mode: Mode = 'enforce';
  let facts: SessionFacts | undefined;
  try {
    mode = modeOf(check, source);
    if (mode === 'off') return { mode, answer: skip('mode is off') };
    facts = gatherFacts(check.stage, source);
    const decide = check.decide as (facts: unknown, policy: Policy) => unknown;
    const answer = decide(facts, source.policy);
    return { mode, facts, answer: isThenable(answer) ? settled(answer) : asVerdict(answer) };
  } catch (error) {
    return { mode, answer: ownFault(error), ...(facts && { facts }) };
  }
}

function modeOf(check: AnyCheck, { connection, policy }: Source): Mode {
  const mode: unknown = check.mode ? check.mode(policy, identityOf(connection, policy)) : 'enforce';
  if (!isMode(mode)) throw new Error(`the check has no mode ${String(mode)}`);
  return check.mode ? modeInForce(mode, policy) : mode;
}

/** In a promise of our own realm, whatever kind of promise it was. */
function settled(answer: PromiseLike<unknown>): Promise<Verdict> {
  return Promise.resolve(answer).then(asVerdict, ownFault);
}

/** Not `instanceof Promise`: plain Haraka plugins run in a realm of their own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

function asVerdict(value: unknown): Verdict {
  return isVerdict(value) ? value : ownFault('the check returned no verdict');
}

const lookedAt: Partial<Record<Stage, Judgeable>> = { mail: 'sender', message: 'authors' };

/** What a clearance is given for: it is worth nothing for what another plugin puts into its place. */
function judgedBy({ stage, looksAt }: AnyCheck, transaction: Transaction): JudgedPart | undefined {
  const what = looksAt ?? lookedAt[stage];
  if (!what || what === 'client') return undefined;
  return { what, text: standingOf(transaction)[what] };
}

function clear(
  check: AnyCheck,
  { clearance, refusal }: Outcome,
  record: TransactionRecord,
  judged?: JudgedPart,
): void {
  if (!clearing.includes(check.stage)) return;
  const { clearances } = record;
  if (clearance) clearances.set(check.name, { ...clearance, ...(judged && { judged }) });
  else if (check.refusesAt && refusal) keep(check, refusal, record);
  else clearances.delete(check.name);
}

function isConcerned({ judges }: AnyCheck, connection: Connection, { policy }: Settings): boolean {
  if (!judges) return true;
  const identity = identityOf(connection, policy);
  if (identity) return judges === 'authenticated' || (judges === 'forwarding' && identity.forwards !== 'off');
  if (judges === 'unauthenticated') return true;
  if (judges === 'provisional') return tenancyOf(connection)?.kind === 'provisional';
  return judges === 'relayed' && peerAt(connection.remote.ip, policy)?.kind === 'trusted_relay';
}

function clearanceOf({ name: check }: AnyCheck, { revision }: Settings): Clearance {
  return { check, outcome: 'skip', mode: 'enforce', revision };
}

function keep({ name: check }: AnyCheck, refusal: Refusal, record: TransactionRecord): void {
  const { clearances, settings } = record;
  clearances.set(check, { check, outcome: 'kept', mode: 'enforce', revision: settings.revision });
  record.kept ??= refusal;
}

/** Says at RCPT what a check refused at MAIL. */
function sayKept(next: Next, connection: Connection, params?: readonly unknown[]): void {
  const kept = transactionRecord(connection)?.kept;
  if (!kept || isAlwaysReachable(envelopeAddress(params?.[0] as Address))) next();
  else answerHook(next, kept);
}

function conclude(check: AnyCheck, { refusal }: Outcome, connection: Connection, next: Next): void {
  if (!refusal || check.refusesAt) next();
  else if (final.includes(check.stage)) answerFinally(connection, refusal);
  else answerHook(next, refusal);
}
