import { isAlwaysReachable } from '../../reachable.ts';
import { answerHook } from '../answer.ts';
import { envelopeAddress } from '../facts/address.ts';
import { transactionRecord } from '../transaction.ts';
import type { Address, Connection, Next } from '../types.ts';

/** Says at RCPT what a check refused at MAIL. */
export function sayKept(next: Next, connection: Connection, params?: readonly unknown[]): void {
  const kept = transactionRecord(connection)?.kept;
  if (!kept || isAlwaysReachable(envelopeAddress(params?.[0] as Address))) next();
  else answerHook(next, kept);
}

/** Haraka tells of the parameters of MAIL at MAIL only. */
export function noteParameters(next: Next, connection: Connection, params?: readonly unknown[]): void {
  const record = transactionRecord(connection);
  if (record) record.isSmtpUtf8 = Object.hasOwn(params?.[1] ?? {}, 'SMTPUTF8');
  next();
}
