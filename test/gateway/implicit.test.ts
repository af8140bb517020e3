import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { defaultPlugins } from '../../scripts/demo/gateway.ts';
import { proxyAddress } from '../../scripts/demo/instance.ts';
import { gatekeeper } from '../support/command.ts';
import { eventWith } from '../support/gateway.ts';
import { plain, SmtpClient, type SmtpReply } from '../support/smtp.ts';
import {
  greetWith,
  keyOf,
  removeCertificates,
  shown,
  startCertificateScene,
  type CertificateScene,
  type Shown,
} from './certificate-scene.ts';

/** Where a relay comes from that may speak for other clients with XCLIENT. */
const relayAddress = '127.0.0.3';

const brief = ({ text }: SmtpReply) => text.slice(0, 9).trim();
const auth = (who: string) => `AUTH PLAIN ${plain(`${who}@corp.example`, `pw-${who}`)}`;

/** What MAIL comes to, and RCPT to somebody elsewhere. */
async function relay(client: SmtpClient, sender: string): Promise<readonly string[]> {
  const mail = await client.command(
    `MAIL FROM:<${sender.includes('@') ? sender : `${sender}@corp.example`}>`,
  );
  const rcpt = mail.code === 250 ? [brief(await client.command('RCPT TO:<x@far.example>'))] : [];
  await client.command('RSET');
  return [
    mail.code === 250 ? '250' : brief(mail),
    ...rcpt.map((text) => (text.startsWith('250') ? '250' : text)),
  ];
}

after(removeCertificates);

void describe('certificates that count without AUTH', () => {
  let scene: CertificateScene;
  const more = {
    mail_servers: [
      { name: 'app', owner: 'dave', account: 'app@corp.example', domains: ['app.corp.example'] },
      { name: 'pinned', owner: 'dave', account: 'pinned@corp.example' },
      { name: 'stolen', owner: 'dave', account: 'stolen@corp.example' },
      { name: 'exchange', owner: 'dave', account: 'exchange@corp.example', addresses: ['192.0.2.1'] },
      { name: 'old', owner: 'dave', account: 'host@corp.example', expires: '2020-01-01' },
    ],
    spf: { mode: 'observe' },
    sender: { unproven_author: 'observe' },
  };
  const greet = (who: Shown | undefined, port: 'mx' | 'submission' | 'implicit') =>
    greetWith(who, scene.gateway.ports[port], { implicitTls: port === 'implicit' });

  before(async () => {
    scene = await startCertificateScene({ certificates: { implicit: 'mail_servers' }, more });
  });
  after(() => scene.stop());

  const relays = ['250', '250'];
  const strangers = { mx: ['250', '550 5.7.1'], submission: ['530 5.7.0'] };
  const table: readonly (readonly [Shown | undefined, 'relays' | 'is a stranger'])[] = [
    ['app', 'relays'],
    ['pinned', 'relays'],
    ['alice', 'is a stranger'],
    ['host', 'is a stranger'],
    ['nobody', 'is a stranger'],
    ['expired', 'is a stranger'],
    ['expiredPin', 'is a stranger'],
    ['revoked', 'is a stranger'],
    ['otherRoot', 'is a stranger'],
    ['selfSigned', 'is a stranger'],
    ['elsewhere', 'is a stranger'],
    [undefined, 'is a stranger'],
  ];
  for (const [who, comes] of table) {
    void it(`${who ?? 'nobody'} ${comes}`, async () => {
      for (const port of ['mx', 'submission', 'implicit'] as const) {
        const client = await greet(who, port);
        const as = comes === 'relays' ? String(who) : 'x@far.example';
        const strange = strangers[port === 'mx' ? 'mx' : 'submission'];
        assert.deepEqual(await relay(client, as), comes === 'relays' ? relays : strange, port);
        client.destroy();
      }
    });
  }

  void it('says in the event why one does not count', async () => {
    const client = await greet('expired', 'submission');
    await relay(client, 'app');
    client.destroy();
    const event = await eventWith(scene.gateway, { check: 'auth/required', verdict: 'refuse' });
    assert.match(event.detail ?? '', /^certificate-fault: expired: certificate "CN=expired" counts from/);
    const skipped = await eventWith(scene.gateway, { check: 'auth/certificate', verdict: 'skip' });
    assert.match(skipped.detail ?? '', /^its certificate is nobody's here: certificate-fault: expired: /);
  });

  void it('have the rights of their account, and no others', async () => {
    const client = await greet('app', 'mx');
    assert.deepEqual(await relay(client, 'app'), relays);
    assert.deepEqual(await relay(client, 'bob'), ['553 5.7.1']);
    client.destroy();
    const event = await eventWith(scene.gateway, { check: 'sender/envelope', verdict: 'refuse' });
    assert.equal(event.identity, 'app@corp.example');
    assert.match(event.credential ?? '', /^certificate:[0-9a-f]{16}$/);
  });

  void it('give way to who logs in', async () => {
    const client = await greet('app', 'submission');
    assert.deepEqual(await relay(client, 'app'), relays);
    assert.match((await client.command('EHLO client.example')).text, /AUTH .*PLAIN/);
    assert.match((await client.command(auth('bob'))).text, /^235 /);
    assert.deepEqual(await relay(client, 'bob'), relays);
    assert.deepEqual(await relay(client, 'app'), ['553 5.7.1']);
    client.destroy();
  });

  void it('let go of relaying with the message', async () => {
    const client = await greet('stolen', 'mx');
    assert.deepEqual(await relay(client, 'stolen'), relays);
    await scene.change('stolen', 'delete');
    const { code } = await gatekeeper(['forget', 'stolen@corp.example'], { haraka: scene.gateway.dir });
    assert.equal(code, 0);
    assert.deepEqual(await relay(client, 'x@far.example'), strangers.mx);
    client.destroy();
  });

  void it('wait while the directory is down, and strangers do not', async () => {
    const local = async (who: Shown | undefined, port: 'mx' | 'submission') => {
      const client = await greet(who, port);
      const mail = await client.command('MAIL FROM:<x@far.example>');
      const rcpt = mail.code === 250 ? await client.command('RCPT TO:<bob@corp.example>') : undefined;
      const other = mail.code === 250 ? await client.command('RCPT TO:<y@far.example>') : undefined;
      client.destroy();
      return [mail, rcpt, other].flatMap((each) => (each ? [brief(each)] : []));
    };
    await scene.slapd.kill();
    await gatekeeper(['forget', 'app@corp.example'], { haraka: scene.gateway.dir });
    await gatekeeper(['forget', 'pinned@corp.example'], { haraka: scene.gateway.dir });
    try {
      assert.deepEqual(await local('app', 'mx'), ['451 4.7.0']);
      assert.deepEqual(await local('app', 'submission'), ['451 4.7.0']);
      assert.deepEqual(await local('pinned', 'mx'), ['451 4.7.0'], 'it was an account before');
      assert.deepEqual((await local(undefined, 'mx'))[2], '550 5.7.1');
      const [mail = '', rcpt = '', other] = await local('otherRoot', 'mx');
      assert.match(`${mail} ${rcpt}`, /^250 .* 250 /);
      assert.equal(other, '451 4.7.0');
    } finally {
      await scene.slapd.start();
    }
  });
});

void describe('certificates of all accounts, which count without AUTH', () => {
  let scene: CertificateScene;
  before(async () => {
    scene = await startCertificateScene({
      certificates: { implicit: 'all', external: 'on' },
      more: { limits: { sessions: 2 }, spf: { mode: 'observe' }, sender: { unproven_author: 'observe' } },
      plugins: [...defaultPlugins, 'xclient'],
      files: { 'xclient.hosts': `${relayAddress}\n` },
    });
  });
  after(() => scene.stop());

  const relays = ['250', '250'];

  /** Behind a proxy that says which port the client has reached. */
  async function behindProxy(who: Shown | undefined, on: 'submission' | 'implicit', port: number) {
    const client = await SmtpClient.connect({
      ...{ port: scene.gateway.ports[on], from: proxyAddress, tlsOptions: who ? shown[who] : {} },
    });
    client.write(`PROXY TCP4 203.0.113.5 127.0.0.1 40000 ${port}\r\n`);
    if (on === 'implicit') await client.upgrade();
    await client.reply();
    await client.command('EHLO client.example');
    if (on === 'submission') {
      await client.command('STARTTLS');
      await client.upgrade();
      await client.command('EHLO client.example');
    }
    return client;
  }

  const ports = [
    ['submission', 587],
    ['implicit', 465],
  ] as const;
  for (const [on, port] of ports) {
    void it(`count on port ${port}, where Haraka itself asks for a login, and those of strangers do not`, async () => {
      const client = await behindProxy('alice', on, port);
      assert.deepEqual(await relay(client, 'alice'), relays);
      assert.deepEqual(await relay(client, 'bob'), ['553 5.7.1']);
      assert.deepEqual(await relay(client, 'alice'), relays);
      client.destroy();
      for (const who of ['nobody', 'otherRoot', undefined] as const) {
        const stranger = await behindProxy(who, on, port);
        assert.deepEqual(await relay(stranger, 'alice'), ['530 5.7.0'], who);
        assert.match((await stranger.command('RCPT TO:<x@far.example>')).text, /^503 /);
        stranger.destroy();
      }
    });
  }

  void it('end the session with a PROXY line inside TLS', async () => {
    const client = await behindProxy('alice', 'submission', 587);
    assert.deepEqual(await relay(client, 'alice'), relays);
    assert.equal((await client.command('PROXY TCP4 203.0.113.6 127.0.0.1 40000 587')).code, 421);
    assert.ok(await client.closed());
  });

  for (const more of ['', ' NAME=client.example', ' DESTPORT=587', ' DESTPORT=587 NAME=client.example']) {
    void it(`are those of a relay after XCLIENT${more}, and nobody's`, async () => {
      for (const on of ['mx', 'submission', 'implicit'] as const) {
        const client = await greetWith('alice', scene.gateway.ports[on], {
          ...{ implicitTls: on === 'implicit', from: relayAddress },
        });
        assert.deepEqual(await relay(client, 'alice'), relays, on);
        assert.equal((await client.command(`XCLIENT ADDR=203.0.113.7${more}`)).code, 220);
        assert.match((await client.command('EHLO client.example')).text, /AUTH PLAIN LOGIN/);
        const isStranger = on === 'mx' && !more.includes('587');
        const expected = isStranger ? ['250', '550 5.7.1'] : ['530 5.7.0'];
        assert.deepEqual(await relay(client, 'x@far.example'), expected, on);
        assert.match((await client.command('AUTH EXTERNAL =')).text, /^50[34] /);
        client.destroy();
      }
    });

    void it(`are those of a relay in TLS that begins after XCLIENT${more}`, async () => {
      const client = await SmtpClient.connect({
        ...{ port: scene.gateway.ports.submission, from: relayAddress, tlsOptions: shown.alice },
      });
      await client.reply();
      await client.command('EHLO relay.example');
      assert.equal((await client.command(`XCLIENT ADDR=203.0.113.7${more}`)).code, 220);
      await client.command('EHLO client.example');
      await client.command('STARTTLS');
      await client.upgrade();
      assert.match((await client.command('EHLO client.example')).text, /AUTH PLAIN LOGIN/);
      assert.deepEqual(await relay(client, 'alice'), ['530 5.7.0']);
      client.destroy();
    });
  }

  void it('have as many sessions at once as their account may have', async () => {
    const greet = () => greetWith('pinned', scene.gateway.ports.submission);
    const open = [await greet(), await greet()] as const;
    for (const client of open) assert.deepEqual(await relay(client, 'pinned'), relays);
    const third = await greet();
    const { text } = await third.command('MAIL FROM:<pinned@corp.example>');
    assert.match(text, /^421 4\.7\.0 Too many sessions at once \(\S+ auth\/sessions\) At most 2 sessions/);
    assert.ok(await third.closed());
    for (const client of open) assert.deepEqual(await relay(client, 'pinned'), relays, 'each keeps its seat');
    const event = await eventWith(scene.gateway, { check: 'auth/sessions', verdict: 'defer' });
    assert.match(event.detail ?? '', /^sessions: 2 of 2 of pinned@corp\.example are open/);
    await open[0].command('QUIT');
    assert.ok(await open[0].closed());
    const again = await greet();
    assert.deepEqual(await relay(again, 'pinned'), relays);
    for (const client of [again, open[1]]) client.destroy();
  });

  void it('leave their seat when they are nobody any more', async () => {
    const greet = () => greetWith('stolen', scene.gateway.ports.mx);
    const open = [await greet(), await greet()] as const;
    for (const client of open) assert.deepEqual(await relay(client, 'stolen'), relays);
    const forget = () => gatekeeper(['forget', 'stolen@corp.example'], { haraka: scene.gateway.dir });
    await scene.change('stolen', 'delete');
    await forget();
    assert.deepEqual(await relay(open[0], 'x@far.example'), ['250', '550 5.7.1']);
    await scene.change('stolen', 'add', keyOf('stolen'));
    await forget();
    const third = await greet();
    assert.deepEqual(await relay(third, 'stolen'), relays);
    for (const client of [third, ...open]) client.destroy();
  });
});
