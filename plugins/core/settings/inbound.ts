import { z } from 'zod';
import { parseEndpoint } from '../dns/endpoint.ts';
import { mode } from './mode.ts';
import { domain, name, network } from './parts.ts';

/** Mail that nobody logged in for: SPF (RFC 7208), and who may send as us all the same. */

const refusal = z.enum(['reject', 'record']);

const actions = {
  fail: refusal,
  softfail: refusal,
  permerror: refusal,
  temperror: z.enum(['defer', 'record']),
};

/** What follows from SPF results on one listener; where it says nothing, what stands under `spf` follows. */
export const listenerSpf = z.strictObject({
  fail: actions.fail.optional().describe('As spf.fail, for this port'),
  softfail: actions.softfail.optional().describe('As spf.softfail, for this port'),
  permerror: actions.permerror.optional().describe('As spf.permerror, for this port'),
  temperror: actions.temperror.optional().describe('As spf.temperror, for this port'),
});

export const spf = z.strictObject({
  mode,
  fail: actions.fail
    .default('reject')
    .describe('What a fail of a domain that is not protected leads to; that of a protected one is refused'),
  softfail: actions.softfail.default('record').describe('What a softfail leads to'),
  permerror: actions.permerror.default('record').describe('What a broken SPF record leads to'),
  temperror: actions.temperror
    .default('defer')
    .describe('What it leads to that the DNS cannot be asked; a protected domain is always deferred'),
  harden_spf_plugin: z
    .boolean()
    .default(false)
    .describe(
      'Where haraka-plugin-spf is loaded too: lets our engine do its work, since one address stops it',
    ),
});

export const partner = z.strictObject({
  name: name.describe('How events, log lines and reports call it'),
  owner: z.string().min(1).max(200).describe('Who answers for this entry'),
  domains: z
    .array(domain)
    .default([])
    .describe('Protected domains that it may send as, in the envelope and in the header'),
  addresses: z.array(network).default([]).describe('Its addresses or networks (ADDRESS/PREFIX)'),
  include: domain.optional().describe('Domain whose SPF record names its addresses'),
  forwarder: z
    .boolean()
    .default(false)
    .describe('It forwards mail of others: no SPF result of theirs turns its mail away'),
  expires: z.iso.date().describe('Last day (YYYY-MM-DD, UTC) on which this entry counts'),
  note: z.string().max(500).optional().describe('For whoever reads this later'),
});

export const dns = z.strictObject({
  servers: z
    .array(
      z
        .string()
        .refine(
          (text) => parseEndpoint(text) !== undefined,
          'expected ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT',
        ),
    )
    .default([])
    .describe('Recursive servers that are asked, in order of preference; empty: those of /etc/resolv.conf'),
  timeout_seconds: z.number().min(0.1).max(30).default(2).describe('Longest wait for one answer of a server'),
});
