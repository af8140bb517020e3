import constants from 'haraka-constants';
import { keepOwnRecord, type OwnMail } from './kept-record.ts';
import { onNewTransaction } from './patches/new-transactions.ts';
import type { Plugin } from './types.ts';

/** A whole message of the gateway itself, its lines ended by CRLF. */
export interface OwnMessage extends OwnMail {
  readonly message: string;
}

/** Puts a message of the gateway itself into the queue, past the hook `pre_send_trans_email` alone; rejects where it cannot. */
export function queueOwn(plugin: Plugin, { message, ...mail }: OwnMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    // Haraka makes the transaction at once: that is the one which the record belongs to.
    const undo = onNewTransaction((transaction) => keepOwnRecord(transaction, mail));
    try {
      const [from, to] = [`<${mail.sender ?? ''}>`, mail.recipients.map((each) => `<${each}>`)];
      plugin.haraka_require('outbound').send_email(from, to, message, (code, why) => {
        if (code === constants.ok) resolve();
        else reject(new Error(String(why)));
      });
    } finally {
      undo();
    }
  });
}
