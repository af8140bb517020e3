import constants from 'haraka-constants';
import { peerAt } from '../../peers.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AnyVerdict } from '../../verdict.ts';
import { answerFinally, answerGreeting, answerHook, type Refusal } from '../answer.ts';
import { gatherFacts } from '../facts.ts';
import { standingOf } from '../facts/message.ts';
import type { Source } from '../facts/source.ts';
import { beginJudging } from '../message-end.ts';
import { judge, type Outcome } from '../outcome.ts';
import { identityOf, isGone } from '../session.ts';
import { sessionRecord } from '../session-record.ts';
import { currentSettings } from '../settings-in-force.ts';
import { tenancyOf } from '../tenancy.ts';
import {
  transactionRecord,
  type Clearance,
  type Judgeable,
  type JudgedPart,
  type TransactionRecord,
} from '../transaction.ts';
import type { Address, Connection, Next, Transaction } from '../types.ts';
import type { AnyCheck } from './check.ts';
import { deadlineSeconds, decideNow, withDeadline } from './decide.ts';
import { stageOf, type Stage } from './stages.ts';

type Call = Omit<Source, 'policy'>;

/** Those that a hook runs. */
type HookStage = Exclude<Stage, 'auth' | 'delivery'>;

/** What a check judges, and where its clearance goes. */
interface Subject {
  readonly settings: Settings;
  readonly transaction?: Transaction;
  /** Whether it is still there to be cleared and answered. */
  readonly isThere: () => boolean;
  /** What it has not looked at may change. */
  readonly clear: (outcome: Outcome, hasLooked: boolean) => void;
  readonly answer: (refusal: Refusal | undefined) => void;
}

/** Runs one check at the hook of its stage. */
export function runCheck(check: AnyCheck, call: Call, next: Next): void {
  const started = performance.now();
  const { plugin, connection } = call;
  const subject = subjectOf(check, call, next);
  if (!subject) {
    // Haraka does not run these hooks without a transaction.
    next(constants.denysoft);
    return;
  }
  const { settings, transaction, answer } = subject;
  if (!isConcerned(check, connection, settings)) {
    subject.clear({ clearance: clearanceOf(check, settings) }, false);
    answer(undefined);
    return;
  }
  const letQueue = transaction && stageOf(check.stage).isQueueing ? beginJudging(transaction) : undefined;
  const { policy } = settings;
  const identity = identityOf(connection, policy);
  const gather = () => gatherFacts(check.stage as HookStage, { policy, ...call });
  const { answer: verdictToCome, ...decided } = decideNow(check, { policy, identity, gather });
  const done = withDeadline(verdictToCome, deadlineSeconds(policy, plugin), (verdict: AnyVerdict) => {
    // The client is gone, or has begun another message: nothing may be cleared or answered any more.
    if (!subject.isThere()) return;
    // Nobody is there to hear 250: he will send it again.
    if (letQueue && isGone(connection)) return;
    letQueue?.();
    const outcome = judge({
      ...{ check, plugin, connection, verdict, started, settings, ...decided },
      ...(transaction && { transaction }),
    });
    subject.clear(outcome, true);
    answer(outcome.refusal);
  });
  // What throws here is a hook that runs after ours; unhandled, it would end the process with all its sessions.
  done?.catch((error: unknown) => {
    plugin.logcrit(connection, `after ${check.name}: ${String(error)}`);
    connection.disconnect();
  });
}

function subjectOf(check: AnyCheck, call: Call, next: Next): Subject | undefined {
  return check.stage === 'connect' ? session(check, call, next) : message(check, call, next);
}

/** A client that has just come, or that PROXY or XCLIENT say is another one. */
function session({ name }: AnyCheck, { connection }: Call, next: Next): Subject {
  const record = sessionRecord(connection);
  return {
    settings: currentSettings(),
    isThere: () => !isGone(connection) && sessionRecord(connection) === record,
    clear: ({ clearance }) => {
      if (clearance) record.clearances.set(name, clearance);
    },
    answer: (refusal) => {
      if (refusal) answerGreeting(next, refusal);
      else next();
    },
  };
}

function message(check: AnyCheck, { connection, params }: Call, next: Next): Subject | undefined {
  const { transaction } = connection;
  const record = transactionRecord(connection);
  if (!transaction || !record) return undefined;
  const judged = judgedBy(check, transaction);
  const recipient = stageOf(check.stage).clears === 'recipient' ? (params[0] as Address) : undefined;
  return {
    settings: record.settings,
    transaction,
    isThere: () => connection.transaction === transaction,
    clear: (outcome, hasLooked) =>
      clear(check, outcome, record, { judged: hasLooked ? judged : undefined, recipient }),
    answer: (refusal) => conclude(check, refusal, connection, next),
  };
}

const lookedAt: Partial<Record<Stage, Judgeable>> = {
  mail: 'sender',
  message: 'authors',
  outbound: 'authors',
};

/** What a clearance is given for: it is worth nothing for what another plugin puts into its place. */
function judgedBy({ stage, looksAt }: AnyCheck, transaction: Transaction): JudgedPart | undefined {
  const what = looksAt ?? lookedAt[stage];
  if (!what || what === 'client') return undefined;
  return { what, text: standingOf(transaction)[what] };
}

interface Cleared {
  readonly judged: JudgedPart | undefined;
  readonly recipient: Address | undefined;
}

function clear(
  check: AnyCheck,
  { clearance, refusal }: Outcome,
  record: TransactionRecord,
  { judged, recipient }: Cleared,
): void {
  if (stageOf(check.stage).clears === undefined) return;
  const { clearances } = record;
  if (recipient) {
    if (clearance) clearRecipient(clearance, record, recipient);
  } else if (clearance) clearances.set(check.name, { ...clearance, ...(judged && { judged }) });
  else if (check.refusesAt && refusal) keep(check, refusal, record);
  else clearances.delete(check.name);
}

/** A clearance for one recipient, beside those for others. */
function clearRecipient(clearance: Clearance, { clearances }: TransactionRecord, recipient: Address): void {
  const { recipients = new Set<string>() } = clearances.get(clearance.check) ?? {};
  recipients.add(recipient.format().slice(1, -1));
  clearances.set(clearance.check, { ...clearance, recipients });
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

function conclude(check: AnyCheck, refusal: Refusal | undefined, connection: Connection, next: Next): void {
  if (!refusal || check.refusesAt) next();
  else if (stageOf(check.stage).isFinal) answerFinally(connection, refusal);
  else answerHook(next, refusal);
}
