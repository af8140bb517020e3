import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestGateway, TestGatewayOptions } from '../support/gateway.ts';
import { mountTmpfs } from '../support/tmpfs.ts';
import { brokenDisk } from './broken-disk.ts';
import { plugin } from './other-haraka.ts';
import type { SmtpClient } from '../support/smtp.ts';
import { alice, contentOf, greeted, send, type Letter } from './traffic.ts';

const large = 'x'.repeat(70).concat('\r\n').repeat(60);

/** Who is refused where, and whether it had been accepted before. */
export const refused: readonly { it: string; to: string; body?: string; from?: string; takenBack?: true }[] =
  [
    { it: 'at MAIL', to: 'nobody@partner.example', from: 'bob@corp.example' },
    { it: 'by another plugin before the gate', to: 'late-1@partner.example' },
    { it: 'for its size, behind the gate', to: 'large@partner.example', body: large, takenBack: true },
    { it: 'for good by another plugin', to: 'deny-1@partner.example', takenBack: true },
    { it: 'for now by another plugin', to: 'soft-1@partner.example', takenBack: true },
    { it: 'for now by another plugin, which closes', to: 'closes-1@partner.example', takenBack: true },
  ];

const queued = ['queued-1@partner.example', 'takes-1@partner.example', 'bob@corp.example'];

/** What a client knows of a message: whom it was for, how many octets it had, and what the server said to it. */
export interface Heard {
  readonly recipients: readonly string[];
  readonly octets: number;
  readonly code: number;
  readonly text: string;
  readonly role: 'submission' | 'mx';
}

/** A gateway on which all of that happens. */
export const acceptingGateway: TestGatewayOptions = {
  execArgv: ['--import', `data:text/javascript,${encodeURIComponent(brokenDisk)}`],
  last: [plugin('queues-outbound')],
  settings: { limits: { message_bytes: 4000 } },
};

/** So many sessions of each kind at once: what all of them have heard. */
export async function sendAll(
  gateway: TestGateway,
  { people, servers }: { readonly people: number; readonly servers: number },
): Promise<Heard[]> {
  const heard = await Promise.all([
    ...Array.from({ length: people }, () => talk(gateway)),
    ...Array.from({ length: servers }, () => bring(gateway)),
  ]);
  return heard.flat();
}

/** One session after the other for each message that is refused, so that one which closes harms no other. */
async function talk(gateway: TestGateway): Promise<Heard[]> {
  const all: Heard[] = [];
  for (const { to, body, from } of refused) {
    const client = await alice({ port: gateway.ports.submission });
    const heard = await sendOne(client, { ...letter(to), ...(body && { body }), ...(from && { from }) });
    assert.ok(heard.code >= 400, `${to}: ${heard.text}`);
    all.push(heard);
    client.destroy();
  }
  const client = await alice({ port: gateway.ports.submission });
  for (const to of queued) all.push(await sendOne(client, letter(to)));
  client.destroy();
  for (const { code, text } of all.slice(refused.length)) assert.equal(code, 250, text);
  return all;
}

/** From another server, for a local recipient. */
async function bring(gateway: TestGateway): Promise<Heard[]> {
  const client = await greeted({ port: gateway.ports.mx });
  const heard = await sendOne(client, { from: 'friend@elsewhere.example', to: 'dave@corp.example' });
  assert.equal(heard.code, 250, heard.text);
  client.destroy();
  return [{ ...heard, role: 'mx' }];
}

/** While the queue cannot be written, and while its file system is full. */
export async function sendToBrokenQueue(gateway: TestGateway): Promise<readonly [Heard, Heard]> {
  const broken = join(gateway.dir, 'broken-disk');
  const client = await alice({ port: gateway.ports.submission });
  writeFileSync(broken, '');
  const first = await sendOne(client, letter('broken@partner.example'));
  rmSync(broken);
  const unmount = mountTmpfs(join(gateway.dir, 'queue'), '4k');
  try {
    const second = await sendOne(client, { ...letter('full@partner.example'), body: 'x\r\n'.repeat(1200) });
    return [first, second];
  } finally {
    unmount();
    client.destroy();
  }
}

async function sendOne(client: SmtpClient, sent: Letter): Promise<Heard> {
  const { code, text } = await send(client, sent);
  return { code, text, recipients: [sent.to], octets: octetsOf(contentOf(sent)), role: 'submission' };
}

export function letter(to: string): Letter {
  return { from: 'alice@corp.example', to };
}

/** Of the message itself: without the final dot and the dots that double others (RFC 1870 §3). */
export function octetsOf(content: string): number {
  return Buffer.byteLength(content.replace(/\r\n\.\r\n$/, '\r\n').replace(/^\./gm, ''));
}

/** Of just so many octets, with lines that begin with a dot, which are doubled on their way. */
export function sized(sent: Letter, size: number): Letter {
  const dots = '..\r\n'.repeat(20);
  const rest = size - octetsOf(contentOf({ ...sent, body: dots }));
  const lines =
    'x'
      .repeat(70)
      .concat('\r\n')
      .repeat(rest / 72) + 'x'.repeat(rest % 72);
  const letterOfSize = { ...sent, body: dots + lines };
  assert.equal(octetsOf(contentOf(letterOfSize)), size);
  return letterOfSize;
}
