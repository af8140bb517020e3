import { z } from 'zod';
import { mostSessions } from '../limits/limits.ts';
import { mode } from './mode.ts';

/** At least one: who must not send at all should not be able to log in. */
const limit = z.int().min(1).or(z.literal('none'));

const sessions = z.int().min(1).max(mostSessions).or(z.literal('none'));

/** What an identity may send, where its directory says nothing else. */
export const limits = z.strictObject({
  mode,
  messages_per_hour: limit
    .default('none')
    .describe(
      'Messages of one identity within an hour, which begins with the first of them; none: any number',
    ),
  messages_per_day: limit.default('none').describe('The same within a day'),
  recipients_per_hour: limit
    .default(10_000)
    .describe('Recipients of all messages of one identity within that hour, each as often as it is named'),
  recipients_per_day: limit.default('none').describe('The same within that day'),
  recipients_per_message: limit
    .default(1000)
    .describe(
      'Recipients of one message; the client hears 452 for others, and may send it to them separately',
    ),
  message_bytes: limit
    .default('none')
    .describe('Size of one message in octets; below what Haraka takes (databytes of connection.ini)'),
  messages_per_session: limit.default('none').describe('Messages on one connection'),
  sessions: sessions
    .default('none')
    .describe('Connections at once on which one identity has logged in, on this machine'),
  soft_messages_per_hour: limit
    .default(300)
    .describe(
      'Whoever goes beyond it is told of once in that hour, by an event and a line in the log, and not refused',
    ),
  soft_messages_per_day: limit.default('none').describe('As soft_messages_per_hour, of the day'),
  soft_recipients_per_hour: limit.default(1000).describe('As soft_messages_per_hour, of recipients'),
  soft_recipients_per_day: limit.default('none').describe('As soft_recipients_per_hour, of the day'),
  soft_recipients_per_message: limit.default('none').describe('As soft_messages_per_hour, of one message'),
  soft_message_bytes: limit.default('none').describe('As soft_messages_per_hour, of the size of one message'),
  soft_messages_per_session: limit.default('none').describe('As soft_messages_per_hour, of one connection'),
  soft_sessions: sessions.default('none').describe('As soft_messages_per_hour, of connections at once'),
});
