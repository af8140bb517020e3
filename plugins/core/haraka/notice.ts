import { hostname } from 'node:os';
import constants from 'haraka-constants';
import type { Settings } from '../settings/settings.ts';
import { keepOwnRecord } from './kept-record.ts';
import { onNewTransaction } from './patches/new-transactions.ts';
import type { Plugin } from './types.ts';

/** A mail of the gateway to those who run it. */
export interface Notice {
  readonly to: readonly string[];
  /** In US-ASCII. */
  readonly subject: string;
  readonly text: readonly string[];
}

/** Sends a mail with the null reverse-path, so that nothing comes back. Never throws: the log has what it says. */
export function sendNotice(plugin: Plugin, notice: Notice, settings: Settings): void {
  const { to } = notice;
  if (to.length === 0) return;
  const complain = (why: unknown) => {
    plugin.logerror(`a notice was not sent: ${String(why)}`);
  };
  // Haraka makes the transaction at once: that is the one which the record belongs to.
  const undo = onNewTransaction((transaction) => {
    keepOwnRecord(transaction, { origin: { kind: 'notice' }, recipients: to, revision: settings.revision });
  });
  try {
    const recipients = to.map((each) => `<${each}>`);
    plugin.haraka_require('outbound').send_email('<>', recipients, messageOf(plugin, notice), (code, why) => {
      if (code !== constants.ok) complain(why);
    });
  } catch (error) {
    complain(error);
  } finally {
    undo();
  }
}

/** RFC 3834 §5: no answering machine answers it. */
function messageOf(plugin: Plugin, { to, subject, text }: Notice): string {
  const header = [
    `From: Gatekeeper <postmaster@${hostOf(plugin)}>`,
    `To: ${to.join(', ')}`,
    `Subject: ${subject}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
  ];
  const lines = [...header, '', ...text].map((line) => line.replace(/[\r\n]/g, ' '));
  return lines.map((line) => `${line}\r\n`).join('');
}

function hostOf(plugin: Plugin): string {
  const me = plugin.config.get('me');
  return typeof me === 'string' && me !== '' ? me : hostname();
}
