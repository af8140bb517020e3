import assert from 'node:assert/strict';
import { parseMailbox, type Mailbox } from '../../plugins/core/mailbox.ts';

/** A mailbox that is known to be one. */
export function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text);
  assert.ok(parsed, text);
  return parsed;
}
