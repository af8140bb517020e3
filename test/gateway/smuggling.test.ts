import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, loggedIn, type SmtpClient } from '../support/smtp.ts';

/** What some server has once taken for the end of a message, or of a line; the only real one is CR LF, a dot, CR LF. */
const falseEnds = [
  ['LF . CRLF', '\n.\r\n'],
  ['LF . LF', '\n.\n'],
  ['LF . CR', '\n.\r'],
  ['CRLF . LF', '\r\n.\n'],
  ['CRLF . CR', '\r\n.\r'],
  ['CRLF . CR CR LF', '\r\n.\r\r\n'],
  ['CR . CRLF', '\r.\r\n'],
  ['CR . LF', '\r.\n'],
  ['CR . CR', '\r.\r'],
  ['CR CR . CRLF', '\r\r.\r\n'],
  ['CR LF LF . CRLF', '\r\n\n.\r\n'],
  ['CRLF . NUL CRLF', '\r\n.\0\r\n'],
  ['CRLF NUL . CRLF', '\r\n\0.\r\n'],
  ['CRLF . CR NUL LF', '\r\n.\r\0\n'],
  ['NUL . CRLF', '\0.\r\n'],
  ['CR LF CR LF in one CR each', '\r\r.\r\r'],
].flatMap(([name = '', octets = '']) =>
  (['header', 'text'] as const).map((place) => ({ name, octets, place })),
);

/** A message that is to appear behind the false end of another. */
const smuggled = [
  'MAIL FROM:<carol@corp.example>',
  'RCPT TO:<victim@partner.example>',
  'RCPT TO:<bob@corp.example>',
  'DATA',
  'From: carol@corp.example',
  'Subject: smuggled',
  '',
  'smuggled',
].join('\r\n');

const wholeEnd = '\r\n.\r\n';

interface Way {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly connect: (gateway: TestGateway) => Promise<SmtpClient>;
}

const ways: readonly Way[] = [
  {
    name: 'of an account',
    from: 'alice@corp.example',
    to: 'rcpt@partner.example',
    connect: ({ ports }) =>
      loggedIn({ port: ports.implicit, implicitTls: true }, 'alice@corp.example', 'pw-alice'),
  },
  {
    name: 'of a stranger',
    from: 'friend@partner.example',
    to: 'alice@corp.example',
    connect: async ({ ports }) => {
      const client = await connectAs('198.51.100.5', { port: ports.mx });
      await client.reply();
      await client.command('EHLO out.partner.example');
      return client;
    },
  },
];

async function begin({ connect, from, to }: Way, gateway: TestGateway): Promise<SmtpClient> {
  const client = await connect(gateway);
  for (const command of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA']) {
    const { code, text } = await client.command(command);
    assert.ok(code === 250 || code === 354, text);
  }
  return client;
}

/** Octets that no line of SMTP has but at its end (RFC 5321 §2.3.8). */
const strayOctet = /\r(?!\n)|(?<!\r)\n|\0/;

void describe('what is no end of a message', { concurrency: 4 }, () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ settings: { sender: { stray_octets: 'enforce' } } });
  });
  after(() => gateway.stop());

  for (const way of ways) {
    for (const { name, octets, place } of falseEnds) {
      void it(`${name}, in the ${place} ${way.name}, is refused with all that follows`, async () => {
        const client = await begin(way, gateway);
        const start = `From: ${way.from}\r\nSubject: outer\r\n${place === 'header' ? 'X-Y: z' : '\r\nz'}`;
        client.write(Buffer.from(`${start}${octets}${smuggled}${wholeEnd}`, 'latin1'));
        assert.match((await client.reply()).text, /^(?:554 5\.6\.0|451) /);
        client.destroy();
      });
    }

    for (const [name, octets] of [
      ['a bare CR', 'a\rb'],
      ['CR CR LF', 'a\r\r\nb'],
      ['CR CR LF before the end', 'a\r'],
      ['NUL', 'a\0b'],
    ] as const) {
      void it(`${name} in the text ${way.name} is refused, and commands behind it are not heard`, async () => {
        const client = await begin(way, gateway);
        client.write(
          Buffer.from(`From: ${way.from}\r\nSubject: outer\r\n\r\n${octets}${wholeEnd}NOOP\r\n`, 'latin1'),
        );
        assert.match((await client.reply()).text, /^554 5\.6\.0 /);
        assert.match((await client.reply()).text, /^503 /);
        assert.match((await client.command('NOOP')).text, /^250 /);
        client.destroy();
      });
    }

    void it(`BDAT is no command, and its chunk no message ${way.name}`, async () => {
      const client = await way.connect(gateway);
      const offered = await client.command('EHLO again.example');
      assert.ok(!offered.lines.includes('CHUNKING'));
      await client.command(`MAIL FROM:<${way.from}>`);
      await client.command(`RCPT TO:<${way.to}>`);
      const chunk = `From: ${way.from}\r\nSubject: outer\r\n\r\nx\r\n`;
      client.write(`BDAT ${chunk.length} LAST\r\n${chunk}`);
      assert.match((await client.reply()).text, /^50\d /);
      client.destroy();
    });

    void it(`a message behind the real end, not waiting for its reply, is not heard ${way.name}`, async () => {
      const client = await begin(way, gateway);
      const message = `From: ${way.from}\r\nSubject: first\r\n\r\n..\r\n..x\r\n ${wholeEnd}`;
      client.write(`${message}${smuggled}${wholeEnd}`);
      assert.match((await client.reply()).text, /^250 /);
      assert.match((await client.reply()).text, /^503 /);
      client.destroy();
    });
  }

  void it('nothing else was delivered, and no octet that could end a line elsewhere', async () => {
    const wanted = ways.map(({ to }) => `${to} first`).sort();
    const shown = () =>
      gateway
        .delivered()
        .map(({ envelope, bytes }) => {
          const [, subject = ''] = /^Subject: (.*)\r$/m.exec(bytes.toString('latin1')) ?? [];
          return `${envelope.to.join()} ${subject}`;
        })
        .sort();
    await eventually('all that was accepted', () => shown().length >= wanted.length, 10_000);
    assert.deepEqual(shown(), wanted);
    for (const { bytes } of gateway.delivered()) {
      const text = bytes.toString('latin1');
      assert.doesNotMatch(text, strayOctet);
      assert.match(text, /\r\n\r\n\.\r\n\.x\r\n \r\n$/);
    }
  });
});
