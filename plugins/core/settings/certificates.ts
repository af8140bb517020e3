import { z } from 'zod';

/** The section `certificates`: what client certificates log in. */
export const certificates = z.strictObject({
  external: z
    .enum(['off', 'on'])
    .default('off')
    .describe(
      'Whether submission ports ask for a client certificate, and who shows one may log in by it (AUTH EXTERNAL, RFC 4422)',
    ),
  implicit: z
    .enum(['none', 'mail_servers', 'all'])
    .default('none')
    .describe(
      'Whose certificate counts without AUTH, on all ports, from MAIL on: of accounts that mail_servers names, or of all',
    ),
  authorities_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Certificates (PEM) of the authorities whose word counts for subjects, addresses and hosts; absent: keys alone log in',
    ),
  revocations_file: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Lists (CRL, in PEM, or one in DER) of what these have revoked: each that has signed a certificate of a client needs one that is not over; read again when it changes',
    ),
});
