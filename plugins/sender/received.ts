import type { Policy } from '../core/settings/settings.ts';
import { parseHeader } from '../core/message/header.ts';
import { isAddress } from '../core/network.ts';
import { peerAt } from '../core/peers.ts';

/** A client, by its address and by what it called itself. */
export interface Client {
  readonly ip: string;
  readonly helo: string;
}

/**
 * Whom a trusted relay had a message from, by the newest Received field (RFC 5321 §4.4) that does not name another host
 * of ours; `undefined` where that says nothing we can read. Fields below it may be anybody's.
 */
export function relayedClient(headerLines: readonly string[], policy: Policy): Client | undefined {
  const fields = parseHeader(headerLines);
  if ('malformed' in fields) return undefined;
  for (const { value } of fields.filter(({ name }) => name === 'received')) {
    const client = readReceived(value);
    if (!client || !peerAt(client.ip, policy)) return client;
  }
  return undefined;
}

/**
 * `from HELO (NAME [ADDRESS]) by ...` as Postfix, Haraka and Sendmail write it, `from NAME ([ADDRESS] helo=HELO)` as
 * Exim does, `from HELO (ADDRESS)` as Exchange does. What stands in brackets first was not written by the client.
 */
function readReceived(value: string): Client | undefined {
  const [, name = '', comment = ''] = /^\s*from\s+(\S{1,255})\s+\(([^()]{0,512})\)/i.exec(value) ?? [];
  const [, bracketed] = /\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]/i.exec(comment) ?? [];
  const ip = bracketed ?? comment.trim();
  if (!isAddress(ip)) return undefined;
  const [, helo = name] = /\shelo=(\S+)/i.exec(comment) ?? [];
  return { ip, helo };
}
