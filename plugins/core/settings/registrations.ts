import { z } from 'zod';
import { readLimits } from '../limits/read-limits.ts';
import { domain, mailbox, name, network } from './parts.ts';

/** Senders that are no persons: servers that log in and relay for many, hosts that cannot log in, and plugins of this Haraka. */

export const rights = {
  name: name.describe('How events, log lines and reports call it'),
  owner: z.string().min(1).max(200).describe('Who answers for this entry'),
  domains: z
    .array(domain)
    .default([])
    .describe(
      'It may send as every address of these domains, in the envelope and in the header; not below them',
    ),
  forward_foreign: z
    .enum(['off', 'observe', 'enforce'])
    .default('off')
    .describe(
      'Mail of others that it forwards (redirects, lists, reports of non-delivery). off: refused, as everybody may only send as who he is; enforce: let through where neither From nor envelope is of a protected domain, and the envelope is null, its own, or a foreign one with a good DKIM signature; observe: let through in any case, with an event where enforce would refuse',
    ),
  limits: z
    .array(z.string())
    .refine(
      (values) => readLimits(values).problems.length === 0,
      'expected NAME=NUMBER or NAME=none, each name once',
    )
    .default([])
    .describe('Limits of its own in place of those of the section limits, such as recipients_per_hour=none'),
  note: z.string().max(500).optional().describe('For whoever reads this later'),
};

export const mailServer = z.strictObject({
  ...rights,
  account: z
    .string()
    .min(1)
    .max(512)
    .describe('The account that it logs in with: its id or its name, as `gatekeeper login` shows them'),
  addresses: z
    .array(network)
    .default([])
    .describe(
      'The account logs in from these addresses or networks only (ADDRESS/PREFIX); empty: from anywhere',
    ),
  expires: z.iso
    .date()
    .optional()
    .describe(
      'Last day (YYYY-MM-DD, UTC) on which this entry counts; then the account is one like any other',
    ),
});

const sendAs = z.array(mailbox).default([]).describe('Addresses that it may send as');

const lastDay = z.iso.date().describe('Last day (YYYY-MM-DD, UTC) on which this entry counts');

export const registeredNetwork = z.strictObject({
  ...rights,
  addresses: z
    .array(network)
    .min(1)
    .describe('Its addresses or networks (ADDRESS/PREFIX): whatever connects from there counts as logged in'),
  send_as: sendAs,
  tls: z
    .enum(['required', 'optional'])
    .default('required')
    .describe('optional: may also send in clear, where anybody on the way can read and change it'),
  expires: lastDay,
});

const { forward_foreign: _forward_foreign, ...rightsOfItsOwn } = rights;

export const internalSender = z.strictObject({ ...rightsOfItsOwn, send_as: sendAs, expires: lastDay });
