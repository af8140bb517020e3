import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../../plugins/core/secret.ts';
import { askSmartHost } from '../../../plugins/core/smart-host/ask.ts';
import type { SmartHost } from '../../../plugins/core/smart-host/types.ts';
import { createAuthority, type Authority, type Certificate } from '../../support/ldap-certificates.ts';
import { startSmartHost, type Manners } from '../../support/smart-host.ts';

const password = 'pässword of the relay';
const user = 'gateway@corp.example';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let authority: Authority;
let certificate: Certificate;
let foreign: Certificate;
before(async () => {
  authority = await createAuthority();
  certificate = await authority.issue('DNS:localhost');
  foreign = await authority.issue('DNS:other.example');
});
after(() => authority.remove());

/** Asks a server on loopback, whose certificate has to be good; for 10 s unless said otherwise. */
function ask(port: number, more: Partial<SmartHost> = {}, milliseconds = 10_000) {
  const credentials = { user, password: Secret.fromText(password) };
  const host = {
    name: 'relay',
    host: 'localhost',
    port,
    verify: true,
    ca: authority.ca,
    credentials,
    ...more,
  };
  return askSmartHost(host, { helo: 'gw.corp.example', milliseconds });
}

const inClear = { verify: false, credentials: undefined } as unknown as Partial<SmartHost>;

void describe('a smart host that is asked', () => {
  const cases: readonly {
    readonly it: string;
    readonly manners?: Partial<Manners>;
    readonly host?: Partial<SmartHost>;
    readonly comes: object | RegExp;
  }[] = [
    { it: 'takes the login by PLAIN', comes: { tls: 'TLSv1.3', user } },
    { it: 'takes the login by LOGIN', manners: { auth: ['LOGIN'] }, comes: { tls: 'TLSv1.3', user } },
    {
      it: 'is not logged in to without credentials',
      ...{ host: { credentials: undefined } as unknown as Partial<SmartHost>, comes: { tls: 'TLSv1.3' } },
    },
    { it: 'offers no STARTTLS', manners: { startTls: undefined }, comes: /^offers no STARTTLS$/ },
    {
      it: 'offers no STARTTLS, and need not',
      ...{ manners: { startTls: undefined }, host: inClear, comes: {} },
    },
    {
      it: 'has a certificate that nobody looks at',
      ...{ host: { ...inClear, ca: undefined } as unknown as Partial<SmartHost>, comes: { tls: 'TLSv1.3' } },
    },
    { it: 'refuses STARTTLS', manners: { startTls: '454 4.7.0 Later' }, comes: /^says "454 4.7.0 Later"$/ },
    {
      it: 'has a certificate that nobody we trust has signed',
      ...{
        host: { ca: undefined } as unknown as Partial<SmartHost>,
        comes: /^TLS fails: .*(certificate|issuer)/,
      },
    },
    {
      it: 'has only an old version of TLS',
      ...{ manners: { newest: 'TLSv1.1' }, comes: /^TLS fails: .*(protocol|version)/ },
    },
    {
      it: 'has something said in clear behind STARTTLS (RFC 3207 §6)',
      ...{
        manners: { injected: '250-x\r\n250 AUTH PLAIN\r\n' },
        comes: /^says something in clear where TLS begins$/,
      },
    },
    {
      it: 'refuses the login',
      ...{
        manners: { password: 'another' },
        comes: /^refuses the credentials of gateway@corp\.example: 535 5\.7\.8 /,
      },
    },
    {
      it: 'refuses the login, and repeats it',
      manners: { password: 'another', refusal: '535 5.7.8 No: {line}' },
      comes: /^refuses the credentials of .*: 535 \(what it says repeats the password\)$/,
    },
    {
      it: 'repeats the login in what is no reply',
      manners: { password: 'another', refusal: 'No {line}' },
      comes: /^"No {2}\(what it says repeats the password\)" is no reply$/,
    },
    { it: 'offers no AUTH', manners: { auth: [] }, comes: /^offers no AUTH: a login takes PLAIN or LOGIN$/ },
    { it: 'has enough', manners: { greeting: '554 5.7.1 Go away' }, comes: /^says "554 5\.7\.1 Go away"$/ },
    {
      it: 'speaks two minds in one reply',
      ...{ manners: { greeting: '220-smart.example\r\n554 no' }, comes: /^"554 no" is no reply$/ },
    },
  ];
  for (const { it: title, manners, host, comes } of cases) {
    void it(title, async () => {
      const server = await startSmartHost({
        ...{ certificate, startTls: '220 Go on', auth: ['PLAIN', 'LOGIN'], password, ...manners },
      });
      try {
        if (!(comes instanceof RegExp)) {
          assert.deepEqual(await ask(server.port, host), comes);
          assert.equal(server.heard.at(-1)?.line, 'QUIT');
        } else {
          await assert.rejects(ask(server.port, host), { message: comes });
        }
        const lines = server.heard.map(({ line }) => line);
        assert.ok(!lines.some((line) => line.startsWith('MAIL')), lines.join());
        const secrets = [base64(`\0${user}\0${password}`), base64(password)];
        const told = server.heard.filter(({ line }) => secrets.some((each) => line.includes(each)));
        assert.ok(told.every(({ isTls }) => isTls));
      } finally {
        server.stop();
      }
    });
  }

  void it('has a certificate of another name', async () => {
    const server = await startSmartHost({
      certificate: foreign,
      startTls: '220 Go on',
      auth: ['PLAIN'],
      password,
    });
    await assert.rejects(ask(server.port), { message: /^TLS fails: Hostname\/IP does not match/ });
    server.stop();
  });
});

/** What a server does with each connection. */
type Behaviour = (socket: Socket) => void;

async function withServer(behave: Behaviour, use: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Says the same for as long as anybody takes it. */
const endlessly =
  (text: string): Behaviour =>
  (socket) => {
    const more = () => {
      while (socket.writable && socket.write(text));
    };
    socket.on('drain', more);
    more();
  };

void describe('a server that is no smart host', () => {
  const cases: readonly { it: string; does: Behaviour; within?: number; why: RegExp }[] = [
    { it: 'says nothing', does: () => undefined, within: 300, why: /^no greeting within 0\.3 s$/ },
    {
      it: 'says nothing to EHLO',
      does: (socket) => socket.write('220 hello\r\n'),
      ...{ within: 300, why: /^no answer to EHLO within 0\.3 s$/ },
    },
    {
      it: 'drips',
      does: (socket) => {
        const timer = setInterval(() => socket.write('220-x\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      },
      ...{ within: 300, why: /^no greeting within 0\.3 s$/ },
    },
    {
      it: 'never ends its greeting',
      does: endlessly('220-hello\r\n'),
      why: /^a reply has more than 100 lines$/,
    },
    { it: 'never ends its line', does: endlessly('220 hello '), why: /^a line has more than 4096 octets$/ },
    {
      it: 'is another one',
      does: (socket) => socket.write('* OK IMAP4rev1\r\n'),
      why: /^"\* OK IMAP4rev1" is no reply$/,
    },
    { it: 'hangs up', does: (socket) => socket.end(), why: /^the server closed the connection$/ },
    {
      it: 'hangs up in its greeting',
      does: (socket) => socket.end('220-x\r\n'),
      why: /closed the connection$/,
    },
    {
      it: 'never ends the handshake',
      does: (socket) => {
        socket.write('220 hello\r\n');
        socket.once('data', () => {
          socket.write('250-x\r\n250 STARTTLS\r\n');
          socket.once('data', () => socket.write('220 Go on\r\n'));
        });
      },
      ...{ within: 500, why: /^no end of the TLS handshake within 0\.5 s$/ },
    },
  ];
  for (const { it: title, does, within, why } of cases) {
    void it(title, () => withServer(does, (port) => assert.rejects(ask(port, {}, within), { message: why })));
  }

  void it('is not there', async () => {
    await assert.rejects(ask(1), { message: /ECONNREFUSED/ });
  });
});
