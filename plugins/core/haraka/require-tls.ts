import { saysTlsNotRequired } from '../message/tls-required.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import type { TransactionRecord } from './transaction.ts';
import type { Transaction } from './types.ts';

/** What a client says of REQUIRETLS with MAIL (RFC 8689 §2); `malformed`: with a value, or more than once. */
export type RequireTlsParameter = 'absent' | 'present' | 'malformed';

const keyword = /\sREQUIRETLS(?=[=\s]|$)/gi;

/** Reads it of the parameters as Haraka has them, one of each name, and of the line that they stood in. */
export function requireTlsIn(parameters: unknown, line: string | null): RequireTlsParameter {
  const named = (parameters ?? {}) as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(named, 'REQUIRETLS')) return 'absent';
  const said = line?.slice(line.lastIndexOf('>') + 1).match(keyword) ?? [];
  return named['REQUIRETLS'] === null && said.length <= 1 ? 'present' : 'malformed';
}

/** What the sender of a message wants of TLS (RFC 8689 §4.1): as its client has said with MAIL, or else the header, as it would leave. */
export function tlsOptionOf(
  { message_stream: message }: Transaction,
  { needsTls }: TransactionRecord,
): ProvenanceRecord['tls_option'] {
  if (needsTls) return 'require';
  return saysTlsNotRequired(message.headers) ? 'no' : undefined;
}
