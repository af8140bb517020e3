import { setTimeout as delay } from 'node:timers/promises';
import { loggedIn, type SmtpClient } from '../support/smtp.ts';

/** A message of the load, and how far its sender knows of it. */
export interface Sent {
  readonly id: string;
  readonly account: string;
  readonly recipients: readonly string[];
  /** `open`: the client has sent all of it and heard nothing. */
  state: 'begun' | 'open' | 'accepted' | 'refused';
  reply?: string;
}

/** Sessions that send without pause, and begin anew whenever they are cut off. */
export interface Load {
  readonly sent: readonly Sent[];
  /** Messages whose client waits for what the server says to the dot. */
  open(): number;
  stop(): Promise<void>;
}

const accounts = ['alice', 'bob', 'dave'] as const;
const sessionsEach = 3;
/** Recipients that begin so are deferred once by the world. */
export const deferredOnce = 'once';

/** Begins; `filler` is the size of the text of a message in lines of 72 octets, which `random` (0 to 1) chooses. */
export function startLoad(port: number, random: () => number): Load {
  const sent: Sent[] = [];
  const stopping = new AbortController();
  const sessions = accounts.flatMap((account) =>
    Array.from({ length: sessionsEach }, async () => {
      while (!stopping.signal.aborted) {
        await session(port, account, sent, { random, signal: stopping.signal }).catch(() => delay(20));
      }
    }),
  );
  return {
    sent,
    open: () => sent.filter(({ state }) => state === 'open').length,
    stop: async () => {
      stopping.abort();
      await Promise.all(sessions);
    },
  };
}

interface Control {
  readonly random: () => number;
  readonly signal: AbortSignal;
}

async function session(port: number, account: string, sent: Sent[], control: Control): Promise<void> {
  const client = await loggedIn({ port }, `${account}@corp.example`, `pw-${account}`);
  try {
    while (!control.signal.aborted) await sendOne(client, begin(account, sent, control.random), control);
    await client.command('QUIT');
  } finally {
    client.destroy();
  }
}

/** To four recipients at three domains; in one domain one is deferred and one is not, so that Haraka splits the message. */
function begin(account: string, sent: Sent[], random: () => number): Sent {
  const number = sent.length;
  const all = [
    `m${number}@one.example`,
    `${deferredOnce}-m${number}@one.example`,
    `${deferredOnce}-m${number}@two.example`,
    `m${number}@three.example`,
  ];
  const recipients = all.filter((_, at) => at === number % all.length || random() < 0.5);
  const message: Sent = { id: `<crash.${number}@corp.example>`, account, recipients, state: 'begun' };
  sent.push(message);
  return message;
}

async function sendOne(client: SmtpClient, message: Sent, { random }: Control): Promise<void> {
  const from = `${message.account}@corp.example`;
  const envelope = message.recipients.map((to) => `RCPT TO:<${to}>`);
  for (const line of [`MAIL FROM:<${from}>`, ...envelope, 'DATA']) {
    const { code, text } = await client.command(line);
    if (code >= 400) throw new Error(text);
  }
  message.state = 'open';
  const text = 'x'
    .repeat(70)
    .concat('\r\n')
    .repeat(Math.floor(random() ** 4 * 2000));
  const header = `From: ${from}\r\nMessage-ID: ${message.id}\r\nSubject: crash\r\n`;
  client.write(`${header}\r\n${text}the end\r\n.\r\n`);
  const reply = await client.reply(20_000);
  message.state = reply.code === 250 ? 'accepted' : 'refused';
  message.reply = reply.text;
}
