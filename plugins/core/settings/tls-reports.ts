import { z } from 'zod';
import { isPlainLocalPart, parseMailbox } from '../mailbox.ts';

/** As it is said to every server and in every header, whatever it takes. */
const plainMailbox = z.string().refine((text) => {
  const mailbox = parseMailbox(text);
  return mailbox && isPlainLocalPart(mailbox.local) && text === `${mailbox.local}@${mailbox.domain}`;
}, 'expected LOCAL@DOMAIN in US-ASCII, the domain in small letters');

const reports = z.strictObject({
  organization: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$/u, 'expected a name on one line')
    .describe('Who reports, as people call it'),
  contact: plainMailbox.describe('Whom receivers may ask about a report; its domain is who reports'),
  from: plainMailbox.describe(
    'From and envelope sender of the mail, whose bounces come here; of the domain of contact, which signs it by DKIM',
  ),
});

/** The setting `outbound.tls_reports`. */
export const tlsReports = reports
  .superRefine(({ contact, from }, context) => {
    const domainOf = (text: string) => text.slice(text.lastIndexOf('@'));
    if (domainOf(contact) === domainOf(from)) return;
    const message = 'must be of the domain of contact: receivers compare them (RFC 8460 §5.3)';
    context.addIssue({ code: 'custom', path: ['from'], message });
  })
  .optional()
  .describe(
    'Once a day domains that ask for it are told how TLS with their servers went (RFC 8460), by mail; absent: nobody is',
  );

export type TlsReportSettings = z.infer<typeof reports>;
