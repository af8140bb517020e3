import type { Accident } from './accidents.ts';

const notCleared = {
  hears: /^550 5\.7\.1 Message did not pass every check/,
} as const;

/** Haraka takes a throw for consent, and silence for trouble; what passes is what would pass without the plugin. */
export const faults: readonly Accident[] = [
  ...(['throws-at-mail', 'throws-at-data-post', 'throws-at-queue', 'answers-twice'] as const).flatMap(
    (name) => [
      {
        ...{ it: `does so: ${name}`, name, sender: 'bob@corp.example', hears: /^553 5\.7\.1 / },
        event: 'sender/envelope refuse sender-not-owned',
      },
      {
        ...{ it: `does so: ${name}`, name, author: 'carol@corp.example', hears: /^550 5\.7\.1 Header/ },
        event: 'sender/header refuse header-not-owned',
      },
      {
        it: `does so: ${name}`,
        name,
        hears: /^250 /,
        event: 'outbound/queue pass',
        leaves: /^Subject: test$/m,
      },
    ],
  ),
  { it: 'never answers at data_post', name: 'hangs-at-data-post', hears: /^45\d / },
  {
    it: 'never answers at queue_outbound',
    name: 'hangs-at-queue',
    hears: /^45\d /,
    event: 'outbound/gate pass',
  },
  {
    it: 'answers OK at data_post when Haraka has given it up',
    ...{ name: 'accepts-late', author: 'carol@corp.example', hears: /^45\d / },
  },
];

/**
 * What leaves is what was judged. At `mail` before -90 and at `data_post` before 80 a plugin may change what it likes: then its
 * work is judged.
 */
export const changes: readonly Accident[] = [
  {
    ...{ it: 'changes the sender before it is judged', name: 'sender-at-mail', listed: 'first' },
    ...{ hears: /^553 5\.7\.1 /, event: 'sender/envelope refuse sender-not-owned' },
  },
  ...(['rcpt', 'data-post'] as const).map((place) => ({
    ...{ it: `changes the sender at ${place}`, name: `sender-at-${place}`, ...notCleared },
    event: 'outbound/accept refuse another plugin has changed the envelope sender after sender/envelope',
  })),
  {
    ...{ it: 'changes the sender at rcpt, to another of the same account', name: 'own-sender-at-rcpt' },
    ...{ ...notCleared, event: 'outbound/accept refuse not-cleared' },
  },
  {
    ...{ it: 'changes the sender of mail from outside', name: 'sender-at-rcpt', by: 'server' },
    ...{ sender: 'someone@other.example', domain: 'corp.example', ...notCleared },
    event: 'outbound/accept refuse not-cleared',
  },
  {
    ...{ it: 'changes the sender after the gate', name: 'sender-at-queue', ...notCleared },
    event: 'outbound/queue refuse not-cleared',
  },
  {
    ...{ it: 'changes the sender while it is queued', name: 'sender-in-queue', hears: /^250 / },
    held: 'other-sender',
  },
  {
    ...{ it: 'changes From before it is judged', name: 'from-at-data-post' },
    ...{ hears: /^550 5\.7\.1 Header/, event: 'sender/header refuse boss@corp.example in From' },
  },
  {
    ...{ it: 'changes From before it is judged, to another of the account', name: 'own-from-at-data-post' },
    ...{ hears: /^250 /, event: 'outbound/gate pass', leaves: /^From: team@corp\.example$/m },
  },
  {
    ...{ it: 'makes an honest From of a foreign one before it is judged', name: 'own-from-at-data-post' },
    ...{ author: 'alice@internal.example', hears: /^250 /, leaves: /^From: team@corp\.example$/m },
  },
  {
    ...{ it: 'takes From away before it is judged', name: 'no-from' },
    ...{ hears: /^554 5\.6\.0 /, event: 'sender/header refuse header-malformed' },
  },
  {
    ...{ it: 'changes From after it was judged', name: 'late-from-at-data-post', ...notCleared },
    event:
      'outbound/accept refuse another plugin has changed From, Sender, Resent-… or List-Id after sender/header',
  },
  ...(['from-at-queue', 'second-from', 'no-from-at-queue'] as const).map((name) => ({
    ...{ it: `does so after the gate: ${name}`, name, ...notCleared },
    event: 'outbound/queue refuse not-cleared',
  })),
  {
    ...{ it: 'changes From while it is queued', name: 'from-in-queue', hears: /^250 /, held: 'other-author' },
  },
  {
    ...{ it: 'changes other fields, as filters and signers do', name: 'other-fields', hears: /^250 / },
    ...{ event: 'outbound/queue pass', leaves: /^X-Filter: seen$[^]*^Subject: tagged$/m },
  },
  ...(['rcpt', 'data-post'] as const).map((place) => ({
    ...{ it: `adds a recipient at ${place}, as aliases do`, name: `recipient-at-${place}`, hears: /^250 / },
    ...{ event: 'outbound/gate pass', leaves: /^From: alice@corp\.example$/m, recipients: 2 as const },
  })),
  {
    ...{ it: 'adds a recipient after the gate', name: 'recipient-at-queue', ...notCleared },
    event: 'outbound/queue refuse not-cleared',
  },
  {
    ...{ it: 'adds a recipient while it is queued', name: 'recipient-in-queue', hears: /^250 / },
    held: 'recipient-not-accepted',
  },
];

/** Mail that nobody was asked about is held, and nobody hears of it: neither its recipient, nor who it claims to be from. */
export const sends: readonly Accident[] = [
  { it: 'sends by outbound.send_email', name: 'sends', hears: /^250 /, held: 'no-record' },
  {
    ...{ it: 'sends, and says that there is no server', name: 'sends', domain: 'no-mx.example' },
    ...{ listed: 'first', hears: /^250 /, held: 'no-record' },
  },
  {
    ...{ it: 'sends, and throws where a server is asked for', name: 'sends', domain: 'throws.example' },
    ...{ listed: 'first', hears: /^250 /, held: 'no-record' },
  },
  { it: 'sends what calls itself a bounce', name: 'sends-as-bounce', hears: /^250 /, held: 'no-record' },
  {
    it: 'sends with the notes of another message',
    name: 'copies-notes',
    hears: /^250 /,
    held: 'other-message',
  },
  {
    ...{ it: 'sends with a record of its own making', name: 'makes-up-a-record', hears: /^250 / },
    held: 'unreadable-record',
  },
];
