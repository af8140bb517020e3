import { aligned, type Fact } from './output.ts';
import type { Ending, Story } from '../core/trail/story.ts';
import { tlsOptionText } from '../core/trail/tls-option.ts';
import type { Waiting } from '../core/trail/waiting.ts';

/** Of one message so many recipients are shown to people. */
const mostShown = 50;

/** A story in lines for people. */
export function storyLines(story: Story): string[] {
  const { recipients, recipients_omitted: omitted = 0 } = story;
  const hidden = Math.max(0, recipients.length - mostShown) + omitted;
  return [
    ...aligned(factsOf(story)),
    ...recipients
      .slice(0, mostShown)
      .flatMap(({ address, state, endings }) => [
        `  ${address}: ${stateWords[state] ?? state}`,
        ...endings.map((ending) => `    ${endingLine(ending)}`),
      ]),
    ...(hidden > 0 ? [`  and ${hidden} more recipients: --json has them`] : []),
    ...story.waiting.map((each) => `  ${waitingLine(each)}`),
  ];
}

const stateWords: Readonly<Record<string, string>> = {
  queued: 'not tried yet',
  unknown: 'nothing is known of it after it was accepted',
};

function factsOf({ queue_id: id, origin, accepted, refusals, bounces }: Story): Fact[] {
  const { message_id: messageId, client, peer, tls, tls_option: option, bounce_of: bounceOf } = origin;
  const facts: (Fact | undefined)[] = [
    ['queue id', id],
    fact('message id', messageId),
    ['accepted', accepted ? acceptedText(accepted) : '-'],
    ['by', byText(origin)],
    client === undefined
      ? undefined
      : [
          'client',
          [
            peer === undefined ? text(client) : `${text(client)} (${text(peer)})`,
            text(tls ?? 'in clear'),
          ].join(', '),
        ],
    ['from', `<${text(origin.sender ?? '')}>`],
    fact('TLS on the way', tlsOptionText(option)),
    fact('bounce of', bounceOf),
    bounces.length > 0 ? ['bounce', bounces] : undefined,
    refusals.length > 0 ? ['refused', refusals.map(refusalText)] : undefined,
  ];
  return facts.filter((each) => each !== undefined);
}

function fact(label: string, value: unknown): Fact | undefined {
  return value === undefined ? undefined : [label, text(value)];
}

function acceptedText({ time, node, port, role }: Readonly<Record<string, unknown>>): string {
  return [
    text(time),
    ...(port === undefined ? [] : [`port ${text(port)} (${text(role)})`]),
    `on ${text(node)}`,
  ].join(', ');
}

/** Nobody has logged in for mail from outside, and for what Haraka writes itself. */
function byText({
  identity,
  identity_id: id,
  proof,
  credential,
  bounce_of: bounceOf,
}: Story['origin']): string {
  if (identity === undefined) return bounceOf === undefined ? 'nobody who had logged in' : 'this host';
  const password = credential === undefined ? [] : [`application password ${text(credential)}`];
  const proven = proof === undefined ? [] : [`proof ${text(proof)}`];
  return (
    [text(identity), ...(id === undefined ? [] : [`(${text(id)})`])].join(' ') +
    ['', ...proven, ...password].join(', ')
  );
}

function refusalText({ time, check, reason, detail, reply }: Readonly<Record<string, unknown>>): string {
  const why = [reason, detail, reply].filter((each) => each !== undefined).map(text);
  return `${text(time)}  ${text(check)}: ${why.join('; ')}`;
}

function endingLine({ time, outcome, answer, detail, again, ...remote }: Ending): string {
  const said = [answer, detail]
    .filter((each) => each !== undefined)
    .map(text)
    .join('; ');
  const where = remoteText(remote);
  const next = again === undefined ? [] : [`again at ${text(again)}`];
  const tail = [[where, said].filter((each) => each !== '').join(': '), ...next].join('; ');
  return `${text(time)}  ${text(outcome).padEnd(9)}  ${tail}`.trimEnd();
}

function remoteText({
  remote,
  remote_address: address,
  remote_port: port,
  remote_tls: tls,
  remote_verified: isVerified,
}: Partial<Ending>): string {
  const names = [remote, address === undefined ? undefined : `[${text(address)}]`].filter(
    (each) => each !== undefined,
  );
  if (names.length === 0) return '';
  const place = `${names.map(text).join(' ')}${port === undefined ? '' : `:${text(port)}`}`;
  // Without a port there was no connection.
  if (port === undefined) return place;
  if (tls === undefined) return `${place}, in clear`;
  return `${place}, ${text(tls)}, certificate ${isVerified === true ? 'verified' : 'not verified'}`;
}

function waitingLine({ where, id, file, next, why }: Waiting): string {
  const facts = [
    id,
    ...(next === undefined ? [] : [`due at ${next}`]),
    ...(why === undefined ? [] : [why]),
    file,
  ];
  const words = { queue: 'in the queue', held: 'held', released: 'released' } as const;
  return `${words[where]}: ${facts.join(', ')}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
