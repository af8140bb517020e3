import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries } from '../../scripts/demo/people.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain, SmtpClient } from '../support/smtp.ts';
import { startWireTap, type WireTap, type WireTapOptions } from '../support/wire-tap.ts';

/** RFC 4511 §4.14.1: the name of StartTLS. */
const startTlsName = '1.3.6.1.4.1.1466.20037';

/** An ExtendedResponse (RFC 4511 §4.12) to message 1 with a result code. */
const extendedResponse = (code: number) =>
  Buffer.from([0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, code, 0x04, 0x00, 0x04, 0x00]);

/** A BindResponse that says "success" to any bind, sent in clear right behind the answer to StartTLS. */
const successInClear = Buffer.from([
  0x30, 0x0c, 0x02, 0x01, 0x01, 0x61, 0x07, 0x0a, 0x01, 0, 0x04, 0, 0x04, 0,
]);

const cases: readonly { it: string; answer?: WireTapOptions['answer']; hears: RegExp }[] = [
  { it: 'a server that starts TLS', hears: /^235 2\.7\.0 / },
  {
    it: 'a man in the middle who refuses StartTLS',
    answer: () => extendedResponse(53),
    hears: /^454 4\.7\.0 /,
  },
  {
    it: 'a man in the middle who appends an answer in clear',
    answer: () => Buffer.concat([extendedResponse(0), successInClear]),
    hears: /^454 4\.7\.0 /,
  },
  {
    it: 'a man in the middle who goes on in clear',
    answer: () => extendedResponse(0),
    hears: /^454 4\.7\.0 /,
  },
];

void describe('between gateway and directory nothing is said in clear but StartTLS', () => {
  let authority: Authority;
  let slapd: Slapd;
  before(async () => {
    authority = await createAuthority();
    const certificate = await authority.issue('IP:127.0.0.1');
    slapd = await startSlapd({ ldif: ldif(entries()), tls: { caFile: authority.caFile, ...certificate } });
  });
  after(async () => {
    await slapd.stop();
    await authority.remove();
  });

  for (const { it: title, answer, hears } of cases) {
    void it(`with ${title}`, async () => {
      const tap = await startWireTap({ target: slapd.port, ...(answer && { answer }) });
      const test = await startTestGateway(optionsFor(tap, authority));
      try {
        assert.match(await loginReply(test), hears);
        assertNothingInClear(tap.fromClients());
      } finally {
        await test.stop();
        await tap.stop();
      }
    });
  }
});

function optionsFor(tap: WireTap, authority: Authority) {
  const directory = { start_tls: true, ca_file: 'ldap-ca.pem', operation_timeout_seconds: 2 };
  return {
    directoryUrl: `ldap://127.0.0.1:${tap.port}`,
    settings: { directory },
    config: { 'ldap-ca.pem': authority.ca },
  };
}

async function loginReply({ ports }: TestGateway): Promise<string> {
  const client = await SmtpClient.connect({ port: ports.implicit, implicitTls: true });
  await client.reply();
  await client.command('EHLO client.example');
  const { text } = await client.command(`AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`);
  client.destroy();
  return text;
}

function assertNothingInClear(said: Buffer): void {
  const text = said.toString('latin1');
  assert.ok(text.includes(startTlsName), 'the tap saw nothing');
  for (const secret of ['pw-alice', 'pw-gatekeeper', 'cn=gatekeeper', 'alice@corp.example']) {
    assert.ok(!text.includes(secret), `${secret} was said in clear`);
  }
}
