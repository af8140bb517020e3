import { loggedIn, SmtpClient, type SmtpReply } from '../support/smtp.ts';

export interface Mail {
  readonly from: string;
  readonly to: string;
  /** As it goes over the line, dots stuffed, without the line that ends it. */
  readonly data: string;
}

/** Sends a message; resolves to the first reply that is a refusal, else to the last one. */
async function send(client: SmtpClient, { from, to, data }: Mail): Promise<SmtpReply> {
  for (const command of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const reply = await client.command(command);
    if (reply.code >= 400) return reply;
  }
  client.write(`${data}\r\n.\r\n`);
  return client.reply();
}

/** Sends without a login, in clear; `address` is where the client comes from. */
export async function sendUnauthenticated(port: number, mail: Mail, address?: string): Promise<SmtpReply> {
  const client = await SmtpClient.connect({ port, ...(address !== undefined && { from: address }) });
  try {
    await client.reply();
    await client.command('EHLO client.example');
    return await send(client, mail);
  } finally {
    client.destroy();
  }
}

/** Sends as alice, on a submission port with STARTTLS. */
export async function sendAsAlice(port: number, mail: Mail): Promise<SmtpReply> {
  const client = await loggedIn({ port }, 'alice@corp.example', 'pw-alice');
  try {
    return await send(client, mail);
  } finally {
    client.destroy();
  }
}

/** Alice writes to the world: white space, dots, octets beyond ASCII and empty lines, which a signature must survive. */
export const letter: Mail = {
  from: 'alice@corp.example',
  to: 'friend@world.example',
  data: [
    'From: Alice Smith <alice@corp.example>',
    'To: friend@world.example,',
    '\tother@world.example',
    'Subject: folded,',
    '  with  spaces  to  spare',
    'Date: Tue, 24 Nov 2026 10:00:00 +0000',
    'Message-ID: <letter@corp.example>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Spaces  within, a tab\tand spaces at the end  ',
    '..a line that begins with a dot',
    'Grüße',
    '',
    'The end',
    '',
    '',
  ].join('\r\n'),
};
