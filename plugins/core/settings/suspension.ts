import { z } from 'zod';
import { parseMailbox } from '../mailbox.ts';
import { modeObserve } from './mode.ts';

const mailbox = z.string().refine((text) => parseMailbox(text) !== undefined, 'expected LOCAL@DOMAIN');

const most = z.int().min(1).max(1_000_000).or(z.literal('none'));

const days = z.int().min(1).max(730);

/** When an account looks taken over. Failed logins are no sign of it: anybody could shut anybody out. */
export const suspension = z.strictObject({
  mode: modeObserve.describe(
    'What follows when an account looks taken over. enforce: it is suspended until `gatekeeper release`; observe: an event and a line in the log tell of it; off: nobody looks',
  ),
  recipients: most
    .default(500)
    .describe(
      'Recipients of one account within `minutes`, beyond which it looks taken over; none: any number',
    ),
  new_recipients: most
    .default('none')
    .describe(
      'The same of those that it has never written to; none: any number, and nothing is remembered of whom it writes to. Counted once an account was seen for `learning_days`',
    ),
  learning_days: days
    .default(14)
    .describe('For so long all are only remembered whom an account writes to that was not seen before'),
  recipients_known_days: days
    .default(90)
    .describe(
      'How long after its last message to them recipients are remembered, at most 10,000 of an account',
    ),
  bounced_percent: z
    .int()
    .min(1)
    .max(100)
    .or(z.literal('none'))
    .default(30)
    .describe('Share of its recipients that servers refuse for good, of at least `bounced_of` within a day'),
  bounced_of: z
    .int()
    .min(5)
    .max(100_000)
    .default(50)
    .describe('Below so many recipients no share says anything'),
  networks: most
    .default(10)
    .describe('Networks (/24, /56) from which it logs in within `minutes`, beyond which it looks taken over'),
  minutes: z.int().min(1).max(1440).default(60).describe('Time in which recipients and networks are counted'),
  exempt: z
    .array(z.string().min(1).max(512))
    .default([])
    .describe(
      'Accounts, by id or name, that are never suspended by these signs; those of mail_servers, registered_networks and tenants never are',
    ),
  notify: z
    .array(mailbox)
    .default([])
    .describe('Who gets a mail when an account looks taken over, whatever the mode but off'),
});
