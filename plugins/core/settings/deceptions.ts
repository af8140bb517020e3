import { z } from 'zod';
import { mode, modeObserve } from './mode.ts';
import { mailbox } from './parts.ts';

/** By what readers of a message may be deceived although its addresses are right: settings of the section sender. */
export const deceptions = {
  foreign_display: modeObserve.describe(
    'Mode for names in From, Sender or Resent-From that show the address of somebody elsewhere, as in "service@bank.example" <alice@corp.example>; not for accounts that have the grant list or helpdesk, and not for servers that forward. An address of a protected domain is refused in any case',
  ),
  protected_names: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200).describe('A name, in any order of its words'),
        addresses: z.array(mailbox).min(1).describe('Whoever writes as one of these may have it'),
      }),
    )
    .default([])
    .describe('Names that nobody else who has logged in may have in From, such as those of executives'),
  lookalike_domains: modeObserve.describe(
    'Mode for addresses in From, Sender, Reply-To or a name whose domain looks like a protected one, such as c0rp.example (UTS 39)',
  ),
  unannounced_utf8: modeObserve.describe(
    'Mode for header fields with octets beyond US-ASCII where MAIL did not say SMTPUTF8, or that are no UTF-8 (RFC 6531 §3.4)',
  ),
  hidden_characters: mode.describe(
    'Mode for names and addresses in From, Sender or Resent-From with characters that cannot be seen, or that turn the direction of writing; joiners that scripts need are none of these',
  ),
  folded_author: mode.describe(
    'Mode for continuation lines that read as From or Sender with an address that is not the own, to whoever trims lines',
  ),
  stray_octets: modeObserve.describe(
    'Mode for NUL, bare CR and bare LF in mail without login (RFC 5321 §2.3.8); with login it is refused in any case',
  ),
};
