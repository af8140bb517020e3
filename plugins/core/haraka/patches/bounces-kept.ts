import constants from 'haraka-constants';
import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod, type Undo } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Next, Plugin, QueuedMessage } from '../types.ts';
import { throwAwayMessage } from './bounces-known.ts';

/** The message whose bounce is about to be sent: its text is ready, and it is the next that is. */
let bounced: { readonly message: QueuedMessage } | undefined;

/** While the patch is tried: what comes of queueing a bounce. */
let trial: number | undefined;

/** After the bounce could not be queued the message is tried again, which ends as before or does not. */
const againInSeconds = 60;

/** Keeps a message until its bounce is in the queue. */
export const bouncesKept = definePatch({
  name: 'bounces-kept',
  reaches:
    '`populate_bounce_message` and `send_email_respond` of messages in the queue, and `send_email` of outbound',
  why: 'A bounce that cannot be queued Haraka drops, and the message with it: nobody hears that it did not arrive.',
  install(plugin) {
    const wait: Wait = (message, why) => {
      plugin.logcrit(
        `the bounce of ${message.filename} cannot be queued, so that the message stays in the queue: ${messageOf(why)}`,
      );
      message.send_email_respond(constants.delay, againInSeconds);
    };
    const restore = [noteBounces(plugin, wait), keepUnsent(plugin, wait)];
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    expect('a bounce that is queued to end the message', endOf(plugin, constants.ok) === 'discarded');
    expect('one that is not to keep it', endOf(plugin, constants.denysoft) === 'delayed');
  },
});

type Wait = (message: QueuedMessage, why: unknown) => void;

function noteBounces(plugin: Plugin, wait: Wait): Undo {
  return replaceMethod(
    plugin.haraka_require('outbound').HMailItem.prototype,
    'populate_bounce_message',
    (populate) =>
      function (this: QueuedMessage, from, to, reason, done) {
        populate.call(this, from, to, reason, (error, lines) => {
          // One that is gone would wait for ever.
          if (error && (error as NodeJS.ErrnoException).code !== 'ENOENT') {
            wait(this, error);
            return;
          }
          bounced = { message: this };
          try {
            done(error, lines);
          } finally {
            bounced = undefined;
          }
        });
      },
  );
}

function keepUnsent(plugin: Plugin, wait: Wait): Undo {
  const outbound = plugin.haraka_require('outbound');
  return replaceMethod(outbound, 'send_email', (send) => (from, to, text, done, options) => {
    const message = bounced?.message;
    bounced = undefined;
    const settle = (code: number, why?: unknown) => {
      if (message && code === constants.denysoft) wait(message, why);
      else done(code, why);
    };
    if (trial === undefined) send.call(outbound, from, to, text, settle, options);
    else settle(trial);
  });
}

/** What becomes of a message whose bounce meets this. */
function endOf(plugin: Plugin, code: number): string | undefined {
  const ends: string[] = [];
  const message = Object.assign(throwAwayMessage(plugin), {
    discard: () => ends.push('discarded'),
    send_email_respond: (answer: number) => ends.push(answer === constants.delay ? 'delayed' : 'sent'),
  });
  trial = code;
  try {
    const log = [{ of: stranger, run: (next: Next) => next(constants.ok) }];
    withHooks(plugin, { log, bounce: [] }, () => {
      message.bounce_respond(constants.cont);
    });
  } finally {
    trial = undefined;
  }
  return ends.length === 1 ? ends[0] : undefined;
}
