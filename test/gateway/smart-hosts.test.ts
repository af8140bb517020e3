import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSmartHost, type Manners, type SmartHostServer } from '../support/smart-host.ts';
import { connectAs, loggedIn } from '../support/smtp.ts';
import { plugin } from './other-haraka.ts';
import { faults } from './smart-host-faults.ts';
import { send } from './traffic.ts';

const password = 'pw-of-smart-host';
const user = 'gateway@relay.example';

/** What may stand in no log, no event, no file of the queue. */
const secrets = [
  password,
  Buffer.from(password).toString('base64'),
  Buffer.from(`\0${user}\0${password}`).toString('base64'),
].map((each) => each.replace(/=+$/, ''));

let authority: Authority;
let stranger: Authority;
let gateway: TestGateway;
const servers = new Map<string, SmartHostServer>();

async function start(
  name: string,
  manners: Partial<Manners> = {},
  from = authority,
  named = `${name}.smart.example`,
) {
  const certificate = await from.issue(`DNS:${named}`);
  const server = await startSmartHost({
    certificate,
    startTls: '220 Go on',
    auth: ['PLAIN', 'LOGIN'],
    password,
    ...manners,
  });
  servers.set(name, server);
  return server;
}

/** An entry of the settings for a server. */
function entry(name: string, more: object = {}): object {
  const credentials = { user, password_file: 'relay.password', ca_file: 'relay-ca.pem' };
  return { name, host: `${name}.smart.example`, port: server(name).port, ...credentials, ...more };
}

function server(name: string): SmartHostServer {
  return servers.get(name) ?? assert.fail(name);
}

before(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
});
after(async () => {
  for (const each of servers.values()) each.stop();
  await Promise.all([authority.remove(), stranger.remove()]);
});

function noSecretsIn(what: string, text: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${what} shows a password`);
}

function noSecretsAnywhere(test: TestGateway): void {
  const { dir } = test;
  noSecretsIn('the log', test.log());
  noSecretsIn('an event', JSON.stringify(test.events()));
  for (const file of readdirSync(join(dir, 'queue')))
    noSecretsIn('the queue', textOf(join(dir, 'queue', file)));
}

/** Each try gives a file of the queue another name. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Sends as somebody who has logged in. */
async function mail(from: string, to: string, login = from): Promise<void> {
  const { submission } = gateway.ports;
  const client = await loggedIn({ port: submission }, login, `pw-${login.split('@')[0] ?? ''}`);
  const reply = await send(client, { from, to });
  client.destroy();
  assert.equal(reply.code, 250, reply.text);
}

function taken(name: string, to: string) {
  return server(name).taken.filter(({ to: recipients }) => recipients.includes(to));
}

void describe('mail that leaves through smart hosts', () => {
  before(async () => {
    for (const { it: name, wrong, isUntrusted, certificateFor } of faults) {
      await start(name, wrong, isUntrusted ? stranger : authority, certificateFor);
    }
    await start('by-domain');
    await start('by-identity', { auth: ['LOGIN', 'XOAUTH2'] });
    await start('by-network', { startTls: undefined, auth: [] });
    await start('on-premises', { auth: [] });
    await start('corrected', { password: 'right-at-last' });
    gateway = await startTestGateway({
      first: [plugin('smart-names')],
      logLevel: 'data',
      config: {
        'relay.password': `${password}\n`,
        'corrected.password': `${password}\n`,
        'relay-ca.pem': authority.ca,
      },
      settings: {
        registered_networks: [
          {
            ...{ name: 'scanners', owner: 'dave', expires: '2999-12-31', addresses: ['10.1.0.0/24'] },
            ...{ send_as: ['scanner@corp.example'], tls: 'optional' },
          },
        ],
        smart_hosts: [
          ...faults.map(({ it: name }) =>
            entry(name, { identities: ['alice@corp.example'], recipient_domains: [`${name}.example`] }),
          ),
          entry('by-domain', { sender_domains: ['lists.corp.example'] }),
          entry('by-identity', { identities: ['exchange@corp.example'] }),
          {
            ...{ name: 'by-network', host: '127.0.0.1', port: server('by-network').port, tls: 'may' },
            identities: ['scanners'],
          },
          {
            ...{ name: 'on-premises', host: 'on-premises.smart.example', port: server('on-premises').port },
            ...{ ca_file: 'relay-ca.pem', recipient_domains: ['corp.example'] },
          },
          entry('corrected', {
            ...{ identities: ['bob@corp.example'], recipient_domains: ['corrected.example'] },
            password_file: 'corrected.password',
          }),
        ],
      },
    });
  });
  after(() => gateway.stop());

  void it('is chosen by sender domain', async () => {
    await mail('announce@lists.corp.example', 'a@one.example', 'lists@corp.example');
    await eventually('the message', () => taken('by-domain', 'a@one.example').length === 1);
    assert.deepEqual(taken('by-domain', 'a@one.example')[0]?.login, user);
    const found = await eventually('its event', () =>
      gateway.events().find(({ smart_host: name }) => name === 'by-domain'),
    );
    assert.deepEqual(
      [found.check, found.verdict, found.identity],
      ['outbound/provenance', 'pass', 'lists@corp.example'],
    );
    const told = await eventually('what became of it', () =>
      gateway.events().find(({ outcome, recipients }) => outcome && recipients?.[0] === 'a@one.example'),
    );
    assert.deepEqual(
      [told.outcome, told.remote, told.remote_port, told.remote_verified, told.identity],
      ['delivered', 'by-domain.smart.example', server('by-domain').port, true, 'lists@corp.example'],
    );
    assert.equal(told.smart_host, 'by-domain');
    assert.match(gateway.log(), /C: AUTH PLAIN \[secret\]/);
    assert.match(gateway.log(), /delivered .*host=by-domain\.smart\.example .*tls=Y auth=Y/);
  });

  void it('is chosen by identity', async () => {
    await mail('exchange@corp.example', 'b@one.example');
    await eventually('the message', () => taken('by-identity', 'b@one.example').length === 1);
    assert.equal(taken('by-identity', 'b@one.example')[0]?.login, user);
  });

  void it('is chosen by registered network, in clear where it may be', async () => {
    const client = await connectAs('10.1.0.7', { port: gateway.ports.submission });
    await client.reply();
    await client.command('EHLO client.example');
    const reply = await send(client, { from: 'scanner@corp.example', to: 'c@one.example' });
    assert.equal(reply.code, 250, reply.text);
    client.destroy();
    await eventually('the message', () => taken('by-network', 'c@one.example').length === 1);
  });

  void it('is chosen by recipient for whoever it is from, over verified TLS without a login', async () => {
    await mail('alice@corp.example', 'dave@corp.example');
    await eventually('the message', () => taken('on-premises', 'dave@corp.example').length === 1);
    const { heard } = server('on-premises');
    assert.ok(heard.every(({ line, isTls }) => isTls || /^(?:EHLO|STARTTLS)/.test(line)));
  });

  void it('goes its ordinary way otherwise', async () => {
    await mail('alice@corp.example', 'd@one.example');
    await eventually('the message', () =>
      gateway.delivered().some(({ envelope: { to } }) => to.includes('d@one.example')),
    );
  });

  void describe('of a server that', { concurrency: true }, () => {
    for (const { it: name, says, isAuthenticated } of faults) {
      void it(`${name}: waits in the queue, and is delivered once all is right`, async () => {
        const to = `x@${name}.example`;
        await mail('alice@corp.example', to);
        const line = await eventually(`a complaint of ${name}`, () =>
          gateway
            .log()
            .split('\n')
            .find((each) => each.includes(`[CRIT] [-] [gatekeeper/outbound] smart host ${name} (`)),
        );
        assert.match(line, says);
        const { heard, manners } = server(name);
        const isMail = ({ line }: { line: string }) =>
          /^(?:RCPT|DATA)/.test(line) || (name !== 'wants-login' && line.startsWith('MAIL'));
        assert.deepEqual(heard.filter(isMail), []);
        if (!isAuthenticated)
          assert.deepEqual(
            heard.filter(({ line }) => line.startsWith('AUTH')),
            [],
          );
        assert.ok(heard.every(({ line, isTls }) => isTls || /^(?:EHLO|STARTTLS|QUIT)/.test(line)));
        noSecretsAnywhere(gateway);
        const good: Manners = {
          certificate: await authority.issue(`DNS:${name}.smart.example`),
          startTls: '220 Go on',
          auth: ['PLAIN'],
          password,
        };
        for (const key of Object.keys(manners)) Reflect.deleteProperty(manners, key);
        Object.assign(manners, good);
        await eventually(`the message through ${name}`, () => taken(name, to).length > 0, 15_000);
        assert.equal(taken(name, to)[0]?.login, user);
      });
    }

    void it('has another password: is delivered once the file is corrected', async () => {
      await mail('bob@corp.example', 'y@corrected.example');
      await eventually('a refusal', () => server('corrected').connections >= 1, 10_000);
      assert.deepEqual(server('corrected').taken, []);
      writeFileSync(join(gateway.dir, 'config/corrected.password'), 'right-at-last\n');
      await eventually('the message', () => taken('corrected', 'y@corrected.example').length > 0, 15_000);
    });
  });

  void it('is delivered once, bounced never, and shows no secret anywhere', async () => {
    await eventually('an empty queue', () => readdirSync(join(gateway.dir, 'queue')).length === 0, 15_000);
    for (const { it: name } of faults) assert.equal(taken(name, `x@${name}.example`).length, 1, name);
    assert.ok(gateway.delivered().every(({ envelope: { from } }) => from !== ''));
    assert.ok(!gateway.events().some(({ sender }) => sender === ''));
    noSecretsAnywhere(gateway);
  });
});

void describe('a smart host that cannot be reached', () => {
  const unreachable = [
    { name: 'unknown-name', host: 'nowhere.invalid', port: 587, why: 'no address of a server was found' },
    {
      name: 'nobody-listens',
      host: '127.0.0.1',
      port: 1,
      why: '127.0.0.1: connect ECONNREFUSED 127.0.0.1:1',
    },
  ];
  before(async () => {
    const hosts = unreachable.map(({ why: _, name, ...at }) => ({
      ...{ name, ...at, tls: 'may', recipient_domains: [`${name}.example`] },
    }));
    gateway = await startTestGateway({ settings: { smart_hosts: hosts } });
  });
  after(() => gateway.stop());

  for (const { name, host, port, why } of unreachable) {
    void it(`is told of, in the log and by what became of the mail: ${name}`, async () => {
      await mail('bob@corp.example', `z@${name}.example`);
      const event = await eventWith(gateway, { outcome: 'deferred', smart_host: name });
      assert.equal(event.detail, `Tried all MXs; ${why}`);
      const line = `smart host ${name} (${host}:${port}): cannot be reached: ${why}; its mail waits in the queue`;
      assert.ok(gateway.log().includes(`[CRIT] [-] [gatekeeper/outbound] ${line}\n`), gateway.log());
    });
  }
});

for (const format of ['logfmt', 'json']) {
  void it(`the log in format ${format} shows no secret at level DATA`, async () => {
    await start(`as-${format}`);
    await start(`not-as-${format}`, { password: 'another' });
    const names = [`as-${format}`, `not-as-${format}`];
    gateway = await startTestGateway({
      first: [plugin('smart-names')],
      config: {
        // For other mail: certificates of ours for servers that ask, and no TLS with this address.
        'tls.ini': 'mutual_tls=true\n[outbound]\nno_tls_hosts[]=127.0.0.1\n',
        'log.ini': `[main]\nlevel=data\nformat=${format}\n`,
        'relay.password': password,
        'relay-ca.pem': authority.ca,
      },
      settings: {
        smart_hosts: names.map((name) =>
          entry(name, { sender_domains: ['corp.example'], recipient_domains: [`${name}.example`] }),
        ),
      },
    });
    try {
      for (const name of names) await mail('alice@corp.example', `z@${name}.example`);
      const [good = '', bad = ''] = names;
      await eventually('a delivery', () => taken(good, `z@${good}.example`).length === 1);
      await eventually('a refusal', () => gateway.log().includes(`smart host ${bad} `));
      assert.match(gateway.log(), /\[secret\]/);
      noSecretsAnywhere(gateway);
    } finally {
      await gateway.stop();
    }
  });
}
