import { z } from 'zod';

const person = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\0-\x1f\x7f]+$/, 'expected one line of text');

const file = z.string().min(1);

/** The page of `gatekeeper web`, a process of its own beside Haraka. */
export const web = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; any but a loopback address needs tls'),
  port: z.int().min(1).max(65535).default(8026).describe('Port to listen on'),
  hosts: z
    .array(
      z.string().regex(/^[\w.-]{1,253}$|^\[[\da-fA-F:.]{2,45}\]$/, 'expected a host name, without a port'),
    )
    .default([])
    .describe(
      'Names by which browsers reach the page, beside host, and localhost on a loopback address; a request for any other is refused',
    ),
  tls: z
    .strictObject({
      cert: file.describe('File of the certificate and those above it, PEM, from config'),
      key: file.describe('File of its private key, PEM, from config'),
    })
    .optional()
    .describe('Certificate of the page; absent: http, on a loopback address only'),
  admins: z
    .array(person)
    .default([])
    .describe(
      'Who sees all and may act: DNs of groups, or accounts by name (the first address) or id; NAME:DN for a group of the entry NAME of directories',
    ),
  viewers: z
    .array(person)
    .default([])
    .describe('Who sees the pages, but of the recipients of a message only the domains'),
  idle_minutes: z
    .int()
    .min(1)
    .max(1440)
    .default(30)
    .describe('A session ends when nothing was asked for so long'),
  session_minutes: z.int().min(1).max(10_080).default(480).describe('A session ends so long after its login'),
  login_failures: z
    .int()
    .min(2)
    .max(1000)
    .default(5)
    .describe('Failed logins of one account, or of one client, within 15 minutes, before it has to wait'),
});

export type WebSettings = z.infer<typeof web>;
