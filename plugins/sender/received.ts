import type { Policy } from '../core/settings/settings.ts';
import { isAddress, networkSet } from '../core/network.ts';
import { peerAt } from '../core/peers.ts';

/** A client, by its address and by what it called itself. */
export interface Client {
  readonly ip: string;
  readonly helo: string;
}

/** A filter often hands mail to itself, and writes that down. */
const isLoopback = networkSet(['127.0.0.0/8', '::1']);

/**
 * Whom a trusted relay had a message from, by the newest Received field (RFC 5321 §4.4) that does not name another host
 * of ours; `undefined` where that says nothing we can read. Fields below it may be anybody's.
 */
export function relayedClient(headerLines: readonly string[], policy: Policy): Client | undefined {
  for (const value of receivedFields(headerLines)) {
    const client = readReceived(value);
    if (!client || !(isLoopback(client.ip) || peerAt(client.ip, policy))) return client;
  }
  return undefined;
}

/** Newest first. A header that is broken somewhere has them all the same: a sender could hide the relay's by that. */
function receivedFields(headerLines: readonly string[]): string[] {
  const fields = headerLines.join('').matchAll(/(?:^|\n)received:([^\n]*(?:\n[ \t][^\n]*)*)/gi);
  return [...fields].map(([, value = '']) => value.replaceAll('\n', ''));
}

/**
 * `from NAME (HELO HELO) (COMMENT)` as qmail writes it, `from NAME (COMMENT)` as the others do; `(may be forged)` ends a
 * comment. A name that is too long for a line is cut on the way, by Haraka after 992 octets of the line.
 */
const fromClause = /^\s*from\s+((?:\S{900,}\s+)*\S+)\s+(?:\((?:HELO|EHLO)\s+([^()]*)\)\s+)?\(([^()]*)/i;

/** What Exim puts into the comment, in the client's own words. */
const told = /(?:^|\s)(?:port|helo|ident)=\S*/gi;

const inBrackets = /\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]/i;

/**
 * Postfix, Haraka and Sendmail write `from HELO (NAME [ADDRESS])`, Exim `from NAME ([ADDRESS] helo=HELO)` or
 * `from [ADDRESS] (helo=HELO)`, Exchange `from HELO (ADDRESS)`. HELO may look like an address in brackets.
 */
function readReceived(value: string): Client | undefined {
  const [, name = '', heloOfQmail, comment = ''] = fromClause.exec(value) ?? [];
  const untold = comment.replace(told, '').trim();
  const isOfExim = untold === '' && comment !== '';
  const [, bracketed] = inBrackets.exec(isOfExim ? name : untold) ?? [];
  // With a user of qmail, or a scope (RFC 4007 §11).
  const ip = bracketed ?? untold.replace(/^.*@/, '').replace(/%.*$/, '');
  if (!isAddress(ip)) return undefined;
  const [, helo = heloOfQmail ?? name] = /(?:^|\s)helo=(\S+)/i.exec(comment) ?? [];
  return { ip, helo };
}
