import { changes, faults, sends } from './accidents-of-messages.ts';

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
