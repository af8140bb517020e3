import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { authority, Mint, serverOf, type Issued } from '../support/certificates.ts';
import { eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain } from '../support/smtp.ts';
import { askWithOpenssl, listeners, type Listener } from './tls-client.ts';
import { sessions } from './tls-sessions.ts';

/** Old printers; whoever else comes is on 127.0.0.1. */
const printers = '127.0.0.3';

const names = { 'with SNI': ['-servername', 'gw.corp.example'], 'without SNI': ['-noservername'] } as const;

const weak = '@SECLEVEL=0';

/** What a client can, and what becomes of it: for everybody, and after STARTTLS for a network that has an exception. */
const handshakes = [
  { offer: 'TLS 1.3', args: ['-tls1_3'], everybody: true, printers: true },
  {
    offer: 'TLS 1.2, ECDHE, AES-GCM',
    args: ['-tls1_2', '-cipher', 'ECDHE+AESGCM'],
    everybody: true,
    printers: true,
  },
  {
    offer: 'TLS 1.2, ECDHE, ChaCha20',
    args: ['-tls1_2', '-cipher', 'ECDHE+CHACHA20'],
    everybody: true,
    printers: true,
  },
  {
    offer: 'TLS 1.2, ECDHE, AES-CBC',
    args: ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA'],
    everybody: false,
    printers: true,
  },
  {
    offer: 'TLS 1.2, RSA, AES-GCM',
    args: ['-tls1_2', '-cipher', 'AES128-GCM-SHA256'],
    everybody: false,
    printers: true,
  },
  { offer: 'TLS 1.1', args: ['-tls1_1', '-cipher', `ALL:${weak}`], everybody: false, printers: true },
  {
    offer: 'TLS 1.0, RSA, AES-CBC',
    args: ['-tls1', '-cipher', `AES128-SHA:${weak}`],
    everybody: false,
    printers: true,
  },
  {
    offer: 'TLS 1.2 without encryption',
    args: ['-tls1_2', '-cipher', `eNULL:${weak}`],
    everybody: false,
    printers: false,
  },
  {
    offer: 'TLS 1.2 without a certificate',
    args: ['-tls1_2', '-cipher', `aNULL:${weak}`],
    everybody: false,
    printers: false,
  },
] as const;

const mint = new Mint();
const root = mint.make({ name: 'bank CA', extensions: authority });
const foreign = mint.make({ name: 'another CA', extensions: authority });
const bank = serverOf('mail.bank.example');
const revoked = mint.make({ name: 'revoked', extensions: bank, by: root });

const good = mint.make({ name: 'good', extensions: bank, by: root });

/** What a client shows, and what it hears at MAIL. */
const certificates: readonly { shows: string; certificate?: Issued; hears: string }[] = [
  { shows: 'a good one', certificate: good, hears: '250' },
  { shows: 'none', hears: 'a client certificate is needed, none was shown' },
  {
    shows: 'one that has expired',
    certificate: mint.make({ name: 'expired', extensions: bank, by: root, days: -1 }),
    hears: 'the client certificate, or one above it, has expired',
  },
  {
    shows: 'one of another authority',
    certificate: mint.make({ name: 'foreign', extensions: bank, by: foreign }),
    hears: 'the client certificate is not signed by an authority that is accepted here',
  },
  {
    shows: 'one that it has signed itself',
    certificate: mint.make({ name: 'self', extensions: bank }),
    hears: 'the client certificate is signed by itself',
  },
  {
    shows: 'one for another name',
    certificate: mint.make({ name: 'other', extensions: serverOf('mail.other.example'), by: root }),
    hears: 'the client certificate is for another name than agreed',
  },
  {
    shows: 'one that was revoked',
    certificate: revoked,
    hears: 'the client certificate, or one above it, was revoked',
  },
];

const certified = {
  owner: 'Mail team',
  client_certificate: 'required',
  authorities_file: 'bank-ca.pem',
  certificate_names: ['mail.bank.example'],
};

void describe('TLS as openssl s_client sees it', { concurrency: 3 }, () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({
      certificate: mint.make({
        name: 'gw.corp.example',
        extensions: serverOf('gw.corp.example'),
        key: ['-newkey', 'rsa:2048'],
      }),
      config: {
        'bank-ca.pem': root.cert,
        'bank.crl': mint.revocations(root, [revoked]),
        'old.crl': mint.revocations(root, [], { since: new Date(Date.now() - 9 * 86_400_000) }),
      },
      settings: {
        // Of the demo's people two have it: for dave it says resend, for lists list.
        directory: { tls_attribute: 'gatekeeperGrant' },
        spf: { mode: 'off' },
        tls_criteria: [
          {
            name: 'printers',
            owner: 'Floor 3',
            networks: [printers],
            exception: 'legacy-device',
            expires: '2099-12-31',
          },
          { ...certified, name: 'bank', sender_domains: ['bank.example'], revocations_file: 'bank.crl' },
          { ...certified, name: 'alice', accounts: ['alice@corp.example'], revocations_file: 'bank.crl' },
          { ...certified, name: 'stale', sender_domains: ['stale.example'], revocations_file: 'old.crl' },
          { name: 'chief', owner: 'Mail team', accounts: ['carol@corp.example'], min_version: 'TLSv1.3' },
          { name: 'resend', owner: 'Mail team', min_version: 'TLSv1.3' },
          {
            name: 'named',
            owner: 'Mail team',
            sender_domains: ['named.example', '*.named.example'],
            sni: 'required',
          },
        ],
      },
    });
    for (const [index, { certificate = good }] of certificates.entries()) {
      writeFileSync(join(gateway.dir, `client-${index}.pem`), certificate.cert + certificate.key);
    }
  });
  after(async () => {
    await gateway.stop();
    mint.remove();
  });

  interface Asked {
    readonly on: Listener;
    readonly args: readonly string[];
    readonly as?: string | undefined;
    readonly from?: string;
    readonly author?: string | undefined;
    readonly address?: string;
  }

  function ask({ on, args, as = 'bob', from, author, address }: Asked): Promise<string> {
    const isLogin = on !== 'mx';
    const sender = from ?? (isLogin ? `${as}@corp.example` : 'x@partner.example');
    const says = [
      ...(isLogin ? [`AUTH PLAIN ${plain(`${as}@corp.example`, `pw-${as}`)}`] : []),
      `MAIL FROM:<${sender}>`,
      ...(author === undefined
        ? []
        : ['RCPT TO:<alice@corp.example>', 'DATA', `From: ${author}\r\n\r\nx\r\n.`]),
    ];
    const where = address === undefined ? {} : { from: address };
    return askWithOpenssl({ port: gateway.ports[on], isImplicit: on === 'implicit', args, says, ...where });
  }

  const rows = listeners.flatMap((on) => handshakes.map((handshake) => ({ on, ...handshake })));
  for (const { on, offer, args, ...who } of rows) {
    const doesBegin = (begins: boolean) => (begins ? 'begins' : 'does not begin');
    const expected = (begins: boolean) => (begins ? /^250/ : /^no handshake$/);

    for (const [how, sni] of Object.entries(names)) {
      void it(`${doesBegin(who.everybody)} on ${on} with ${offer}, ${how}`, async () => {
        assert.match(await ask({ on, args: [...args, ...sni] }), expected(who.everybody));
      });
    }
    // Where TLS comes first, nobody can tell one address from another.
    const begins = on === 'implicit' ? who.everybody : who.printers;
    void it(`${doesBegin(begins)} on ${on} with ${offer}, for an exception`, async () => {
      const reply = await ask({ on, args: [...args, ...names['with SNI']], address: printers });
      assert.match(reply, expected(begins));
    });
  }

  const shown = listeners.flatMap((on) =>
    certificates.flatMap((row, index) =>
      ['-tls1_2', '-tls1_3'].map((version) => ({ on, version, index, ...row })),
    ),
  );
  for (const { on, version, index, shows, certificate, hears } of shown) {
    void it(`on ${on} a client by ${version.slice(1)} shows ${shows}: ${hears}`, async () => {
      const file = join(gateway.dir, `client-${index}.pem`);
      const args = [version, ...(certificate ? ['-cert', file, '-key', file] : [])];
      const who = on === 'mx' ? { from: 'x@bank.example' } : { as: 'alice' };
      const reply = await ask({ on, args, ...who });
      assert.ok(reply.startsWith(hears === '250' ? '250 ' : '554 5.7.4 TLS is below the criteria'), reply);
      assert.ok(reply.includes(hears), reply);
    });
  }

  for (const { it: title, on, args = [], as, from, author, isCertified, hears } of sessions) {
    void it(`${title}, on ${on}: ${hears.source.slice(0, 12)}`, async () => {
      const known = from === undefined ? {} : { from };
      const file = join(gateway.dir, 'client-0.pem');
      const shown = isCertified ? ['-cert', file, '-key', file] : [];
      assert.match(await ask({ on, args: [...args, ...shown], as, author, ...known }), hears);
    });
  }

  void it('tells in an event which entry asks for what, and what is wrong with a certificate', async () => {
    await ask({ on: 'mx', args: [], from: 'x@bank.example' });
    const event = await eventWith(gateway, {
      check: 'tls/sender_domain',
      reason: 'tls-below-criteria',
      detail: 'bank: bank.example: it shows no client certificate',
    });
    assert.equal(event.verdict, 'refuse');
  });
});
