import constants from 'haraka-constants';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { stranger, withHooks } from '../throw-away.ts';
import type { Address, Next, Plugin, QueuedMessage, Transaction } from '../types.ts';
import { letPass } from './delivery-guard.ts';
import { onNewTransaction } from './new-transactions.ts';

/** Haraka is about to write to the sender of a message that could not be delivered. */
export interface BounceBegun {
  readonly transaction: Transaction;
  readonly of: QueuedMessage;
  readonly to: Address;
}

type Visitor = (bounce: BounceBegun) => void;

/** The bounce whose text is ready and whose transaction comes next. */
let awaited: Omit<BounceBegun, 'transaction'> | undefined;

/** Takes the place of the visitor while the patch is tried. */
let trial: Visitor | undefined;

/**
 * Tells the bounces that Haraka itself makes from all that calls itself one: with the text of a bounce goes the next
 * transaction, before anything else can make one.
 */
export const bouncesKnown = definePatch({
  name: 'bounces-known',
  reaches:
    '`populate_bounce_message` of messages in the queue, and the transaction that Haraka makes after it',
  why: "Haraka's bounces come the same way as the mail of other plugins, by `outbound.send_email`, and no hook tells them apart.",
  install(plugin, visit: Visitor) {
    const undo = onNewTransaction((transaction) => {
      if (!awaited) return;
      const bounce = { ...awaited, transaction };
      awaited = undefined;
      (trial ?? visit)(bounce);
    });
    const restore = replaceMethod(
      plugin.haraka_require('outbound').HMailItem.prototype,
      'populate_bounce_message',
      (populate) =>
        function (this: QueuedMessage, from, to, reason, done) {
          populate.call(this, from, to, reason, (error, lines) => {
            awaited = { of: this, to };
            try {
              done(error, lines);
            } finally {
              awaited = undefined;
            }
          });
        },
    );
    return () => {
      undo();
      restore();
    };
  },
  selfTest(plugin) {
    const [message, bounces] = [throwAwayMessage(plugin), [] as BounceBegun[]];
    let sent: Transaction | undefined;
    const capture = (_next: Next, object: object) => {
      sent = (object as { transaction: Transaction }).transaction;
    };
    trial = (bounce) => bounces.push(bounce);
    try {
      // No line is printed, and what is sent goes no further than to the hook.
      const log = [{ of: stranger, run: (next: Next) => next(constants.ok) }];
      withHooks(plugin, { log, pre_send_trans_email: [{ of: stranger, run: capture }] }, () => {
        message.bounce_respond(constants.cont);
      });
    } finally {
      trial = undefined;
    }
    const [bounce] = bounces;
    expect(
      'a bounce to be sent by a transaction of its own',
      sent !== undefined && sent === bounce?.transaction,
    );
    expect('one bounce to be made', bounces.length === 1 && bounce?.of === message);
    expect('it to go to the sender', sent?.rcpt_to.length === 1 && sent.rcpt_to[0] === bounce?.to);
    expect('it to have no sender', sent?.mail_from?.isNull() === true);
  },
});

/** A message that cannot be delivered, without a file. */
export function throwAwayMessage(plugin: Plugin): QueuedMessage {
  const { HMailItem } = plugin.haraka_require('outbound');
  const empty = {
    on(event: string, listener: () => void) {
      if (event === 'end') listener();
    },
  };
  const todo = { mail_from: { user: 'throw-away', host: 'invalid' }, rcpt_to: [], notes: {}, uuid: '' };
  const message = Object.assign(Object.create(HMailItem.prototype) as QueuedMessage, {
    ...{ todo, data_stream: () => empty, discard: () => undefined, loginfo: () => undefined },
  });
  letPass(message);
  return message;
}
