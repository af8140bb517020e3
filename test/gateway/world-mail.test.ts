import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { zone as demoZone } from '../../scripts/demo/zone.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, sessionIn } from '../support/smtp.ts';
import { zone } from './world-mail/zone.ts';

/**
 * A message of the world, in a file of world-mail/: what it is, who brings it (`client ADDRESS HELO`), its envelope
 * (`from SENDER PARAMETERS`, `to RECIPIENT`), what is recorded of it (`is CHECK VERDICT DETAIL`), and what is sent.
 */
interface Mail {
  readonly file: string;
  readonly title: string;
  readonly client: string;
  readonly helo: string;
  readonly from: string;
  readonly to: string;
  readonly is: readonly string[];
  readonly content: string;
}

const folder = join(import.meta.dirname, 'world-mail');

/** Octets are characters here, whatever charset they are of. */
function readMail(file: string): Mail {
  const [head = '', ...rest] = readFileSync(join(folder, file), 'latin1').split('\n\n');
  const lines = head.split('\n').map((line): [string, string] => {
    const [, verb = '', text = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    return [verb, text];
  });
  const all = (verb: string) => lines.filter(([each]) => each === verb).map(([, text]) => text);
  const one = (verb: string) => {
    const [text, ...others] = all(verb);
    assert.ok(text !== undefined && others.length === 0, `${file}: one line ${verb} is needed`);
    return text;
  };
  const [client = '', helo = ''] = one('client').split(' ');
  const content = rest.join('\n\n').replaceAll('\n', '\r\n');
  return { file, title: one('#'), client, helo, from: one('from'), to: one('to'), is: all('is'), content };
}

const mails = readdirSync(folder)
  .filter((file) => file.endsWith('.mail'))
  .sort()
  .map(readMail);

const latin1 = (text: string) => Buffer.from(text, 'latin1');

void describe(
  'mail of the world is delivered and recorded, with the policies as shipped',
  { concurrency: 4 },
  () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startTestGateway({
        zone: { ...demoZone, ...zone },
        settings: {
          nodes: [{ name: 'gateway-2', addresses: ['192.0.2.70'] }],
          trusted_relays: [{ name: 'backup-mx', addresses: ['203.0.113.200/29'] }],
          partners: [
            {
              name: 'former-isp',
              owner: 'it@corp.example',
              forwarder: true,
              addresses: ['203.0.113.41'],
              expires: '2999-12-31',
            },
          ],
        },
      });
    });
    after(() => gateway.stop());

    for (const mail of mails) {
      void it(`${mail.file}: ${mail.title}`, async () => {
        const session = await bring(mail);
        const [, body = ''] = /\r\n\r\n(.*)$/s.exec(mail.content) ?? [];
        await eventually(`the message at ${mail.to}`, () =>
          gateway
            .delivered()
            .some(
              ({ envelope, bytes }) =>
                envelope.to.includes(mail.to) && bytes.toString('latin1').endsWith(`\r\n\r\n${body}`),
            ),
        );
        for (const expected of mail.is) await eventually(expected, () => isRecorded(session, expected));
      });
    }

    /** Sends it as its client would, and hears nothing but success. */
    async function bring({ client: address, helo, from, to, content }: Mail): Promise<string> {
      const client = await connectAs(address, { port: gateway.ports.mx });
      try {
        const greeting = await client.reply();
        const [sender = '', ...parameters] = from.split(' ');
        const mailFrom = ['MAIL', `FROM:<${sender === '<>' ? '' : sender}>`, ...parameters].join(' ');
        for (const line of [`EHLO ${helo}`, mailFrom, `RCPT TO:<${to}>`, 'DATA']) {
          client.write(latin1(`${line}\r\n`));
          const { code, text } = await client.reply();
          assert.ok(code < 400, `${line}: ${text}`);
        }
        client.write(latin1(`${content.replace(/^\./gm, '..')}.\r\n`));
        assert.match((await client.reply()).text, /^250 /);
        return sessionIn(greeting);
      } finally {
        client.destroy();
      }
    }

    /** `CHECK VERDICT DETAIL` of a session; a detail that is not named may be any. */
    function isRecorded(session: string, expected: string): boolean {
      return gateway
        .events()
        .filter(({ connection }) => connection?.startsWith(session))
        .some(({ check, verdict, detail = '' }) => {
          const recorded = `${check} ${verdict}`;
          return expected === recorded || expected === `${recorded} ${detail}`;
        });
    }
  },
);
