import constants from 'haraka-constants';
import DSN from 'haraka-dsn';
import type { Reply } from '../replies.ts';
import type { Settings } from '../settings/settings.ts';
import { endTransaction } from './patches/transaction-end.ts';
import type { Connection, Next } from './types.ts';

/** A refusal, ready to be said. */
export interface Refusal {
  readonly reply: Reply;
  readonly dsn: DSN;
  /** Code, status and text as the client reads them. */
  readonly line: string;
}

/** RFC 5321 §4.5.3.1.5: a reply line has at most 512 octets, code and CRLF included. */
const longestText = 480;

/** Puts the reference, what else the verdict tells and the operator's help text behind the text of the table. */
export function makeRefusal(reply: Reply, reference: string, { policy }: Settings, told = ''): Refusal {
  const said = [`${reply.text} (${reference})`, told, policy.help_text].filter((part) => part !== '');
  const text = said.join(' ').slice(0, longestText);
  const [, subject, detail] = reply.status.split('.').map(Number);
  return {
    reply,
    dsn: DSN.create(reply.code, text, subject ?? 0, detail ?? 0),
    line: `${reply.code} ${reply.status} ${text}`,
  };
}

/** Refuses by Haraka's own way, so that its counters and the `deny` hooks of others see it; 421 closes the connection. */
export function answerHook(next: Next, { reply, dsn }: Refusal): void {
  const isLast = reply.code === '421';
  const soft = isLast ? constants.denysoftdisconnect : constants.denysoft;
  next(isPermanent(reply) ? constants.deny : soft, dsn);
}

/** Refuses a client in place of the greeting, and closes: there are two codes for that (RFC 5321 §4.3.2), and no status (RFC 2034 §4). */
export function answerGreeting(next: Next, { reply, line }: Refusal): void {
  next(
    isPermanent(reply) ? constants.denydisconnect : constants.denysoftdisconnect,
    line.slice('554 '.length),
  );
}

/** A refusal as it is said in place of the greeting. */
export function asGreeting({ reply, dsn, line }: Refusal): Refusal {
  const text = line.slice(`${reply.code} ${reply.status} `.length);
  return { reply, dsn, line: `${isPermanent(reply) ? 554 : 421} ${text}` };
}

/**
 * Refuses a whole message past all hooks: Haraka would force 450 or 550 at this place, and a `deny` hook could
 * turn it into a pass. Ending the transaction cancels the running hook.
 */
export function answerFinally(connection: Connection, { reply, dsn }: Refusal): void {
  const { transaction } = connection;
  connection.respond(Number(reply.code), dsn, () => {
    connection.msg_count[isPermanent(reply) ? 'reject' : 'tempfail'] += 1;
    if (transaction) transaction.msg_status = isPermanent(reply) ? 'rejected' : 'deferred';
    if (reply.code === '421') connection.disconnect();
    else endTransaction(connection);
  });
}

/** Answers a command that no hook of Haraka stands for; 421 closes the connection (RFC 5321 §3.8). */
export function answerCommand(connection: Connection, { reply, dsn }: Refusal): void {
  connection.respond(Number(reply.code), dsn, () => {
    if (reply.code === '421') connection.disconnect();
  });
}

function isPermanent(reply: Reply): boolean {
  return reply.code.startsWith('5');
}
