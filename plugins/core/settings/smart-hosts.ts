import { isIP } from 'node:net';
import { z } from 'zod';
import { accountKey } from '../identity.ts';
import { parseDomain } from '../mailbox.ts';
import { passwordSource, type PasswordSource } from '../password-file.ts';
import { domain, name } from './parts.ts';

/** Servers that mail is handed to, in place of those that the DNS names for its recipients. */

const entry = z.strictObject({
  name: name.describe('How events and log lines call it'),
  host: z
    .string()
    .refine(isHost, 'expected the name of a host, or its address')
    .describe('Its name, as its certificate says it; an address only with tls: may'),
  port: z.int().min(1).max(65535).default(587).describe('Port that it listens on, for STARTTLS'),
  identities: z
    .array(z.string().min(1).max(512))
    .default([])
    .describe(
      'Takes what these send: ids or names of accounts, as `gatekeeper login` shows them, names of registered_networks and internal_senders, or tenant:NAME',
    ),
  sender_domains: z
    .array(domain)
    .default([])
    .describe(
      'Takes what is from these domains by its envelope, not below them, where the sender has logged in or is registered, or an operator has released it',
    ),
  recipient_domains: z
    .array(domain)
    .default([])
    .describe(
      'Takes what is for these domains only; without identities and sender_domains, all of it, bounces and mail from outside included',
    ),
  tls: z
    .enum(['verify', 'may'])
    .default('verify')
    .describe(
      'verify: nothing is said before its certificate is verified; may: as to any other server, in clear where it offers no TLS',
    ),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('Certificates (PEM) of the authorities that sign it; default: those of Node.js'),
  user: z
    .string()
    // RFC 4616 §2: NUL separates the fields.
    .regex(/^[^\0\r\n]{1,255}$/, 'expected one line')
    .optional()
    .describe('Account to log in with, by AUTH PLAIN or LOGIN; absent: no login'),
  password_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with its password (not readable by others); the variable GATEKEEPER_SMART_HOST_PASSWORD_NAME wins',
    ),
});

export type SmartHostSettings = z.infer<typeof entry>;

/** An entry of the list `smart_hosts`. */
export const smartHost = entry.superRefine((settings, context) => {
  const { host, tls, ca_file: ca, user, password_file: file } = settings;
  const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (tls === 'may' && user !== undefined) {
    add('tls', 'must be verify where user is set: whoever is in between would learn its password');
  }
  if (tls === 'may' && ca !== undefined) add('ca_file', 'is for tls: verify');
  if (tls === 'verify' && isIP(host) !== 0) {
    add('host', 'must be a name: a certificate is not verified for an address (or tls: may)');
  }
  if (file !== undefined && user === undefined) add('password_file', 'needs user');
  if (!isSelective(settings)) add('sender_domains', 'is missing: that, identities or recipient_domains');
});

function isSelective({ identities, sender_domains, recipient_domains }: SmartHostSettings): boolean {
  return identities.length + sender_domains.length + recipient_domains.length > 0;
}

/** Of the letters that a URL, a certificate and the DNS agree about. */
function isHost(text: string): boolean {
  return isIP(text) !== 0 || (parseDomain(text) === text.toLowerCase() && !/^[\d.]+$/.test(text));
}

/** The variable of the environment that may hold the password of an entry. */
export function smartHostVariable(name: string): string {
  return `GATEKEEPER_SMART_HOST_PASSWORD_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}

/** For recipients of any domain. */
export const anyRecipient = '*';

/** What an entry is found by. */
export interface RouteKey {
  readonly key: string;
  /** What of the entry makes it, and where that stands. */
  readonly text: string;
  readonly path: readonly [list: string, index: number];
}

/** Every way to an entry: a message that has one of its keys may take it. */
export function routeKeys(host: SmartHostSettings): readonly RouteKey[] {
  const { identities, sender_domains, recipient_domains } = host;
  const recipients = recipient_domains.length === 0 ? [anyRecipient] : recipient_domains.map(aLabels);
  const forAll = (selector: string, text: string, path: RouteKey['path']) =>
    recipients.map((recipient) => ({ key: routeKey(selector, recipient), text, path }));
  if (identities.length + sender_domains.length > 0) {
    return [
      ...identities.flatMap((text, at) => forAll(identitySelector(text), text, ['identities', at])),
      ...sender_domains.flatMap((text, at) => forAll(domainSelector(text), text, ['sender_domains', at])),
    ];
  }
  return recipient_domains.map((text, at) => ({
    ...{ key: routeKey(anySender, aLabels(text)), text },
    path: ['recipient_domains', at],
  }));
}

/** Of messages that nothing else is known of than their recipients. */
export const anySender = 'all';

export function identitySelector(idOrName: string): string {
  return `identity ${accountKey(idOrName)}`;
}

export function domainSelector(domainOfSender: string): string {
  return `sender ${aLabels(domainOfSender)}`;
}

export function routeKey(selector: string, recipient: string): string {
  return JSON.stringify([selector, recipient]);
}

function aLabels(text: string): string {
  return parseDomain(text) ?? text;
}

/** Where the password of an entry comes from; `undefined` when it has none, or nothing names it. */
export function smartHostPasswordSource(host: SmartHostSettings): PasswordSource | undefined {
  if (host.user === undefined) return undefined;
  return passwordSource(smartHostVariable(host.name), host.password_file);
}
