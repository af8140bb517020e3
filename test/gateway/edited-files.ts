import type { Todo } from './provenance-scene.ts';

const changed = (object: object, changes: object) => void Object.assign(object, changes);

/** Files of the queue that somebody has edited, or copied: each is held for a reason, and neither sent nor bounced. */
export const edits: readonly {
  readonly it: string;
  readonly reason: string;
  readonly header?: (todo: Todo) => void;
  readonly message?: (text: string) => string;
}[] = [
  {
    it: 'names another recipient',
    reason: 'recipient-not-accepted',
    header: ({ rcpt_to: [first] }) => changed(first, { user: 'changed', original: '<changed@two.example>' }),
  },
  {
    it: 'names another recipient to servers without SMTPUTF8',
    reason: 'recipient-not-accepted',
    header: ({ rcpt_to: [first] }) => changed(first, { host: 'changed.example' }),
  },
  {
    it: 'names another sender',
    reason: 'other-sender',
    header: ({ mail_from: sender }) => changed(sender, { user: 'boss' }),
  },
  {
    it: 'names no sender',
    reason: 'other-sender',
    header: ({ mail_from: sender }) => changed(sender, { user: '', host: '', original: '<>' }),
  },
  {
    it: 'names another author in its message',
    reason: 'other-author',
    message: (text) => text.replace(/^From: .*$/m, 'From: boss@corp.example'),
  },
  {
    it: 'names a second one below a long header',
    reason: 'other-author',
    message: (text) => `${'X-Filler: xxxxxxxxxxxxxxx\r\n'.repeat(2000)}Sender: boss@corp.example\r\n${text}`,
  },
  { it: 'has another id', reason: 'other-message', header: (todo) => changed(todo, { uuid: 'ANOTHER.1.1' }) },
  {
    it: 'is one whose notes were copied to another message',
    reason: 'other-message',
    header: (todo) => changed(todo, { uuid: 'AAAAAAAA-0000-4000-8000-000000000000.1.1' }),
  },
  {
    it: 'has no record',
    reason: 'no-record',
    header: ({ notes }) => delete notes.gatekeeper_provenance,
  },
  {
    it: 'has a record with something else in it',
    reason: 'unreadable-record',
    header: ({ notes }) => changed(notes.gatekeeper_provenance ?? {}, { more: 1 }),
  },
  {
    it: 'has an address that cannot be one, so that Haraka would bounce it unread',
    reason: 'unreadable-file',
    header: ({ rcpt_to: [first] }) => changed(first, { user: 'x\r\nRCPT TO:<y' }),
  },
];
