import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { within } from '../deadline.ts';
import { Dialogue, quoted, type Reply } from './dialogue.ts';
import { LoginExchange, offeredIn, type Step } from './exchange.ts';
import type { Credentials, SmartHost } from './types.ts';

/** The server heard the password, and does not let the account in. */
export class LoginRefused extends Error {
  override readonly name = 'LoginRefused';
}

/** How it is asked. */
export interface AskOptions {
  /** What we are called (RFC 5321 §4.1.1.1). */
  readonly helo: string;
  /** For everything together. */
  readonly milliseconds: number;
}

/** What a smart host takes. */
export interface Taken {
  /** The version of TLS; absent: in clear. */
  readonly tls?: string;
  /** Who may log in; absent: nobody tried. */
  readonly user?: string;
}

/**
 * Goes as far as mail would before its first MAIL: TLS that is verified where it has to be, and the login. Rejects with an Error
 * that says where mail would stop, and shows no password; the password is not wiped.
 */
export async function askSmartHost(host: SmartHost, { helo, milliseconds }: AskOptions): Promise<Taken> {
  const dialogue = new Dialogue(host.host, host.port);
  const late = () => new Error(`no ${dialogue.awaited} within ${milliseconds / 1000} s`);
  try {
    const taken = await within(milliseconds, late, () => visit(host, dialogue, helo));
    await dialogue.leave();
    return taken;
  } finally {
    dialogue.close();
  }
}

async function visit(host: SmartHost, dialogue: Dialogue, helo: string): Promise<Taken> {
  expect('220', await dialogue.reply('greeting'));
  const { verify, credentials } = host;
  const inClear = await greet(dialogue, helo, verify);
  const isOffered = inClear.some((line) => /^250[ -]STARTTLS\s*$/i.test(line));
  if (verify && !isOffered) throw new Error('offers no STARTTLS');
  const tls = isOffered ? await startTls(host, dialogue) : undefined;
  const offers = tls === undefined ? inClear : await greet(dialogue, helo, verify);
  if (credentials) await logIn(dialogue, credentials, offeredIn(offers));
  return { ...(tls !== undefined && { tls }), ...(credentials && { user: credentials.user }) };
}

/** What it offers. Haraka goes on with HELO where EHLO is unknown, which is of no use where more is needed. */
async function greet(dialogue: Dialogue, helo: string, needsMore: boolean): Promise<readonly string[]> {
  const reply = await dialogue.command(`EHLO ${helo}`, 'EHLO');
  if (needsMore || !reply.code.startsWith('5')) {
    expect('250', reply);
    return reply.lines;
  }
  expect('250', await dialogue.command(`HELO ${helo}`, 'HELO'));
  return [];
}

async function startTls({ host, verify, ca }: SmartHost, dialogue: Dialogue): Promise<string> {
  expect('220', await dialogue.command('STARTTLS', 'STARTTLS'));
  // RFC 6066 §3: a server name indication is a name, never an address.
  const name: ConnectionOptions = isIP(host) === 0 ? { servername: host } : {};
  if (!verify) return dialogue.secure({ ...name, rejectUnauthorized: false });
  // RFC 8996. Haraka's own tls.ini may ask for more.
  return dialogue.secure({ ...name, rejectUnauthorized: true, ca, minVersion: 'TLSv1.2' });
}

async function logIn(dialogue: Dialogue, credentials: Credentials, offered: readonly string[]) {
  const exchange = new LoginExchange(credentials);
  const shown = (line: string) => exchange.withoutSecrets(line);
  let step: Step | undefined = exchange.begin(offered);
  if (step.kind === 'failed') throw new Error(step.why);
  while (step?.kind === 'say') {
    const { lines } = await dialogue.command(step.line, 'AUTH', shown);
    step = exchange.hear(lines.at(-1) ?? '');
  }
  if (step?.kind !== 'accepted') throw new LoginRefused(step?.why ?? 'ends its reply to AUTH nowhere');
}

function expect(code: string, reply: Reply): void {
  if (reply.code !== code) throw new Error(`says ${quoted(reply.lines.at(-1) ?? '')}`);
}
