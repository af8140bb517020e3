import type { Todo } from './provenance-scene.ts';

/**
 * Accidents of other plugins in the same Haraka, each tried with a real one (test/haraka-plugins/accidents.js), listed first of
 * all and last of all, and what comes of it. Plugins are trusted not to be malicious, but not to be right.
 */
export interface Accident {
  /** What the other plugin does. */
  readonly it: string;
  /** Its name in the plugin, which the client says with EHLO. */
  readonly name: string;
  /** Who sends: alice, logged in, where absent; a client of submission that has not; a server on the mx port. */
  readonly by?: 'nobody' | 'server';
  /** Where the client comes from, where that matters. */
  readonly from?: string;
  /** `alice@corp.example` where absent. */
  readonly sender?: string;
  /** In the header; the same where absent. */
  readonly author?: string;
  /** Domain of the recipient; `partner.example` where absent. */
  readonly domain?: string;
  /** Nothing more can be sent in this session. */
  readonly ends?: true;
  /** Where this plugin must be listed for it. */
  readonly listed?: 'first' | 'last';
  /** The last reply that the client hears: to the first refusal, or to the message. */
  readonly hears: RegExp;
  /** CHECK VERDICT and reason or detail of the event that names it. */
  readonly event?: string;
  /** Why it is held, with an alarm. */
  readonly held?: string;
  /** What leaves, and how many recipients get it; nothing where absent. */
  readonly leaves?: RegExp;
  readonly recipients?: 2;
}

/** Wherever a plugin says that the client may relay, nobody may without an identity. */
const relaying: readonly Accident[] = (['mail', 'rcpt', 'data'] as const).flatMap((place) => [
  {
    it: `sets relaying at ${place}`,
    name: `relaying-at-${place}`,
    by: 'server',
    sender: 'someone@other.example',
    hears: /^550 5\.7\.1 Relaying needs an authenticated identity/,
    event: 'outbound/relay refuse relay-denied',
  },
  {
    it: `sets relaying at ${place}, for a recipient of ours`,
    name: `relaying-at-${place}`,
    by: 'server',
    sender: 'someone@other.example',
    domain: 'corp.example',
    hears: /^550 5\.7\.1 Relaying needs an authenticated identity/,
    event: 'outbound/accept refuse relay-denied',
  },
]);

/** From the first moment on, for clients of some addresses. */
const relayingAtConnect: readonly Accident[] = [
  {
    ...{ it: 'sets relaying at connect', name: 'client', by: 'server', from: '127.0.0.9' },
    ...{ sender: 'someone@other.example', hears: /^550 5\.7\.1 Relaying needs/ },
    event: 'outbound/relay refuse relay-denied',
  },
  {
    ...{ it: 'sets relaying at connect, on submission', name: 'client', by: 'nobody', from: '127.0.0.9' },
    ...{ hears: /^530 5\.7\.0 Authentication/, event: 'auth/required refuse auth-required' },
  },
];

const relayingLate: readonly Accident[] = (['first', 'last'] as const).map((listed) => ({
  ...{
    it: 'sets relaying when data_post is nearly over',
    name: 'relaying-at-data-post',
    listed,
    by: 'server',
  },
  ...{ sender: 'someone@other.example', domain: 'corp.example', hears: /^550 5\.7\.1 Relaying needs/ },
  event: `outbound/${listed === 'first' ? 'accept' : 'gate'} refuse relay-denied`,
}));

const identity: readonly Accident[] = [
  {
    it: 'lets a login succeed long after its time, as it believes',
    name: 'late-login',
    by: 'nobody',
    hears: /^530 5\.7\.0 Authentication required/,
    event: 'auth/required refuse auth-required',
  },
  {
    it: 'lets a login succeed on the mx port',
    name: 'late-login',
    by: 'server',
    sender: 'someone@other.example',
    hears: /^550 5\.7\.1 Relaying needs/,
    event: 'outbound/relay refuse relay-denied',
  },
  {
    it: 'writes another user into connection.notes.auth_user',
    name: 'auth-user',
    sender: 'boss@corp.example',
    hears: /^553 5\.7\.1 /,
    event: 'sender/envelope refuse sender-not-owned',
  },
  {
    it: 'writes another user there, and the message is alice’s all the same',
    name: 'auth-user',
    hears: /^250 /,
    event: 'outbound/gate pass',
    leaves: /^From: alice@corp\.example$/m,
  },
  {
    it: 'changes connection.remote.ip: the login was that of another client',
    name: 'other-address',
    ends: true,
    hears: /^530 5\.7\.0 Authentication required/,
    event: 'auth/required refuse auth-required',
  },
];

const notCleared = {
  hears: /^550 5\.7\.1 Message did not pass every check/,
} as const;

/** Who answers OK keeps the plugins behind him from being asked: without their clearance nothing is accepted. */
const answersFirst: readonly Accident[] = [
  {
    ...{ it: 'answers OK at mail', name: 'ok-at-mail', sender: 'bob@corp.example', listed: 'first' },
    author: 'alice@corp.example',
    ...{ ...notCleared, event: 'outbound/accept refuse not-cleared' },
  },
  {
    ...{
      it: 'answers OK at mail',
      name: 'ok-at-mail',
      by: 'nobody',
      domain: 'corp.example',
      listed: 'first',
    },
    ...{ ...notCleared, event: 'outbound/accept refuse not-cleared' },
  },
  {
    ...{ it: 'accepts a foreign recipient, and sets relaying', name: 'ok-at-rcpt', by: 'server' },
    ...{ sender: 'someone@other.example', hears: /^550 5\.7\.1 Relaying needs/ },
    event: 'outbound/accept refuse relay-denied',
  },
  {
    ...{ it: 'answers OK at data_post', name: 'ok-at-data-post', author: 'carol@corp.example' },
    ...{ ...notCleared, event: 'outbound/gate refuse not-cleared' },
  },
  {
    ...{ it: 'accepts a recipient for whom SPF has refused the sender', name: 'ok-at-rcpt', by: 'server' },
    ...{ sender: 'boss@corp.example', domain: 'corp.example', listed: 'first', ...notCleared },
    event: 'outbound/accept refuse no clearance from sender/impersonation',
  },
  ...[
    { by: 'nobody', domain: 'corp.example' } as const,
    { by: 'server', domain: 'corp.example' } as const,
    { sender: 'bob@corp.example', author: 'carol@corp.example' },
  ].map((who) => ({
    ...{ it: 'answers OK wherever it can', name: 'ok-everywhere', listed: 'first' as const, ...who },
    hears: /^550 5\.7\.1 (?:Message did not pass|Relaying needs)/,
  })),
  {
    ...{ it: 'takes a message before the gate', name: 'takes-first', hears: /^250 taken first/ },
    ...{ listed: 'first', event: 'outbound/accept pass' },
  },
  {
    ...{ it: 'takes a message before the gate that data_post has refused', name: 'takes-first' },
    ...{ author: 'carol@corp.example', hears: /^550 5\.7\.1 Header/ },
    event: 'sender/header refuse header-not-owned',
  },
  {
    // Accepted, and lost if that plugin loses it: the gate has told whose it is, and no outbound/queue follows.
    ...{ it: 'takes a message after the gate, and drops it', name: 'takes' },
    ...{ hears: /^250 taken by another plugin/, event: 'outbound/gate pass' },
  },
  {
    ...{ it: 'takes a message after the gate that was refused', name: 'takes' },
    ...{ author: 'carol@corp.example', hears: /^550 5\.7\.1 Header/ },
    event: 'sender/header refuse header-not-owned',
  },
];

const overrides: readonly Accident[] = [
  {
    ...{
      it: 'overrides a refusal of MAIL',
      name: 'deny-ok',
      sender: 'bob@corp.example',
      hears: /^553 5\.7\.1 /,
    },
    event: 'sender/envelope refuse sender-not-owned',
  },
  {
    ...{ it: 'overrides a refusal of the message', name: 'deny-ok', author: 'carol@corp.example' },
    ...{ hears: /^550 5\.7\.1 Header/, event: 'sender/header refuse header-not-owned' },
  },
  {
    ...{ it: 'overrides that a login is needed', name: 'deny-ok', by: 'nobody' },
    ...{ hears: /^530 5\.7\.0 Authentication/, event: 'auth/required refuse auth-required' },
  },
  {
    ...{ it: 'overrides what SPF says of us', name: 'deny-ok', by: 'server', domain: 'corp.example' },
    ...{ hears: /^550 5\.7\.23 /, event: 'sender/impersonation refuse spf-fail' },
  },
  {
    ...{ it: 'overrides a refusal to relay', name: 'deny-ok', by: 'server', sender: 'someone@other.example' },
    ...{ hears: /^550 5\.7\.1 Relaying/, event: 'outbound/relay refuse relay-denied' },
  },
  ...[
    { sender: 'bob@corp.example' },
    { author: 'carol@corp.example' },
    { by: 'nobody', domain: 'corp.example' } as const,
    { by: 'server', domain: 'corp.example' } as const,
  ].map((who) => ({
    ...{
      it: 'overrides refusals before ours can stand',
      name: 'deny-ok-first',
      listed: 'first' as const,
      ...who,
    },
    ...{ ...notCleared, event: 'outbound/accept refuse not-cleared' },
  })),
];

const skips: readonly Accident[] = (
  [
    ['puts our policies into notes.skip_plugins', 'skip-policies'],
    ['puts all of ours there, the gate too', 'skip-all'],
    ['writes our names there as a text', 'skip-by-text'],
    ['puts other notes in their place', 'own-notes'],
    ['says that all of ours have passed, in results', 'results-of-ours'],
  ] as const
).flatMap(([it, name]) => [
  {
    ...{ it, name, sender: 'bob@corp.example', hears: /^553 5\.7\.1 / },
    event: 'sender/envelope refuse sender-not-owned',
  },
  {
    ...{ it, name, author: 'carol@corp.example', hears: /^550 5\.7\.1 Header address is not yours to use/ },
    event: 'sender/header refuse header-not-owned',
  },
  { ...{ it, name, by: 'nobody', hears: /^530 5\.7\.0 / }, event: 'auth/required refuse auth-required' },
  {
    ...{ it, name, by: 'server', domain: 'corp.example', hears: /^550 5\.7\.23 / },
    event: 'sender/impersonation refuse spf-fail',
  },
  { it, name, hears: /^250 /, event: 'outbound/gate pass', leaves: /^From: alice@corp\.example$/m },
]);

const skipsTheGate: readonly Accident[] = [
  {
    ...{ it: 'puts only the gate there', name: 'skip-gate', author: 'carol@corp.example' },
    ...{ hears: /^550 5\.7\.1 Header/, event: 'sender/header refuse header-not-owned' },
  },
  {
    ...{ it: 'puts only the gate there', name: 'skip-gate', hears: /^250 /, event: 'outbound/gate pass' },
    leaves: /^From: alice@corp\.example$/m,
  },
];

/** Haraka takes a throw for consent, and silence for trouble; what passes is what would pass without the plugin. */
const faults: readonly Accident[] = [
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
const changes: readonly Accident[] = [
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
    ...{ hears: /^550 5\.7\.1 Header/, event: 'sender/header refuse boss@corp.example' },
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
    event: 'outbound/accept refuse another plugin has changed From or Sender after sender/header',
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
const sends: readonly Accident[] = [
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

export const accidents: readonly Accident[] = [
  ...[
    ...relaying,
    ...relayingAtConnect,
    ...relayingLate,
    ...identity,
    ...answersFirst,
    ...overrides,
    ...skips,
    ...skipsTheGate,
  ],
  ...[...faults, ...changes, ...sends],
];

/** Haraka's own plugins let somebody else speak in the middle of a session: whoever has logged in is no more there then. */
export const otherClients: readonly { readonly it: string; readonly dialogue: string }[] = [
  {
    it: 'a second PROXY line, of the client behind the proxy',
    dialogue: `
      connect submission from 127.0.0.2
      C> PROXY TCP4 203.0.113.5 127.0.0.1 40000 587\\r\\n
      S: 220 *
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example>
      S: 250 *
      C: PROXY TCP4 127.0.0.1 127.0.0.1 40001 25
      S: 421 *
      closed`,
  },
  ...['ADDR=203.0.113.7', 'ADDR=203.0.113.7 NAME=inside.example', 'ADDR=127.0.0.1 NAME=localhost'].map(
    (whom) => ({
      it: `XCLIENT ${whom}`,
      dialogue: `
      connect submission
      login alice@corp.example pw-alice
      C: XCLIENT ${whom}
      S: 220 *
      C: EHLO client.example
      S: 250 * | AUTH PLAIN LOGIN*
      C: MAIL FROM:<alice@corp.example>
      S: 530 5.7.0 Authentication required *
      C: AUTH PLAIN {plain bob@corp.example pw-bob}
      S: 235 *
      C: MAIL FROM:<alice@corp.example>
      S: 553 5.7.1 *
      C: MAIL FROM:<bob@corp.example>
      S: 250 *`,
    }),
  ),
];

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
    reason: 'unreadable-record',
    header: ({ rcpt_to: [first] }) => changed(first, { user: 'x\r\nRCPT TO:<y' }),
  },
];
