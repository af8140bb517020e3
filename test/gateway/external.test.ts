import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith } from '../support/gateway.ts';
import { inForce, Operator, refused } from './operator.ts';
import { isAskedForCertificate, listeners } from './tls-client.ts';
import { plain, type SmtpClient, type SmtpReply } from '../support/smtp.ts';
import {
  authorities,
  dnOf,
  greetWith,
  removeCertificates,
  revocationsOf,
  startCertificateScene,
  type CertificateScene,
  type Shown,
} from './certificate-scene.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const brief = ({ text }: SmtpReply) => text.slice(0, 9);
const ok = '235 2.7.0';
const no = '535 5.7.8';

interface Case {
  readonly shows: Shown;
  readonly as?: string;
  readonly is: string;
  /** What the event has: the account, or the cause and what comes of it. */
  readonly event: string | RegExp;
}

const table: readonly Case[] = [
  { shows: 'app', is: ok, event: 'app@corp.example' },
  { shows: 'app', as: 'app@corp.example', is: ok, event: 'app@corp.example' },
  { shows: 'app', as: 'APP@corp.example', is: ok, event: 'app@corp.example' },
  { shows: 'app', as: dnOf('app'), is: ok, event: 'app@corp.example' },
  { shows: 'alice', as: 'alice.smith@corp.example', is: ok, event: 'alice@corp.example' },
  { shows: 'app', as: 'bob@corp.example', is: no, event: /^foreign-authzid$/ },
  { shows: 'app', as: 'nobody@corp.example', is: no, event: /^foreign-authzid$/ },
  { shows: 'host', is: ok, event: 'host@corp.example' },
  { shows: 'pinned', is: ok, event: 'pinned@corp.example' },
  { shows: 'nobody', is: no, event: /^no-such-account$/ },
  { shows: 'retired', is: no, event: /^account-disabled$/ },
  { shows: 'twice', is: no, event: /^certificate-ambiguous: uid=one,\S+ and uid=two,/ },
  { shows: 'expired', is: no, event: /^certificate-fault: expired: certificate "CN=expired" counts from/ },
  { shows: 'expiredPin', is: no, event: /^certificate-fault: expired: / },
  {
    shows: 'otherRoot',
    is: no,
    event: /^certificate-fault: untrusted: certificate "CN=app" is signed by nobody/,
  },
  { shows: 'selfSigned', is: no, event: /^certificate-fault: self-signed: / },
  { shows: 'revoked', is: no, event: /^certificate-fault: revoked: certificate "CN=revoked" was revoked/ },
  {
    shows: 'unlisted',
    is: '454 4.7.0',
    event: /^whether certificate "CN=unlisted" was revoked is not known/,
  },
  { shows: 'elsewhere', is: no, event: /^mail-server-elsewhere$/ },
];

after(removeCertificates);

void describe('AUTH EXTERNAL', () => {
  let scene: CertificateScene;
  const more = {
    mail_servers: [
      { name: 'exchange', owner: 'dave', account: 'exchange@corp.example', addresses: ['192.0.2.1'] },
    ],
    auth: { failure_delay_seconds: 0.05, max_failures: 3 },
  };
  const greet = (who?: Shown, implicitTls = false) =>
    greetWith(who, scene.gateway.ports[implicitTls ? 'implicit' : 'submission'], { implicitTls });
  const mail = async (client: SmtpClient, sender: string) => {
    const { text } = await client.command(`MAIL FROM:<${sender}@corp.example>`);
    await client.command('RSET');
    return text;
  };

  before(async () => {
    scene = await startCertificateScene({ certificates: { external: 'on' }, more });
  });
  after(() => scene.stop());

  for (const { shows, as, is, event } of table) {
    void it(`${shows}${as === undefined ? '' : ` as ${as}`}: ${is}`, async () => {
      const { length } = scene.gateway.events();
      const client = await greet(shows);
      assert.equal(brief(await client.command(`AUTH EXTERNAL ${as === undefined ? '=' : base64(as)}`)), is);
      client.destroy();
      const found = await eventually('the event', () =>
        scene.gateway
          .events()
          .slice(length)
          .findLast(
            ({ check, mechanism, login }) =>
              check === 'auth/login' && mechanism === 'EXTERNAL' && login === as,
          ),
      );
      if (typeof event === 'string') assert.deepEqual([found.verdict, found.identity], ['pass', event]);
      else assert.match(found.detail ?? '', event);
      if (is !== '454 4.7.0') assert.match(found.credential ?? '', /^certificate:[0-9a-f]{16}$/);
    });
  }

  void it('is offered to who shows a certificate over TLS, and to nobody else', async () => {
    for (const implicitTls of [false, true]) {
      const [client, stranger] = [await greet('app', implicitTls), await greet(undefined, implicitTls)];
      assert.match((await client.command('EHLO client.example')).text, /AUTH EXTERNAL .*PLAIN/);
      assert.doesNotMatch((await stranger.command('EHLO client.example')).text, /EXTERNAL/);
      assert.match((await stranger.command('AUTH EXTERNAL =')).text, /^504 5\.5\.4 /);
      for (const each of [client, stranger]) each.destroy();
    }
  });

  void it('has clients asked for a certificate where they log in, and nowhere else', async () => {
    for (const on of listeners) {
      const isAsked = await isAskedForCertificate(scene.gateway.ports[on], on === 'implicit');
      assert.equal(isAsked, on !== 'mx', on);
    }
  });

  void it('takes the response after a challenge, and nothing that is none', async () => {
    const client = await greet('app', true);
    assert.match((await client.command('AUTH EXTERNAL')).text, /^334 ?$/);
    assert.match((await client.command('*')).text, /^501 5\.7\.0/);
    for (const line of ['AUTH EXTERNAL !', `AUTH EXTERNAL ${base64('a\0b')}`, 'AUTH EXTERNAL /w==']) {
      assert.match((await client.command(line)).text, /^501 5\.5\.2/, line);
    }
    await client.command('AUTH EXTERNAL');
    assert.equal(brief(await client.command('')), ok);
    assert.match((await client.command('AUTH EXTERNAL =')).text, /^503 5\.5\.1/);
    assert.match(await mail(client, 'app'), /^250 /);
    assert.match(await mail(client, 'bob'), /^553 5\.7\.1/);
    client.destroy();
  });

  void it('stands in the trail, with the certificate in short', async () => {
    const client = await greet('app');
    await client.command('AUTH EXTERNAL =');
    await client.command('MAIL FROM:<app@corp.example>');
    await client.command('RCPT TO:<x@far.example>');
    await client.command('DATA');
    const { text } = await client.command(
      'From: app@corp.example\r\nDate: Sun, 29 Nov 2026 12:00:00 +0000\r\nMessage-ID: <external@corp.example>\r\n\r\nx\r\n.',
    );
    assert.match(text, /^250 /);
    client.destroy();
    const event = await eventWith(scene.gateway, { check: 'outbound/gate', verdict: 'pass' });
    assert.deepEqual([event.identity, event.proof], ['app@corp.example', 'account']);
    assert.match(event.credential ?? '', /^certificate:[0-9a-f]{16}$/);
  });

  void it('locks out nobody whose certificate another one is not', async () => {
    for (let tries = 0; tries < 6; tries += 1) {
      const client = await greet('otherRoot');
      await client.command(`AUTH EXTERNAL ${base64('app@corp.example')}`);
      client.destroy();
    }
    const client = await greet('app');
    assert.equal(brief(await client.command('AUTH EXTERNAL =')), ok);
    client.destroy();
    const other = await greet();
    assert.equal(brief(await other.command(`AUTH PLAIN ${plain('app@corp.example', 'pw-app')}`)), ok);
    other.destroy();
  });

  void it('sends away who has failed three times', async () => {
    const client = await greet('nobody');
    await client.command('AUTH EXTERNAL =');
    await client.command('AUTH EXTERNAL =');
    assert.match((await client.command('AUTH EXTERNAL =')).text, /^421 /);
    client.destroy();
  });

  void it('is trouble while the directory is down', async () => {
    await scene.slapd.kill();
    const client = await greet('host');
    await gatekeeper(['forget', 'host@corp.example'], { haraka: scene.gateway.dir });
    assert.match((await client.command('AUTH EXTERNAL =')).text, /^454 4\.7\.0 Temporary authentication/);
    client.destroy();
    await scene.slapd.start();
  });

  void it('is out with a stolen certificate at once, when the account is forgotten', async () => {
    const client = await greet('stolen');
    assert.equal(brief(await client.command('AUTH EXTERNAL =')), ok);
    await scene.change('stolen', 'delete');
    assert.match(await mail(client, 'stolen'), /^250 /);
    const { code } = await gatekeeper(['forget', 'stolen@corp.example'], { haraka: scene.gateway.dir });
    assert.equal(code, 0);
    assert.match(await mail(client, 'stolen'), /^530 5\.7\.0 /);
    client.destroy();
    const event = await eventWith(scene.gateway, { check: 'auth/account', identity: 'stolen@corp.example' });
    assert.equal(event.verdict, 'refuse');
    assert.match(event.detail ?? '', /^certificate-fault: self-signed: certificate "CN=stolen"/);
    const another = await greet('stolen');
    assert.equal(brief(await another.command('AUTH EXTERNAL =')), no);
    another.destroy();
  });
});

void describe('AUTH EXTERNAL, remembered for a second', () => {
  let scene: CertificateScene;
  before(async () => {
    const directory = { cache_seconds: 1, cache_refused_seconds: 0 };
    scene = await startCertificateScene({ certificates: { external: 'on' }, directory });
  });
  after(() => scene.stop());

  void it('follows the lists and authorities of its files, in sessions too', async () => {
    const operator = new Operator(scene.gateway);
    const enter = async (who: Shown) => {
      const client = await greetWith(who, scene.gateway.ports.submission);
      return { client, text: brief(await client.command('AUTH EXTERNAL =')) };
    };
    const login = async (who: Shown) => {
      const { client, text } = await enter(who);
      client.destroy();
      return text;
    };
    const put = (name: string, text: string, says = inForce) =>
      operator.and(() => writeFileSync(operator.file(name), text), says);
    const session = await enter('app');
    assert.equal(session.text, ok);
    const began = performance.now();
    await put('clients.crl', revocationsOf('revoked', 'app'));
    assert.ok(performance.now() - began < 6000, 'it took seconds');
    assert.equal(await login('app'), no);
    assert.equal(await login('alice'), ok);
    await delay(1100);
    assert.match((await session.client.command('MAIL FROM:<app@corp.example>')).text, /^530 5\.7\.0 /);
    session.client.destroy();
    await put('clients.crl', 'nothing', refused);
    assert.equal(await login('app'), no, 'the list before it stays');
    assert.match(scene.gateway.log(), /certificates\.revocations_file: \S+clients\.crl: it is no /);
    await put('clients.crl', revocationsOf());
    assert.deepEqual([await login('app'), await login('revoked')], [ok, ok]);
    assert.equal(await login('otherRoot'), no);
    await put('clients-ca.pem', authorities('root', 'otherRoot'));
    assert.equal(await login('otherRoot'), '454 4.7.0', 'of which there is no list');
    await put('clients-ca.pem', authorities('otherRoot'));
    assert.deepEqual([await login('app'), await login('alice')], [no, no]);
  });

  void it('is out with a stolen certificate after that, in sessions too', async () => {
    const client = await greetWith('pinned', scene.gateway.ports.submission);
    assert.equal(brief(await client.command('AUTH EXTERNAL =')), ok);
    await scene.change('pinned', 'delete');
    await delay(1100);
    assert.match((await client.command('MAIL FROM:<pinned@corp.example>')).text, /^530 5\.7\.0 /);
    assert.equal(brief(await client.command('AUTH EXTERNAL =')), no);
    client.destroy();
  });
});
