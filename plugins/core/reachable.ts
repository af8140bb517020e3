import type { Mailbox } from './mailbox.ts';

const names: readonly string[] = ['postmaster', 'abuse'];

/** Whether a recipient can always be written to (RFC 5321 §4.5.1, RFC 2142 §4), also by who is refused otherwise. */
export function isAlwaysReachable({ text, mailbox }: Recipient): boolean {
  const at = text.lastIndexOf('@');
  const local = mailbox?.local ?? (at < 0 ? text : text.slice(0, at));
  return names.includes(local.toLowerCase());
}

/** `postmaster` may stand without a domain, which is no mailbox; one with quotes is the same without them. */
interface Recipient {
  readonly text: string;
  readonly mailbox?: Mailbox;
}
