import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ldif } from '../../scripts/demo/ldif.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { ScramClient, decode, encode } from '../support/scram.ts';
import { verifiedEntries } from '../support/scram-people.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain, SmtpClient, type SmtpReply } from '../support/smtp.ts';

type Way = 'implicit' | 'submission';

/** A client that has said EHLO over TLS, and what EHLO offers it. */
async function greet(gateway: TestGateway, way: Way, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
  const tlsOptions = { minVersion: version, maxVersion: version };
  const client = await SmtpClient.connect({
    port: gateway.ports[way],
    implicitTls: way === 'implicit',
    tlsOptions,
  });
  const greeting = await client.reply();
  if (way === 'submission') {
    await client.command('EHLO client.example');
    await client.command('STARTTLS');
    await client.upgrade();
  }
  const ehlo = await client.command('EHLO client.example');
  const offer = ehlo.lines.find((line) => line.startsWith('AUTH '));
  return { client, offer, session: /\(([0-9A-F]+)\)/.exec(greeting.text)?.[1] ?? '' };
}

function exported(client: SmtpClient): Buffer {
  assert.ok(client.tls);
  return client.tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}

/** A whole exchange, each line asked for; the first reply that is no challenge, or the last. */
async function login(
  client: SmtpClient,
  scram: ScramClient,
  mechanism = 'SCRAM-SHA-256',
): Promise<SmtpReply> {
  assert.equal((await client.command(`AUTH ${mechanism}`)).text, '334 ');
  const asked = await client.command(scram.first());
  if (asked.code !== 334) return asked;
  const proven = await client.command(scram.final(asked.lines[0] ?? ''));
  if (proven.code !== 334) return proven;
  assert.ok(scram.trusts(proven.lines[0] ?? ''), 'the server proves itself');
  return client.command('');
}

const all = 'AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN';
const alice = { login: 'alice@corp.example', password: 'pw-alice' };

void describe('SCRAM through a gateway and slapd', () => {
  let slapd: Slapd;
  let gateway: TestGateway;
  before(async () => {
    slapd = await startSlapd({ ldif: ldif(verifiedEntries()) });
    gateway = await startTestGateway({
      directoryUrl: slapd.url,
      settings: {
        directory: { scram_attribute: 'gatekeeperScramVerifier' },
        auth: { failure_delay_seconds: 0.05, max_failures: 100 },
      },
    });
  });
  after(async () => {
    await gateway.stop();
    await slapd.stop();
  });

  for (const way of ['implicit', 'submission'] as const) {
    void it(`lets alice in, and gives her her rights and no others: ${way}`, async () => {
      const { client, offer, session } = await greet(gateway, way);
      assert.equal(offer, all);
      assert.match((await login(client, new ScramClient(alice))).text, /^235 2\.7\.0 /);
      assert.equal((await client.command('MAIL FROM:<bob@corp.example>')).code, 553);
      assert.equal((await client.command('MAIL FROM:<alice@corp.example>')).code, 250);
      const event = await eventually('the event', () =>
        gateway
          .events()
          .find(({ connection, check }) => connection?.startsWith(session) && check === 'auth/login'),
      );
      const { verdict, mechanism, login: called, identity } = event;
      assert.deepEqual(
        { verdict, mechanism, called, identity },
        { verdict: 'pass', mechanism: 'SCRAM-SHA-256', called: alice.login, identity: alice.login },
      );
      client.destroy();
    });

    void it(`binds the login to the connection: ${way}`, async () => {
      const { client } = await greet(gateway, way);
      const bound = (binding: Buffer) => new ScramClient({ ...alice, header: 'p=tls-exporter,,', binding });
      const other = await greet(gateway, way);
      const stolen = await login(client, bound(exported(other.client)), 'SCRAM-SHA-256-PLUS');
      assert.match(stolen.text, /^535 5\.7\.8 /);
      const own = await login(client, bound(exported(client)), 'SCRAM-SHA-256-PLUS');
      assert.match(own.text, /^235 2\.7\.0 /);
      client.destroy();
      other.client.destroy();
    });
  }

  void it('offers no -PLUS over TLS 1.2, where nothing tells of an extended master secret', async () => {
    const { client, offer } = await greet(gateway, 'implicit', 'TLSv1.2');
    assert.equal(offer, 'AUTH SCRAM-SHA-256 PLAIN LOGIN');
    assert.equal((await client.command('AUTH SCRAM-SHA-256-PLUS')).code, 504);
    assert.equal((await login(client, new ScramClient({ ...alice, header: 'y,,' }))).code, 235);
    client.destroy();
  });

  const refused = [
    { it: 'a wrong password', login: 'alice@corp.example', password: 'guess', detail: 'wrong-password' },
    {
      it: 'somebody without verifier',
      login: 'bob@corp.example',
      password: 'pw-bob',
      detail: 'no-scram-verifier',
    },
    { it: 'nobody', login: 'mallory@corp.example', password: 'guess', detail: 'no-such-account' },
    {
      it: 'a disabled account',
      login: 'retired@corp.example',
      password: 'pw-retired',
      detail: 'account-disabled',
    },
    {
      it: 'a login with a line end',
      login: 'alice@corp.example\n',
      password: 'pw-alice',
      detail: 'malformed-login',
    },
    { it: 'alice for bob', ...alice, header: 'n,a=bob@corp.example,', detail: 'foreign-authzid' },
    { it: 'a client from which -PLUS was hidden', ...alice, header: 'y,,', detail: 'channel-binding' },
  ];
  for (const { it: title, detail, ...options } of refused) {
    void it(`refuses ${title} with the one text of all, and says why in the event`, async () => {
      const { client, session } = await greet(gateway, 'implicit');
      const reply = await login(client, new ScramClient(options));
      assert.match(reply.text, /^535 5\.7\.8 Authentication credentials invalid \(\S+ auth\/login\) See /);
      await eventually(`the event of ${detail}`, () =>
        gateway.events().find((event) => event.connection?.startsWith(session) && event.detail === detail),
      );
      assert.equal((await client.command('MAIL FROM:<alice@corp.example>')).code, 530);
      client.destroy();
    });
  }

  void it('does not tell by its challenge who exists', async () => {
    const challengeFor = async (name: string) => {
      const { client } = await greet(gateway, 'implicit');
      await client.command('AUTH SCRAM-SHA-256');
      const { lines } = await client.command(encode(`n,,n=${name},r=abc`));
      client.destroy();
      return decode(lines[0] ?? '').replace(/r=[^,]+/, 'r=');
    };
    const form = /^r=,s=[A-Za-z0-9+/]{22}==,i=4096$/;
    for (const name of ['alice@corp.example', 'bob@corp.example', 'mallory@corp.example']) {
      assert.match(await challengeFor(name), form);
      assert.equal(await challengeFor(name.toUpperCase()), await challengeFor(name), name);
    }
  });

  void it('answers 454 for a verifier that cannot be read, and shows nobody what it is', async () => {
    const { client } = await greet(gateway, 'implicit');
    const reply = await login(client, new ScramClient({ login: 'carol@corp.example', password: 'pw-carol' }));
    assert.match(reply.text, /^454 4\.7\.0 /);
    assert.equal((await client.command(`AUTH PLAIN ${plain('carol@corp.example', 'pw-carol')}`)).code, 235);
    client.destroy();
    assert.match(gateway.log(), /uid=carol,[^"]*gatekeeperScramVerifier/);
    assert.doesNotMatch(gateway.log(), /garbage/);
  });

  void it('takes an exchange in one packet, and every answer to its own line', async () => {
    const { client } = await greet(gateway, 'implicit');
    const scram = new ScramClient(alice);
    client.write(`AUTH SCRAM-SHA-256 ${scram.first()}\r\nQUIt\r\nMAIL FROM:<alice@corp.example>\r\n`);
    assert.equal((await client.reply()).code, 334);
    assert.equal((await client.reply()).code, 501);
    assert.equal((await client.reply()).code, 530);
    client.destroy();
  });

  void it('is let in by gsasl, unbound and bound', async () => {
    for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']) {
      const said = await gsasl(gateway.ports.submission, mechanism, 'pw-alice');
      assert.match(said, /235 2\.7\.0 Authentication successful/, mechanism);
      assert.match(await gsasl(gateway.ports.submission, mechanism, 'guess'), /535 5\.7\.8/, mechanism);
    }
  });

  void it('is out of sequence after a login, and inside a transaction, as all mechanisms are', async () => {
    const { client } = await greet(gateway, 'implicit');
    assert.equal((await login(client, new ScramClient(alice))).code, 235);
    assert.equal((await client.command('AUTH SCRAM-SHA-256')).code, 503);
    client.destroy();
  });

  const mechanisms = ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];
  const linesBefore = (mechanism: string, client: SmtpClient): ((challenge: string) => string)[] => {
    if (mechanism === 'PLAIN') return [];
    if (mechanism === 'LOGIN') return [() => encode(alice.login)];
    const bound = { header: 'p=tls-exporter,,', binding: exported(client) };
    const scram = new ScramClient({ ...alice, ...(mechanism.endsWith('PLUS') && bound) });
    return [() => scram.first(), (challenge) => scram.final(challenge)];
  };
  /** Opens an exchange and answers `steps` challenges rightly. */
  const openedTo = async (client: SmtpClient, mechanism: string, steps: number): Promise<void> => {
    let reply = await client.command(`AUTH ${mechanism}`);
    for (const line of linesBefore(mechanism, client).slice(0, steps)) {
      reply = await client.command(line(reply.lines[0] ?? ''));
    }
    assert.equal(reply.code, 334, `${mechanism} after ${steps} answers`);
  };
  const wrong = [
    { it: '*', line: '*', code: 501 },
    { it: 'no base64', line: '!!!!', code: 501 },
    { it: '=', line: '=', code: 501 },
    { it: 'NUL', line: 'YWFh\0', code: 501 },
    { it: 'base64 of an odd length', line: 'YWF', code: 501 },
    { it: '12,289 octets', line: 'A'.repeat(12_289), code: 500 },
  ];
  for (const mechanism of mechanisms) {
    for (let steps = 0; steps <= (mechanism === 'PLAIN' ? 0 : mechanism === 'LOGIN' ? 1 : 2); steps += 1) {
      void it(`ends ${mechanism} after ${steps} right answers by each wrong one, and begins anew`, async () => {
        const { client } = await greet(gateway, 'implicit');
        for (const { it: title, line, code } of wrong) {
          await openedTo(client, mechanism, steps);
          assert.equal((await client.command(line)).code, code, title);
          assert.equal((await client.command('NOOP')).code, 250, `${title}: the exchange is over`);
        }
        await openedTo(client, mechanism, steps);
        const longest = await client.command('A'.repeat(12_288));
        assert.notEqual(longest.code, 500);
        if (longest.code === 334) assert.equal((await client.command('*')).code, 501);
        assert.equal((await client.command(`AUTH PLAIN ${plain(alice.login, alice.password)}`)).code, 235);
        client.destroy();
      });

      void it(`outlives a client that leaves ${mechanism} after ${steps} right answers`, async () => {
        const { client } = await greet(gateway, 'implicit');
        await openedTo(client, mechanism, steps);
        client.destroy();
        const next = await greet(gateway, 'implicit');
        assert.equal((await login(next.client, new ScramClient(alice))).code, 235);
        next.client.destroy();
      });
    }
  }

  void it('answers 454 when the directory dies within an exchange, and 235 when it is back', async () => {
    const { client } = await greet(gateway, 'implicit');
    await client.command('AUTH SCRAM-SHA-256');
    await slapd.kill();
    assert.match((await client.command(new ScramClient(alice).first())).text, /^454 4\.7\.0 /);
    await slapd.start();
    const answers = async (): Promise<SmtpReply> => login(client, new ScramClient(alice));
    let reply = await answers();
    for (let tries = 0; reply.code === 454 && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      reply = await answers();
    }
    assert.equal(reply.code, 235);
    client.destroy();
  });
});

/** An independent client. It asks for STARTTLS before EHLO, which Haraka refuses: a relay says EHLO for it. */
async function gsasl(port: number, mechanism: string, password: string): Promise<string> {
  const relay = createServer((client) => void sayEhloFirst(client, connect(port, '127.0.0.1')));
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const at = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const who = ['--authentication-id', alice.login, '--password', password];
  const tls = [
    '--smtp',
    '--starttls',
    '--x509-ca-file',
    '',
    ...(mechanism.endsWith('PLUS') ? [] : ['--no-cb']),
  ];
  const args = ['--client', ...tls, '--connect', at, '--mechanism', mechanism, ...who];
  const run = promisify(execFile)('/usr/bin/gsasl', args, { timeout: 10_000 });
  run.child.stdin?.end();
  try {
    const { stdout, stderr } = await run;
    return stdout + stderr;
  } catch (error) {
    return (error as { stdout: string; stderr: string }).stdout + (error as { stderr: string }).stderr;
  } finally {
    relay.close();
  }
}

async function sayEhloFirst(client: Socket, server: Socket): Promise<void> {
  client.on('error', () => undefined);
  server.on('error', () => undefined);
  client.write(await heard(server, /^220 [^\n]*\n/m));
  const starttls = await heard(client, /\n/);
  server.write('EHLO relay.example\r\n');
  await heard(server, /^250 [^\n]*\n/m);
  client.pipe(server);
  server.pipe(client);
  server.write(starttls);
}

/** What a socket says until it has said `last`; then it waits. */
async function heard(socket: Socket, last: RegExp): Promise<string> {
  let text = '';
  while (!last.test(text)) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) text += chunk.toString();
    else await once(socket, 'readable');
  }
  return text;
}
