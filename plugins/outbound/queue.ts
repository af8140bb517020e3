import { statfs } from 'node:fs/promises';
import constants from 'haraka-constants';
import { isDiskFull, syncShared } from '../core/durable.ts';
import { answerFinally } from '../core/haraka/answer.ts';
import { addHook } from '../core/haraka/hook.ts';
import { beginQueueing } from '../core/haraka/message-end.ts';
import { judge } from '../core/haraka/outcome.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { queueFiles } from '../core/haraka/patches/queue-files.ts';
import { queueUntimed } from '../core/haraka/patches/queue-untimed.ts';
import { transactionRecord } from '../core/haraka/transaction.ts';
import type { Connection, Next, Plugin, Transaction } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { defer, pass, refuse, type Verdict } from '../core/verdict.ts';
import { unprovenAsItIs } from './provenance.ts';

const check = { name: 'outbound/queue' } as const;

/** Below this many free bytes the disk counts as full. */
const fullBelow = 1024 * 1024;

/**
 * Queues what no other plugin took, last of all: Haraka's own queueing answers 550 when the queue cannot be
 * written, and the sender would take its mail for refused.
 */
export function queueOurselves(plugin: Plugin): void {
  applyPatch(plugin, queueFiles);
  applyPatch(plugin, queueUntimed);
  const queue = (next: Next, connection: Connection) => {
    writeToQueue(plugin, connection, next);
  };
  addHook(plugin, 'queue_outbound', 'gatekeeper_queue', queue, 100);
}

function writeToQueue(plugin: Plugin, connection: Connection, next: Next): void {
  const started = performance.now();
  const { transaction } = connection;
  const record = transactionRecord(connection);
  if (!transaction || !record) {
    next(constants.denysoft);
    return;
  }
  const { settings } = record;
  const settle = beginQueueing(transaction);
  const conclude = (verdict: Verdict) => {
    const { refusal } = judge({ check, plugin, connection, transaction, verdict, started, settings });
    settle(refusal ? 'not-queued' : 'queued');
    if (!refusal) next(constants.ok, 'Message queued');
    else if (connection.transaction === transaction) answerFinally(connection, refusal);
  };
  const changed = settings.policy.outbound.unproven_mail === 'enforce' && changeSinceGate(transaction);
  if (changed) {
    conclude(refuse('not-cleared', changed));
    return;
  }
  const fault = (message: unknown) => void queueFault(plugin, message).then(conclude);
  try {
    plugin.haraka_require('outbound').send_trans_email(transaction, (code, message) => {
      if (code !== constants.ok) fault(message);
      // Haraka has synced the message, and not that it is there.
      else syncShared(plugin.haraka_require('outbound/queue').queue_dir).then(() => conclude(pass), fault);
    });
  } catch (error) {
    fault(error);
  }
}

/** What another plugin has changed of a message that the gate let through: it would be held when it leaves. */
function changeSinceGate(transaction: Transaction): string | undefined {
  const unproven = unprovenAsItIs(transaction);
  return (
    unproven && `another plugin has changed it after outbound/gate: ${unproven.reason}: ${unproven.detail}`
  );
}

/** The file system says whether there is room, but neither of a quota, nor of what was removed meanwhile. */
export async function queueFault(plugin: Plugin, fault: unknown): Promise<Verdict> {
  const directory = plugin.haraka_require('outbound/queue').queue_dir;
  const why = `queue ${directory}: ${messageOf(fault)}`;
  if (isDiskFull(fault)) return defer('disk-full', why);
  try {
    const { bavail, bsize, ffree, files } = await statfs(directory);
    const isLow = bavail * bsize < fullBelow || (files > 0 && ffree === 0);
    return defer(isLow ? 'disk-full' : 'own-fault', why);
  } catch (error) {
    return defer('own-fault', `${why} (${String(error)})`);
  }
}
