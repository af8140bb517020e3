import { isIP } from 'node:net';
import { z } from 'zod';
import { parseMailbox } from '../mailbox.ts';
import { webhook } from './webhook.ts';

/** A database that several gateways share. */
const postgresql = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(255)
      .describe('Name of the server as its certificate says it, its address, or the folder of its socket'),
    port: z.int().min(1).max(65535).default(5432).describe('Port that it listens on'),
    database: z.string().min(1).max(63).describe('Name of the database; events are in its schema gatekeeper'),
    user: z.string().min(1).max(63).describe('Who may make that schema, or owns it'),
    password_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with the password of that user (not readable by others); absent where none is asked for',
      ),
    tls: z
      .enum(['verify', 'off'])
      .default('verify')
      .describe('verify: its certificate is verified; off: for a socket and the loopback address only'),
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe('Certificates (PEM) of the authorities that sign it; default: those of Node.js'),
  })
  .superRefine(({ host, tls, ca_file }, context) => {
    const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const isHere = host.startsWith('/') || ['127.0.0.1', '::1', 'localhost'].includes(host);
    if (tls === 'off' && !isHere) add('tls', 'must be verify, unless the server is on this host');
    if (tls === 'verify' && host.startsWith('/')) add('tls', 'must be off: a socket has none');
    if (tls === 'verify' && isIP(host) !== 0)
      add('host', 'must be a name: certificates are verified for one');
    if (tls === 'off' && ca_file !== undefined) add('ca_file', 'is for tls: verify');
  });

/** A report that comes by mail, once a day. */
const digest = z.strictObject({
  to: z
    .array(z.string().refine((text) => parseMailbox(text) !== undefined, 'expected LOCAL@DOMAIN'))
    .min(1)
    .describe('Who gets the report of the last 24 hours by mail, once a day'),
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "expected a time of day in quotes, such as '07:00'")
    .default('07:00')
    .describe('From when on it is sent each day, in the local time of the host, in quotes'),
});

export type DigestSettings = z.infer<typeof digest>;

/** Where events are kept, and for how long. */
export const audit = z.strictObject({
  store: z
    .enum(['sqlite', 'file', 'postgresql'])
    .default('sqlite')
    .describe(
      'Where events are kept. sqlite: events.db in data_directory; file: in file, as JSON lines; postgresql: in a database that several gateways share',
    ),
  postgresql: postgresql.optional().describe('With store: postgresql, where that is'),
  unwritable: z
    .enum(['spool', 'defer'])
    .default('spool')
    .describe(
      'While the store cannot be written. spool: mail goes on, and events wait in files; defer: no mail is accepted',
    ),
  spool_directory: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Where events wait meanwhile: on another file system it helps where that of the store is full; a relative path starts at the directory of Haraka; absent: events-spool in data_directory',
    ),
  file: z
    .string()
    .default('events.jsonl')
    .describe(
      'With store: file, one JSON line for each event; a relative path starts at the directory of Haraka',
    ),
  max_bytes: z
    .int()
    .min(4096)
    .default(64 * 1024 * 1024)
    .describe('Size at which the file is rotated'),
  keep: z.int().min(1).max(1000).default(10).describe('How many rotated files stay'),
  webhook: webhook
    .optional()
    .describe('Where events are also sent, as they happen; absent: nowhere. Mail never waits for it'),
  digest: digest.optional().describe('A report by mail, once a day; absent: none'),
  clear_days: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('After so many days events name nobody any more: names are keyed hashes from then on'),
  keep_days: z.int().min(1).max(3650).default(365).describe('After so many days events are removed'),
  most_bytes: z
    .int()
    .min(1024 * 1024)
    .default(8 * 1024 ** 3)
    .describe('Room that events may take on the disk; beyond it the oldest are removed'),
  client_addresses: z
    .enum(['keep', 'network', 'drop'])
    .default('keep')
    .describe(
      'What events say of where a client is. keep: its address; network: its network alone (/24 or /56); drop: nothing',
    ),
});
