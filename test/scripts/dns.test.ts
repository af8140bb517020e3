import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { startDns, type DnsOptions, type DnsServer } from '../../scripts/demo/dns.ts';
import type { Zone } from '../../scripts/demo/dns-zone.ts';

const started: DnsServer[] = [];
after(() => Promise.all(started.map((server) => server.stop())));

/** A server, and Node's own resolver for it. */
async function serve(zone: Zone, options: Partial<DnsOptions> = {}) {
  const server = await startDns({ port: 0, zone, ...options });
  started.push(server);
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  return { server, resolver };
}

describe('the DNS server of the demo', () => {
  const long = 'x'.repeat(300);
  const zone: Zone = {
    'Example.com.': [
      { A: '192.0.2.1' },
      { A: '192.0.2.2' },
      { AAAA: 'CAFE:BABE::4' },
      { MX: [10, 'mx.example.com'] },
      { TXT: ['v=spf1 ', '-all'] },
      { TXT: long },
      { SPF: 'v=spf1 ?all' },
    ],
    'v4.example.com': [{ AAAA: '::ffff:192.0.2.1' }],
    'alias.example.com': [{ CNAME: 'EXAMPLE.com.' }],
    'loop.example.com': [{ CNAME: 'loop.example.com' }],
    'dangling.example.com': [{ CNAME: 'nowhere.example' }],
    '1.2.0.192.in-addr.arpa': [{ PTR: 'Mail.Example.com.' }],
    'dead.example.com': ['TIMEOUT', { A: '192.0.2.9' }],
    'half.example.com': [{ TIMEOUT: 'TXT' }, { SERVFAIL: 'MX' }, { TXT: 'never seen' }, { A: '192.0.2.3' }],
    'ill.example.com': ['SERVFAIL'],
    'a.empty.example.com': [{ A: '192.0.2.4' }],
    'big.example.com': [...Array(20).keys()].map((n) => ({ TXT: `${n}${'y'.repeat(200)}` })),
  };

  it('answers with what the zone holds', async () => {
    const { resolver } = await serve(zone, { ttl: 77 });
    assert.deepEqual(await resolver.resolve4('eXample.com', { ttl: true }), [
      { address: '192.0.2.1', ttl: 77 },
      { address: '192.0.2.2', ttl: 77 },
    ]);
    assert.deepEqual(await resolver.resolve6('example.com'), ['cafe:babe::4']);
    assert.deepEqual(await resolver.resolve6('v4.example.com'), ['::ffff:192.0.2.1']);
    assert.deepEqual(await resolver.resolveMx('example.com'), [{ priority: 10, exchange: 'mx.example.com' }]);
    const texts = [
      ['v=spf1 ', '-all'],
      [long.slice(0, 255), long.slice(255)],
    ];
    assert.deepEqual(await resolver.resolveTxt('example.com'), texts);
    assert.deepEqual(await resolver.resolvePtr('1.2.0.192.in-addr.arpa'), ['Mail.Example.com']);
    assert.deepEqual(await resolver.resolve4('alias.example.com'), ['192.0.2.1', '192.0.2.2']);
  });

  const troubles = [
    { it: 'a name that is not there', name: 'none.example.com', code: 'ENOTFOUND' },
    { it: 'a name without the type', name: 'v4.example.com', code: 'ENODATA' },
    { it: 'a name with names below it (RFC 8020 §2)', name: 'empty.example.com', code: 'ENODATA' },
    { it: 'an alias to nothing (RFC 6604 §3)', name: 'dangling.example.com', code: 'ENOTFOUND' },
    { it: 'a name that times out', name: 'dead.example.com', code: 'ETIMEOUT' },
    { it: 'a type that times out', name: 'half.example.com', code: 'ETIMEOUT' },
    { it: 'a name that fails', name: 'ill.example.com', code: 'ESERVFAIL' },
  ] as const;
  for (const { it: what, name, code } of troubles) {
    it(`has ${code} for ${what}`, async () => {
      const { resolver } = await serve(zone);
      await assert.rejects(resolver.resolveTxt(name), { code });
    });
  }

  it('ends an alias to itself', async () => {
    const { resolver } = await serve(zone);
    assert.deepEqual(await resolver.resolve4('loop.example.com'), []);
  });

  it('has records beside trouble', async () => {
    const { resolver } = await serve(zone);
    assert.deepEqual(await resolver.resolve4('dead.example.com'), ['192.0.2.9']);
    assert.deepEqual(await resolver.resolve4('half.example.com'), ['192.0.2.3']);
    await assert.rejects(resolver.resolveMx('half.example.com'), { code: 'ESERVFAIL' });
  });

  it('may answer SERVFAIL where it would be silent', async () => {
    const { resolver } = await serve(zone, { failsForTimeout: true });
    await assert.rejects(resolver.resolveTxt('dead.example.com'), { code: 'ESERVFAIL' });
  });

  it('sends what is too long over TCP, and keeps the questions', async () => {
    const { resolver, server } = await serve(zone);
    assert.equal((await resolver.resolveTxt('big.example.com')).length, 20);
    assert.deepEqual(server.queries, [
      { name: 'big.example.com', type: 'TXT', transport: 'udp' },
      { name: 'big.example.com', type: 'TXT', transport: 'tcp' },
    ]);
  });

  it('may send everything over TCP', async () => {
    const { resolver, server } = await serve(zone, { truncates: true });
    await resolver.resolve4('example.com');
    assert.deepEqual(
      server.queries.map(({ transport }) => transport),
      ['udp', 'tcp'],
    );
  });

  it('may leave an alias to the client', async () => {
    const { resolver, server } = await serve(zone, { leavesAliases: true });
    assert.deepEqual(await resolver.resolveCname('alias.example.com'), ['EXAMPLE.com']);
    assert.deepEqual(await resolver.resolve4('alias.example.com'), []);
    assert.equal(server.queries.length, 2);
  });

  it('has SPF records, for who asks for them', async () => {
    const { server } = await serve(zone);
    const socket = createSocket('udp4');
    const query = Buffer.from(
      '00070100000100000000000007657861 6d706c6503636f6d000063 0001'.replaceAll(' ', ''),
      'hex',
    );
    socket.send(query, server.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    assert.ok(answer.includes('v=spf1 ?all'));
    assert.deepEqual(server.queries, [{ name: 'example.com', type: 'SPF', transport: 'udp' }]);
  });

  it('finds any octet, and none for another', async () => {
    const { server } = await serve({ 'a+b \xe4\xff\0.example': [{ TXT: '\x80' }] });
    const socket = connect(server.port, '127.0.0.1');
    const query = Buffer.from(
      '0007010000010000000000000761 2b6220e4ff00076578616d706c6500 00100001'.replaceAll(' ', ''),
      'hex',
    );
    socket.write(Buffer.concat([Buffer.from([0, query.length]), query]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    assert.equal(answer.readUInt16BE(2 + 6), 1);
    assert.deepEqual(answer.subarray(-2), Buffer.from([1, 0x80]));
  });

  it('refuses to start with what cannot be written', async () => {
    const label = 'x'.repeat(64);
    await assert.rejects(startDns({ port: 0, zone: { a: [{ MX: [1, label] }] } }), /a label of 64 octets/);
    await assert.rejects(startDns({ port: 0, zone: { a: [{ TXT: ['x'.repeat(256)] }] } }), /of 256 octets/);
  });
});
