import { hostname } from 'node:os';
import { messageOf } from '../message-of.ts';
import type { Settings } from '../settings/settings.ts';
import { queueOwn } from './own-mail.ts';
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
  const { to: recipients } = notice;
  if (recipients.length === 0) return;
  const { revision } = settings;
  const mail = { origin: { kind: 'notice' }, recipients, revision, message: textOf(plugin, notice) } as const;
  queueOwn(plugin, mail).catch((error: unknown) => {
    plugin.logerror(`a notice was not sent: ${messageOf(error)}`);
  });
}

/** RFC 3834 §5: no answering machine answers it. */
function textOf(plugin: Plugin, { to, subject, text }: Notice): string {
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
