import type { TestGateway } from '../../support/gateway.ts';
import { xoauth2 } from '../../support/oauth.ts';
import { plain, SmtpClient } from '../../support/smtp.ts';

/** The address from which the gateway's connection.ini takes PROXY lines. */
export const proxyAddress = '127.0.0.2';

/** Nobody connects from here: whoever is found by these addresses was slandered. */
const victims = ['198.51.100.1', '2001:db8:bad::1'] as const;

/** Somebody behind the proxy, and how often the filter finds them in each of its modes. */
export interface Party {
  readonly it: string;
  readonly address: string;
  readonly says: readonly string[];
  /** Whether they say it without TLS. */
  readonly inClear?: true;
  readonly found: number;
  readonly foundInClear: number;
}

const guess = (login: string, password = 'wrong') => `AUTH PLAIN ${plain(login, password)}`;
const times = (count: number, line: string) => Array.from({ length: count }, () => line);
const never = { found: 0, foundInClear: 0 };
const once = { found: 1, foundInClear: 0 };

/** An account that the gateway does not let in, whatever its password. */
export const suspended = 'bob@corp.example';

/** Whoever is banned first. */
export const guesser: Party = {
  it: 'guesses until the gateway closes',
  address: '203.0.113.1',
  says: times(3, guess('alice@corp.example')),
  found: 3,
  foundInClear: 0,
};

/** What clients do to a gateway with the mode `observe` for senders, and what the filter makes of it. */
export const parties: readonly Party[] = [
  guesser,
  { it: 'guesses over IPv6', address: '2001:db8::1', says: [guess('alice@corp.example')], ...once },
  { it: 'guesses who exists', address: '203.0.113.2', says: [guess('nobody@corp.example')], ...once },
  { it: 'has no password', address: '203.0.113.3', says: [guess('alice@corp.example', '')], ...once },
  { it: 'is disabled', address: '203.0.113.4', says: [guess('retired@corp.example', 'pw-retired')], ...once },
  {
    it: 'wants to act for bob',
    address: '203.0.113.5',
    says: [`AUTH PLAIN ${plain('alice@corp.example', 'pw-alice', 'bob@corp.example')}`],
    ...once,
  },
  {
    it: 'sends garbage until the gateway closes',
    address: '203.0.113.6',
    says: times(20, 'AUTH PLAIN ?'),
    ...once,
  },
  { it: 'sends garbage a little less', address: '203.0.113.7', says: times(19, 'AUTH PLAIN ?'), ...never },
  {
    it: 'logs in, and sends as bob, which is observed',
    address: '203.0.113.8',
    says: [guess('alice@corp.example', 'pw-alice'), 'MAIL FROM:<bob@corp.example>'],
    ...never,
  },
  {
    it: 'sends without a login',
    address: '203.0.113.9',
    says: times(5, 'MAIL FROM:<alice@corp.example>'),
    ...never,
  },
  {
    it: 'shows a token that is none until the gateway closes',
    address: '203.0.113.12',
    says: Array.from({ length: 6 }, (_each, at) =>
      at % 2 === 0 ? `AUTH XOAUTH2 ${xoauth2('a.b.c', 'alice@corp.example')}` : '',
    ),
    ...never,
  },
  {
    it: 'is suspended, and has a program that keeps trying with the right password',
    address: '203.0.113.13',
    says: [guess(suspended, 'pw-bob')],
    ...never,
  },
  {
    it: 'is a printer without TLS',
    address: '203.0.113.10',
    says: [guess('scanner@corp.example')],
    inClear: true,
    found: 0,
    foundInClear: 1,
  },
  {
    it: 'is a printer without TLS that insists until the gateway closes',
    address: '203.0.113.11',
    says: times(20, guess('scanner@corp.example')),
    inClear: true,
    found: 0,
    foundInClear: 20,
  },
];

/** Logins that try to end the value they stand in, or the line; `line` is one that would be found. */
export function hostileLogins(line: string): readonly string[] {
  const forged = victims.map((victim) => line.replace(/client=(\\?)"[^"]*"/, `client=$1"${victim}$1"`));
  const ends = [
    '\n',
    '\r',
    '\r\n',
    '\v',
    '\f',
    '\x1c',
    '\x85',
    '\u2028',
    '\u2029',
    '\\n',
    '\0',
    '"',
    '\\"',
    ' ',
  ];
  const fields = ['', '\\', '\\\\', '\\\\\\'].map((before) => `x${before}" client="${victims[0]}" value="`);
  return [
    ...fields,
    ...fields.map((each) => each.replaceAll('"', '\\"')),
    'x\\',
    '"',
    '"}',
    victims[0],
    ...forged,
    ...ends.map((end) => `x${end}${forged[0]}${end}`),
  ];
}

/** The same, where a client may say something else than a login. */
export function hostileLines(line: string): readonly string[] {
  const texts = hostileLogins(line).map((text) => text.replaceAll(/[\r\n]/g, '\v'));
  const places = [
    (text: string) => text,
    (text: string) => `EHLO ${text}`,
    (text: string) => `HELP ${text}`,
    (text: string) => `MAIL FROM:<${text}>`,
    (text: string) => `MAIL FROM:<"${text.replaceAll(/["\\]/g, '\\$&')}"@corp.example>`,
  ];
  return places.flatMap((place) => texts.map(place));
}

/** A client that the proxy names, in clear or after STARTTLS, after EHLO. */
export async function clientFrom(
  address: string,
  { ports: { submission: port } }: TestGateway,
  encrypted: boolean,
): Promise<SmtpClient> {
  const client = await SmtpClient.connect({ port, from: proxyAddress });
  const family = address.includes(':') ? 'TCP6' : 'TCP4';
  const here = address.includes(':') ? '::1' : '127.0.0.1';
  client.write(`PROXY ${family} ${address} ${here} 40000 ${port}\r\n`);
  await client.reply();
  await client.command('EHLO client.example');
  if (!encrypted) return client;
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return client;
}
