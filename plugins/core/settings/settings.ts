import { z } from 'zod';
import { audit } from './audit.ts';
import { certificates } from './certificates.ts';
import { check } from './checks.ts';
import { directoryEntry, directorySettings } from '../directory/settings.ts';
import { identitySource } from '../directory/source-settings.ts';
import { contradictions } from './contradictions.ts';
import { dns, listenerSpf, partner, spf } from './inbound.ts';
import { limits } from './limits.ts';
import { deceptions } from './deceptions.ts';
import { mode, modeObserve } from './mode.ts';
import { oauthSettings } from './oauth.ts';
import { domain, name, network } from './parts.ts';
import { suspension } from './suspension.ts';
import { internalSender, mailServer, registeredNetwork } from './registrations.ts';
import { requireTls } from './require-tls.ts';
import { smartHost } from './smart-hosts.ts';
import { outbound } from './outbound.ts';
import { tenant } from './tenants.ts';
import { tls, tlsCriterion } from './tls.ts';
import { web } from './web.ts';
import type { Role } from '../words.ts';

const roles = ['submission', 'mx'] as const satisfies readonly Role[];

const role = z.enum(roles);

const listener = z.strictObject({
  port: z.int().min(1).max(65535).describe('Port that Haraka listens on'),
  role: role.describe('submission: clients log in; mx: other servers bring mail'),
  spf: listenerSpf.optional().describe('What follows from SPF results here, where it is something else'),
});

const peer = z.strictObject({
  name: name.describe('How events and log lines call it'),
  addresses: z.array(network).min(1).describe('Its addresses or networks (ADDRESS/PREFIX)'),
});

const relay = peer.extend({
  spf: z
    .enum(['received', 'skip'])
    .default('received')
    .describe(
      'received: the client that its own Received field names is judged, after DATA; skip: it has judged',
    ),
});

const guessing = z.strictObject({
  window_seconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(1800)
    .describe('Time in which as many failures are forgotten as one of the limits below allows at once'),
  account_failures: z
    .int()
    .min(2)
    .max(100_000)
    .default(10)
    .describe(
      'Wrong passwords for one account, from all networks together that it did not log in from, or from one that it did',
    ),
  network_failures: z
    .int()
    .min(2)
    .max(100_000)
    .default(20)
    .describe(
      'Failed logins of one IPv4 address or IPv6 /64; /24 and /56 have four times as many, /48 sixteen',
    ),
  directory_failures: z
    .int()
    .min(0)
    .max(100_000)
    .default(0)
    .describe(
      'The directory hears of at most so many failed logins for one account from unknown networks within the window, repeats included: below its own lockout; 0 where it locks nobody',
    ),
  longest_delay_seconds: z
    .number()
    .min(0)
    .max(15)
    .default(8)
    .describe(
      'Beyond half of a limit each login waits before it is tried, longer and longer, at most so long',
    ),
  known_days: z
    .int()
    .min(1)
    .max(366)
    .default(30)
    .describe('A network (/24, /56) stays known for so long after the account logged in from it'),
  shared_networks: z
    .array(network)
    .default([])
    .describe('Where many users have one address, as behind webmail: failures there count by account alone'),
});

const auth = z.strictObject({
  failure_delay_seconds: z
    .number()
    .min(0)
    .max(20)
    .default(1)
    .describe(
      'A refused login is answered after this time, and up to a twentieth of it by chance, whatever the cause; a SCRAM challenge after one or two twentieths: time must not tell who exists',
    ),
  max_failures: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Refused logins on one connection before it is closed with 421'),
});

const sender = z.strictObject({
  mode,
  subaddress_separator: z
    .string()
    .max(1)
    .default('+')
    .describe('Who owns alice@ may also send as alice+TAG@ (RFC 5233); empty turns it off'),
  unproven_author: modeObserve.describe(
    'Mode for mail without login whose header From is of a protected domain, which neither SPF nor DKIM proves',
  ),
  ...deceptions,
});

const http = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on'),
  port: z.int().min(1).max(65535).describe('Port to listen on'),
});

const wholePolicy = z.strictObject({
  roles: z
    .array(role)
    .min(1)
    .default([...roles])
    .describe('What this host is for; a host with one role needs only the plugins of that role'),
  listeners: z
    .array(listener)
    .default([])
    .describe(
      'What each port is for; of those not listed 25 is mx, every other submission, the stricter role',
    ),
  emergency: z
    .literal('observe')
    .optional()
    .describe('Content policies that enforce only observe, all of them, until this line is taken out'),
  protected_domains: z
    .array(domain)
    .default([])
    .describe(
      'Domains that are ours: who has not logged in needs an SPF pass, or an entry of partners, to use them',
    ),
  nodes: z
    .array(peer)
    .default([])
    .describe('Our own gateways, by address: what they bring to an mx port was judged when it was accepted'),
  trusted_relays: z
    .array(relay)
    .default([])
    .describe('Hosts that bring mail of others in good faith: a backup MX, a filter in front of us'),
  partners: z
    .array(partner)
    .default([])
    .describe('Who may send as us without a login, and whose mail must not be turned away'),
  mail_servers: z
    .array(mailServer)
    .default([])
    .describe('Accounts of servers that log in and relay for many: Exchange, Postfix, an application'),
  registered_networks: z
    .array(registeredNetwork)
    .default([])
    .describe('Hosts that cannot log in, and relay under a name of their own by their address'),
  internal_senders: z
    .array(internalSender)
    .default([])
    .describe('Plugins of this Haraka that send mail by themselves, by `sendAs`, under a name of their own'),
  tenants: z
    .array(tenant)
    .default([])
    .describe(
      'Customers of Microsoft 365 and the like, whose mail this gateway relays although the servers that bring it relay for everybody',
    ),
  tls_criteria: z
    .array(tlsCriterion)
    .default([])
    .describe(
      'What else is asked of TLS on some ports, of some networks, accounts and sender domains, and exceptions for old devices',
    ),
  smart_hosts: z
    .array(smartHost)
    .default([])
    .describe(
      'Servers that take outgoing mail of some senders, in place of those that the DNS names for its recipients',
    ),
  require_tls: z
    .array(requireTls)
    .default([])
    .describe(
      'What TLS mail needs to leave, by its recipients and by its senders; what no server offers is tried again, then given back, and never sent in clear',
    ),
  checks: z
    .array(check)
    .default([])
    .describe(
      'Checks that plugins of others declare, and whether they refuse; one that is named here and not declared stops the start',
    ),
  help_text: z
    .string()
    .max(200)
    .regex(/^[\x20-\x7e]*$/, 'expected printable US-ASCII on one line')
    .default('')
    .describe('Stands at the end of every refusal: where your users find help'),
  deadline_seconds: z
    .number()
    .min(0.1)
    .max(300)
    .default(20)
    .describe("Longest time a check may take before it is deferred; below Haraka's plugin_timeout"),
  data_directory: z
    .string()
    .min(1)
    .default('var/gatekeeper')
    .describe(
      'Where the processes of this machine keep what they share and what outlives them; a relative path starts at the directory of Haraka',
    ),
  directory: directorySettings
    .optional()
    .describe(
      'Who may log in; the role submission needs it, unless directories or identity_sources have all who may',
    ),
  directories: z
    .array(directoryEntry)
    .default([])
    .describe('Directories for logins of some domains; directory answers all other logins'),
  identity_sources: z
    .array(identitySource)
    .default([])
    .describe('Accounts that are in no directory: sources that plugins offer, as docs/integrator.md says'),
  oauth: oauthSettings
    .optional()
    .describe('Whose tokens log in, by OAUTHBEARER and XOAUTH2; absent: nobody logs in by a token'),
  certificates: certificates.prefault({}).describe('Which client certificates stand for accounts'),
  tls: tls.prefault({}).describe('Which TLS is good enough'),
  auth: auth.prefault({}).describe('How logins are answered'),
  guessing: guessing.prefault({}).describe('When a login is not tried any more, because somebody guesses'),
  sender: sender.prefault({}).describe('Which addresses an identity may use'),
  spf: spf.prefault({}).describe('What follows from SPF (RFC 7208), for mail that nobody logged in for'),
  dns: dns.prefault({}).describe('Who is asked for SPF records, and for what recipients publish of TLS'),
  limits: limits
    .prefault({})
    .describe('How much one identity may send; directory.limits_attribute may say otherwise for an account'),
  outbound: outbound.prefault({}).describe('What may leave the queue'),
  suspension: suspension
    .prefault({})
    .describe('When an account looks taken over, and may not send until it is released'),
  audit: audit.prefault({}).describe('Where decisions are recorded'),
  http: http.optional().describe('Answers GET /health and GET /metrics; absent: no HTTP port'),
  web: web.optional().describe('The page that `gatekeeper web` serves; absent: it has none'),
});

export type Policy = z.infer<typeof wholePolicy>;

/** The whole policy: schema, types, defaults; the source of the sample file, the documentation and the JSON Schema. */
export const settingsSchema = wholePolicy.superRefine((policy, context) => {
  for (const { path, message } of contradictions(policy)) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
});

/** Lists that may also stand in files of their own, in the folder `gatekeeper.d`. */
export const registries = [
  'protected_domains',
  'nodes',
  'trusted_relays',
  'partners',
  'mail_servers',
  'registered_networks',
  'internal_senders',
  'tenants',
  'tls_criteria',
  'smart_hosts',
  'require_tls',
  'checks',
  'directories',
  'identity_sources',
] as const;

/** A policy with the name of its content: what a decision was made under. */
export interface Settings {
  readonly policy: Policy;
  readonly revision: string;
}
