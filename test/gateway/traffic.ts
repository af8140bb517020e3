import { once } from 'node:events';
import { connect } from 'node:net';
import { loggedIn, SmtpClient, type ConnectOptions, type SmtpReply } from '../support/smtp.ts';

export interface Letter {
  readonly from: string;
  readonly to: string;
  /** The author in the header; `from` where it is absent. */
  readonly author?: string;
  readonly body?: string;
  /** Behind MAIL, with the space before it. */
  readonly parameters?: string;
  /** Further fields of the header, each with its end. */
  readonly fields?: string;
}

/** Sends one message on an open session and resolves to the first reply that is no success, or the last one. */
export async function send(client: SmtpClient, letter: Letter): Promise<SmtpReply> {
  const { from, parameters = '' } = letter;
  for (const line of [`MAIL FROM:<${from}>${parameters}`, `RCPT TO:<${letter.to}>`, 'DATA']) {
    const reply = await client.command(line);
    if (reply.code >= 400) return reply;
  }
  client.write(contentOf(letter));
  return client.reply(15_000);
}

/** Header and body with the final dot. */
export function contentOf({ from, author = from, body = 'x', fields = '' }: Letter): string {
  return `From: ${author}\r\nSubject: test\r\n${fields}\r\n${body}\r\n.\r\n`;
}

/** Alice, logged in. */
export function alice(options: ConnectOptions): Promise<SmtpClient> {
  return loggedIn(options, 'alice@corp.example', 'pw-alice');
}

/** A session that has heard the greeting and the answer to EHLO. */
export async function greeted(options: ConnectOptions): Promise<SmtpClient> {
  const client = await SmtpClient.connect(options);
  await client.reply();
  await client.command('EHLO client.example');
  return client;
}

/** Whether anybody listens on a port now. A client that got the very port it calls would hear itself. */
export async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const isConnected = await once(socket, 'connect')
    .then(() => socket.localPort !== port)
    .catch(() => false);
  socket.destroy();
  return isConnected;
}

/** Process ids of the workers that were ever started, oldest first. */
export function workersIn(log: string): number[] {
  return [...log.matchAll(/worker started.*?pid=(\d+)/g)].map((match) => Number(match[1]));
}
