import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Listening } from '../../../scripts/demo/listening.ts';
import { readStore } from '../../../scripts/demo/mailstore.ts';
import { startSink } from '../../../scripts/demo/sink.ts';

const envelope = 'MAIL FROM:<a@one.example>\r\nRCPT TO:<b@two.example>\r\n';
let dir: string;
let sink: Listening;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sink-'));
  sink = await startSink({ port: 0, dir });
});

after(async () => {
  await sink.stop();
  rmSync(dir, { recursive: true });
});

/** Writes the pieces, each in a packet of its own, and resolves to all that the sink says until it closes. */
async function talk(...pieces: string[]): Promise<string> {
  const socket = connect({ port: sink.port, host: '127.0.0.1', noDelay: true });
  const said = everything(socket);
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await pause(15);
  }
  return said;
}

async function everything(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function codes(said: string): string[] {
  return [...said.matchAll(/^(\d{3}) /gm)].map((match) => match[1] ?? '');
}

function stored(subject: string): string[] {
  const texts = readStore(dir).map(({ bytes }) => bytes.toString('latin1'));
  return texts.filter((text) => text.includes(subject));
}

test('a pipelined session stores the message, dots unstuffed, byte for byte', async () => {
  const body = 'Subject: pipelined\r\n\r\n..dot\r\n..\r\nbare \n.\n LF, NUL \0 and \xff\r\n';
  const said = await talk(`EHLO me\r\n${envelope}DATA\r\n${body}.\r\nQUIT\r\n`);
  assert.deepEqual(codes(said), ['220', '250', '250', '250', '354', '250', '221']);
  assert.deepEqual(stored('pipelined'), [body.replace('..dot', '.dot').replace('..\r\n', '.\r\n')]);
});

test('packets may end anywhere, also inside CRLF.CRLF', async () => {
  const text = `EHLO me\r\n${envelope}DATA\r\nSubject: split\r\n\r\nx\r\n.\r\nQUIT\r\n`;
  assert.deepEqual(codes(await talk(...text.split(/(?<=[\r.:])/))).at(-2), '250');
  assert.deepEqual(stored('split'), ['Subject: split\r\n\r\nx\r\n']);
});

test('the envelope is kept beside the message', async () => {
  const mail = 'MAIL FROM:<"a>b"@one.example> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n';
  const rcpt = 'RCPT TO:<b@two.example>\r\nrcpt to:<c@\xc3\xbc.example>\r\n';
  await talk(`EHLO me.example\r\n${mail}${rcpt}DATA\r\nSubject: enveloped\r\n\r\n.\r\nQUIT\r\n`);
  const message = readStore(dir).find(({ bytes }) => bytes.includes('enveloped'));
  assert.deepEqual(message?.envelope, {
    helo: 'me.example',
    from: '"a>b"@one.example',
    parameters: ['SIZE=100', 'BODY=8BITMIME', 'SMTPUTF8'],
    to: ['b@two.example', 'c@ü.example'],
  });
});

test('two messages in one session, the second after RSET, with a null sender', async () => {
  const first = `${envelope}DATA\r\nSubject: twice 1\r\n\r\n.\r\n`;
  const second = `${envelope}RSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@two.example>\r\nDATA\r\nSubject: twice 2\r\n\r\n.\r\n`;
  await talk(`HELO me\r\n${first}${second}QUIT\r\n`);
  const messages = readStore(dir).filter(({ bytes }) => bytes.includes('twice'));
  assert.deepEqual(
    messages.map(({ envelope }) => envelope.from),
    ['a@one.example', ''],
  );
});

test('two sessions at once do not mix', async () => {
  const session = (word: string): Promise<string> =>
    talk(`EHLO me\r\n${envelope}`, `DATA\r\nSubject: both\r\n\r\n${word}`, `${word}\r\n.\r\n`, 'QUIT\r\n');
  await Promise.all([session('one'), session('two')]);
  assert.deepEqual(stored('both').sort(), [
    'Subject: both\r\n\r\noneone\r\n',
    'Subject: both\r\n\r\ntwotwo\r\n',
  ]);
});

test('a client that disappears inside a message leaves nothing, and others are served', async () => {
  const before = readdirSync(dir).length;
  const vanishing = connect({ port: sink.port, host: '127.0.0.1' });
  vanishing.write(`EHLO me\r\n${envelope}DATA\r\nSubject: lost\r\n\r\nhalf a mess`);
  await pause(50);
  vanishing.resetAndDestroy();
  const polite = connect({ port: sink.port, host: '127.0.0.1' });
  polite.end(`EHLO me\r\n${envelope}DATA\r\nSubject: lost\r\n\r\nhalf a message\r\n`);
  await everything(polite);
  assert.equal(readdirSync(dir).length, before);
  assert.match(await talk('NOOP\r\nQUIT\r\n'), /^220 .*\r\n250 /);
});

const refusals = [
  { it: 'MAIL before EHLO', say: envelope, code: '503' },
  { it: 'RCPT before MAIL', say: 'EHLO me\r\nRCPT TO:<b@two.example>\r\n', code: '503' },
  { it: 'DATA without a recipient', say: 'EHLO me\r\nMAIL FROM:<a@one.example>\r\nDATA\r\n', code: '503' },
  { it: 'MAIL twice', say: `EHLO me\r\n${envelope}${envelope}`, code: '503' },
  { it: 'MAIL without brackets', say: 'EHLO me\r\nMAIL FROM:a@one.example\r\n', code: '501' },
  { it: 'a null recipient', say: 'EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\n', code: '501' },
  { it: 'a size beyond the limit', say: 'EHLO me\r\nMAIL FROM:<> SIZE=99999999999\r\n', code: '552' },
  { it: 'a verb that it does not know', say: 'BDAT 3 LAST\r\n', code: '500' },
  { it: 'a verb named like a method', say: 'constructor\r\n', code: '500' },
] as const;

for (const { it, say, code } of refusals) {
  test(`refuses ${it} with ${code}`, async () => {
    assert.ok(codes(await talk(`${say}QUIT\r\n`)).includes(code));
  });
}

test('EHLO names what it can do', async () => {
  const said = await talk('EHLO me\r\nQUIT\r\n');
  for (const keyword of ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'SIZE \\d+']) {
    assert.match(said, new RegExp(`^250[- ]${keyword}\r$`, 'm'));
  }
});
