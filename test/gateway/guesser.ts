import type { TestGateway } from '../support/gateway.ts';
import { connectAs, plain, type SmtpClient } from '../support/smtp.ts';

export const alice = 'alice@corp.example';
export const home = '192.0.2.10';
export const stranger = (number: number) => `${20 + (number >> 8)}.${number & 255}.7.7`;

/** Short waits for those that are answered; everything else is the default. */
export const settings = {
  auth: { failure_delay_seconds: 0.05 },
  guessing: { longest_delay_seconds: 0.05 },
};

/** A client at an address that has said EHLO over TLS. */
export async function session(gateway: TestGateway, address: string): Promise<SmtpClient> {
  const client = await connectAs(address, { port: gateway.ports.submission });
  await client.reply();
  await client.command('EHLO client.example');
  await client.command('STARTTLS');
  await client.upgrade();
  await client.command('EHLO client.example');
  return client;
}

/** The answer to a login in a session of its own. */
export async function login(
  gateway: TestGateway,
  address: string,
  who: string,
  password: string,
): Promise<string> {
  const client = await session(gateway, address);
  const { text } = await client.command(`AUTH PLAIN ${plain(who, password)}`);
  client.destroy();
  return text;
}

/** Code and status of the answer to a login with the right password. */
export const right = async (gateway: TestGateway, address: string, who = 'alice') =>
  (await login(gateway, address, `${who}@corp.example`, `pw-${who}`)).slice(0, 9);
