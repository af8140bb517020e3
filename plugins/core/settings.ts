import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { directorySettings } from './directory/settings.ts';
import { parseDomain } from './mailbox.ts';

const modes = ['enforce', 'observe', 'off'] as const;
export type Mode = (typeof modes)[number];

export function isMode(value: unknown): value is Mode {
  return modes.some((mode) => mode === value);
}

const mode = z
  .enum(modes)
  .default('enforce')
  .describe('Enforce refuses, observe records what it would refuse, off does not look');

const domain = z.string().refine((text) => parseDomain(text) !== undefined, 'expected a domain name');

const listener = z.strictObject({
  port: z.int().min(1).max(65535).describe('Port that Haraka listens on'),
  role: z.enum(['submission', 'mx']).describe('submission: clients log in; mx: other servers bring mail'),
});

function isCipherList(ciphers: string): boolean {
  try {
    createSecureContext({ ciphers });
    return true;
  } catch {
    return false;
  }
}

const tls = z.strictObject({
  min_version: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest protocol accepted'),
  ciphers: z
    .string()
    .refine(isCipherList, 'OpenSSL knows no such cipher suites')
    .default('ECDHE+AESGCM:ECDHE+CHACHA20')
    .describe('Cipher suites of TLS 1.2, in the syntax of OpenSSL; those of TLS 1.3 are all sound'),
  mx: z
    .enum(['opportunistic', 'required'])
    .default('opportunistic')
    .describe('Whether servers that bring mail must use TLS (RFC 3207 §4 forbids it for a public MX)'),
});

const auth = z.strictObject({
  failure_delay_seconds: z
    .number()
    .min(0)
    .max(20)
    .default(1)
    .describe(
      'A refused login is answered after this time, whatever the cause: time must not tell the cause',
    ),
  max_failures: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Refused logins on one connection before it is closed with 421'),
});

const sender = z.strictObject({
  mode: mode,
  subaddress_separator: z
    .string()
    .max(1)
    .default('+')
    .describe('Who owns alice@ may also send as alice+TAG@ (RFC 5233); empty turns it off'),
});

const audit = z.strictObject({
  file: z
    .string()
    .default('events.jsonl')
    .describe('Where events go, one JSON line each; a relative path starts at the directory of Haraka'),
  max_bytes: z
    .int()
    .min(4096)
    .default(64 * 1024 * 1024)
    .describe('Size at which the file is rotated'),
  keep: z.int().min(1).max(1000).default(10).describe('How many rotated files stay'),
});

const http = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on'),
  port: z.int().min(1).max(65535).describe('Port to listen on'),
});

/** The whole policy: schema, types, defaults, and the source of the sample file. */
export const settingsSchema = z.strictObject({
  listeners: z
    .array(listener)
    .default([])
    .describe(
      'What each port is for; of those not listed 25 is mx, every other submission, the stricter role',
    ),
  protected_domains: z
    .array(domain)
    .default([])
    .describe('Domains that only authenticated senders may use as envelope sender'),
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
    .describe("Longest time a check may take before it is deferred; keep it below Haraka's plugin_timeout"),
  directory: directorySettings.describe('Who may log in'),
  tls: tls.prefault({}).describe('Which TLS is good enough'),
  auth: auth.prefault({}).describe('How logins are answered'),
  sender: sender.prefault({}).describe('Which addresses an identity may use'),
  audit: audit.prefault({}).describe('Where decisions are recorded'),
  http: http.optional().describe('Answers health checks (GET /health); absent: no HTTP port'),
});

export type Policy = z.infer<typeof settingsSchema>;

/** A policy with the name of its content: what a decision was made under. */
export interface Settings {
  readonly policy: Policy;
  readonly revision: string;
}
