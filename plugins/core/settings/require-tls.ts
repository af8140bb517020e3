import { z } from 'zod';
import { domainPattern } from './parts.ts';

/** What TLS mail needs to leave, by whom it is for or by whom it is from. */

export const tlsLevels = ['may', 'encrypt', 'verify'] as const;

export type TlsLevel = (typeof tlsLevels)[number];

const entry = z.strictObject({
  level: z
    .enum(tlsLevels)
    .describe(
      'may: TLS where the server offers it; encrypt: never in clear, whatever the certificate; verify: never without a valid certificate of the name of the server (TLS 1.2 or later, in both)',
    ),
  recipient_domains: z
    .array(domainPattern)
    .default([])
    .describe(
      'Of mail for these; *.DOMAIN is all that is below it, and not itself. The nearest entry holds for a domain; one without domains and identities is for all mail',
    ),
  identities: z
    .array(z.string().min(1).max(512))
    .default([])
    .describe(
      'Of what these send: ids or names of accounts, as `gatekeeper login` shows them, or names of registered_networks; it adds to what the recipient demands',
    ),
});

/** An entry of the list `require_tls`. */
export const requireTls = entry.superRefine(({ recipient_domains, identities }, context) => {
  if (recipient_domains.length === 0 || identities.length === 0) return;
  const message = 'is for another entry: one is about recipients or about senders';
  context.addIssue({ code: 'custom', path: ['identities'], message });
});
