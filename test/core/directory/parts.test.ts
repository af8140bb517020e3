import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { integer, octets, ProtocolError, Reader, tags, tlv } from '../../../plugins/core/directory/ber.ts';
import { Inbox } from '../../../plugins/core/directory/framing.ts';
import { createLdapDirectory } from '../../../plugins/core/directory/ldap.ts';
import { decodeMessage, encodeBind } from '../../../plugins/core/directory/messages.ts';
import { Servers } from '../../../plugins/core/directory/servers.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { answer, element } from '../../support/fake-ldap.ts';
import { settingsFor } from './contract.ts';

describe('BER', () => {
  for (const [value, is] of [
    [0, '020100'],
    [1, '020101'],
    [127, '02017f'],
    [128, '02020080'],
    [32_767, '02027fff'],
    [32_768, '0203008000'],
    [0x7fff_ffff, '02047fffffff'],
  ] as const) {
    it(`writes and reads the number ${value}`, () => {
      const bytes = Buffer.concat(integer(value));
      assert.equal(bytes.toString('hex'), is);
      assert.equal(new Reader(bytes).number(tags.integer), value);
    });
  }

  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 100_000]) {
    it(`writes and reads ${length} octets`, () => {
      const bytes = Buffer.concat(tlv(tags.sequence, octets(Buffer.alloc(length, 7))));
      const inside = new Reader(bytes).inside(tags.sequence, (inner) => inner.content(tags.octets));
      assert.deepEqual(inside, Buffer.alloc(length, 7));
    });
  }

  it('reads any bytes to a message or a ProtocolError, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const framed = element(
          0x30,
          Buffer.from([2, 1, 1]),
          element(bytes[0] ?? 0x61, Buffer.from(bytes.subarray(1))),
        );
        try {
          decodeMessage(framed);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('reads a message to its last octet', () => {
    const whole = answer.bind(1, 0);
    assert.equal(decodeMessage(whole).id, 1);
    assert.throws(() => decodeMessage(Buffer.concat([whole, Buffer.from([0])])), ProtocolError);
    assert.throws(() => decodeMessage(whole.subarray(0, -1)), ProtocolError);
  });

  it('cuts a stream into the same messages wherever it was cut before', () => {
    const messages = fc.array(
      fc.uint8Array({ maxLength: 300 }).map((body) => element(0x30, Buffer.from(body))),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 400 }), (sent, size) => {
        const stream = Buffer.concat(sent);
        const inbox = new Inbox();
        const received: Buffer[] = [];
        for (let at = 0; at < stream.length; at += size) {
          inbox.push(stream.subarray(at, at + size));
          for (let next = inbox.next(1000); next !== undefined; next = inbox.next(1000)) received.push(next);
        }
        assert.deepEqual(received, sent);
        assert.ok(inbox.empty);
      }),
    );
  });

  it('copies a password once, into a buffer that can be overwritten', () => {
    const bytes = encodeBind(3, 'cn=x', Secret.fromText('pässword'));
    assert.equal(
      bytes.toString('hex'),
      `303802010360140201030404636e3d788009${Buffer.from('pässword').toString('hex')}a01d301b0419${Buffer.from('1.3.6.1.4.1.42.2.27.8.5.1').toString('hex')}`,
    );
  });
});

describe('the order of servers', () => {
  const endpoints = ['ldaps://a', 'ldaps://b'].map((url) => ({
    url,
    host: url.slice(8),
    port: 636,
    security: 'tls' as const,
  }));

  it('doubles the pause from 0.2 s to 30 s, with jitter of up to half', () => {
    for (const [random, pauses] of [
      [0, [200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000]],
      [1, [400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]],
    ] as const) {
      let now = 0;
      const servers = new Servers(endpoints, { now: () => now, random: () => random });
      const measured = pauses.map((pause) => {
        const first = servers.choose();
        assert.equal(first.url, 'ldaps://a');
        servers.failed(first);
        now += pause - 1;
        assert.equal(servers.choose().url, 'ldaps://b');
        now += 1;
        return pause;
      });
      assert.deepEqual(measured, pauses);
    }
  });

  it('lets one login try a server again, and the others when it has succeeded', () => {
    let now = 0;
    const servers = new Servers(endpoints, { now: () => now, random: () => 0 });
    const first = servers.choose();
    servers.failed(first);
    now = 200;
    assert.deepEqual(
      [1, 2, 3].map(() => servers.choose().url),
      ['ldaps://a', 'ldaps://b', 'ldaps://b'],
    );
    servers.succeeded(first);
    assert.equal(servers.choose().url, 'ldaps://a');
  });

  it('takes each in its turn, but not one that has failed', () => {
    let now = 0;
    const servers = new Servers(
      [...endpoints, { url: 'ldaps://c', host: 'c', port: 636, security: 'tls' }],
      { now: () => now, random: () => 0 },
      'round-robin',
    );
    const next = (times: number) => Array.from({ length: times }, () => servers.choose().host);
    assert.deepEqual(next(9), ['a', 'b', 'c', 'b', 'c', 'a', 'c', 'a', 'b']);
    const first = servers.choose();
    assert.notEqual(servers.choose(first), first);
    servers.failed(first);
    assert.ok(!next(6).includes(first.host));
    now = 200;
    assert.ok(next(3).includes(first.host), 'one login finds out whether it is back');
    assert.ok(!next(6).includes(first.host));
    servers.succeeded(first);
    assert.deepEqual([...new Set(next(6))].sort(), ['a', 'b', 'c']);
  });

  it('counts what fails together as one failure', () => {
    let now = 0;
    const servers = new Servers(endpoints, { now: () => now, random: () => 0 });
    const first = servers.choose();
    assert.deepEqual(
      [1, 2, 3].map(() => servers.failed(first)),
      [true, false, false],
    );
    now = 200;
    assert.equal(servers.choose(), first);
  });

  it('tries all of them in turn while all are down, however long each has been', () => {
    let now = 0;
    const three = [...endpoints, { url: 'ldaps://c', host: 'c', port: 636, security: 'tls' as const }];
    const servers = new Servers(three, { now: () => now, random: () => 1 });
    const [a, b, c] = [1, 2, 3].map(() => {
      const server = servers.choose();
      servers.failed(server);
      return server;
    });
    assert.ok(a && b && c);
    // The last one has failed for long, and has a long pause before it.
    for (let n = 0; n < 10; n += 1) {
      now += 30_001;
      servers.failed(c);
    }
    now += 1000;
    for (const server of [a, b]) servers.failed(server);
    const next = (times: number) => Array.from({ length: times }, () => servers.choose().host);
    assert.deepEqual([...new Set(next(3))].sort(), ['a', 'b', 'c']);
  });

  it('has a server to try even when all are down', () => {
    const servers = new Servers(endpoints, { now: () => 0, random: () => 0 });
    for (let n = 0; n < 4; n += 1) servers.failed(servers.choose());
    const [last] = [servers.choose()];
    assert.notEqual(servers.choose(last), last);
  });
});

describe('settings of the directory', () => {
  const clear = /in clear/;
  const url = /expected ldaps:\/\/HOST/;
  for (const { urls, more, problem } of [
    {
      urls: [
        'ldap://127.0.0.1',
        'ldap://127.8.9.10:1389',
        'ldap://[::1]',
        'ldap://localhost:389',
        'ldap://LOCALHOST',
      ],
    },
    { urls: ['ldap://[0:0:0:0:0:0:0:1]:389'] },
    { urls: ['ldaps://ldap.corp.example', 'ldaps://[2001:db8::1]:1636'] },
    { urls: ['ldap://ldap.corp.example'], problem: clear },
    { urls: ['ldap://127.0.0.1.corp.example'], problem: clear },
    { urls: ['ldap://localhost.corp.example'], problem: clear },
    { urls: ['ldap://10.0.0.1'], problem: clear },
    { urls: ['ldap://128.0.0.1'], problem: clear },
    { urls: ['ldap://[::ffff:10.0.0.1]'], problem: clear },
    { urls: ['ldap://[2001:db8::1]'], problem: clear },
    { urls: ['ldap://ldap.corp.example'], more: { allow_clear_text: ['LDAP.corp.example'] } },
    { urls: ['ldap://[2001:db8::1]'], more: { allow_clear_text: ['2001:db8::1'] } },
    { urls: ['ldap://ldap.corp.example'], more: { start_tls: true } },
    { urls: ['ldap://other.corp.example'], more: { allow_clear_text: ['corp.example'] }, problem: clear },
    { urls: ['ldaps://a.example:0'], problem: url },
    { urls: ['ldaps://a.example:65536'], problem: url },
    { urls: ['ldaps://a:b:636'], problem: url },
    { urls: ['ldaps://[a.example]'], problem: url },
    { urls: ['ldaps://a.example'], more: { filter: '(mail={login}' }, problem: /filter, column 14/ },
    { urls: ['ldaps://a.example'], more: { filter: '(mail=*)' }, problem: /no \{login\}/ },
    {
      urls: ['ldaps://a.example'],
      more: { address_attributes: ['mail', 'e mail'] },
      problem: /expected the name of an attribute/,
    },
    {
      urls: ['ldaps://a.example'],
      more: { address_attributes: ['*'] },
      problem: /expected the name of an attribute/,
    },
    { urls: ['ldaps://a.example'], more: { status_attribute: '' } },
  ]) {
    it(`${urls.join(' ')} ${JSON.stringify(more ?? {})}: ${problem?.source ?? 'accepted'}`, () => {
      const create = (): unknown =>
        createLdapDirectory(settingsFor(urls, more), { bindPassword: Secret.fromText('x') });
      if (problem === undefined) assert.doesNotThrow(create);
      else assert.throws(create, problem);
    });
  }

  it('need a password for the service account: without one it would search as nobody', () => {
    const create = (): unknown =>
      createLdapDirectory(settingsFor(['ldaps://a']), { bindPassword: Secret.fromText('') });
    assert.throws(create, /no password/);
  });

  it('need certificates in the file of authorities: an empty one would mean those of Node.js', () => {
    const secrets = { bindPassword: Secret.fromText('x'), ca: '' };
    assert.throws(() => createLdapDirectory(settingsFor(['ldaps://a']), secrets), /no certificate/);
  });
});
