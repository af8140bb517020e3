import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createDns } from '../../../plugins/core/dns/client.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { answerTo, record, text, wireName } from '../../support/fake-dns.ts';
import { causeOf, client, fake, zone } from './fixtures.ts';

const data: Zone = {
  'example.com': [
    { A: '192.0.2.1' },
    { AAAA: 'CAFE:BABE::4' },
    { MX: [10, 'Mx.example.com'] },
    { TXT: ['v=spf1 ', '-all'] },
  ],
  '1.2.0.192.in-addr.arpa': [{ PTR: 'Mail.example.com' }],
  "a+b= @%:~,'.\0\n\x80\xff.example.com": [{ TXT: '\0\n\x80\xff' }],
  'big.example.com': Array.from({ length: 20 }, (_, n) => ({ TXT: `${n}${'y'.repeat(200)}` })),
  'alias.example.com': [{ CNAME: 'Example.com' }],
  'dead.example.com': ['TIMEOUT'],
  'ill.example.com': ['SERVFAIL'],
};

describe('dns: the client', () => {
  it('gives what the zone holds', async () => {
    const { dns } = await zone(data);
    const records = async (...question: Parameters<typeof dns.resolve>): Promise<unknown> => {
      const answer = await dns.resolve(...question);
      return answer.kind === 'records' ? answer.records : answer.kind;
    };
    assert.deepEqual(await records('example.com', 'A'), ['192.0.2.1']);
    assert.deepEqual(await records('EXAMPLE.com.', 'AAAA'), ['cafe:babe::4']);
    assert.deepEqual(await records('example.com', 'MX'), [{ preference: 10, exchange: 'Mx.example.com' }]);
    assert.deepEqual(await records('example.com', 'TXT'), ['v=spf1 -all']);
    assert.deepEqual(await records('1.2.0.192.in-addr.arpa', 'PTR'), ['Mail.example.com']);
    assert.deepEqual(await records("a+b= @%:~,'.\0\n\x80\xff.example.com", 'TXT'), ['\0\n\x80\xff']);
    assert.deepEqual(await records('alias.example.com', 'TXT'), ['v=spf1 -all']);
    assert.deepEqual(await records('example.com', 'PTR'), 'no-data');
    assert.deepEqual(await records('com', 'A'), 'no-data');
    assert.deepEqual(await records('nowhere.example.com', 'A'), 'nxdomain');
    assert.deepEqual(await records('ill.example.com', 'A'), 'servfail');
    assert.deepEqual(await records('dead.example.com', 'A'), 'timeout');
  });

  const impossible = {
    'the empty name': '',
    'the root': '.',
    'an empty label': 'a..example.com',
    'an empty label in front': '.example.com',
    'two dots at the end': 'example.com..',
    'a label of 64 octets': `${'x'.repeat(64)}.example.com`,
    'a name of 254 octets': `${'x.'.repeat(126)}xx`,
  };
  for (const [what, name] of Object.entries(impossible)) {
    it(`does not ask for ${what}`, async () => {
      const { dns, server } = await zone(data);
      assert.deepEqual(await dns.resolve(name, 'A'), { kind: 'nxdomain' });
      assert.equal(server.queries.length, 0);
    });
  }

  it('does not ask for what is no octets', async () => {
    const { dns, server } = await zone(data);
    assert.match(causeOf(await dns.resolve('\u0431.example', 'A')), /no octet/);
    assert.equal(server.queries.length, 0);
  });

  it('takes long answers over TCP', async () => {
    const { dns, server } = await zone(data);
    const answer = await dns.resolve('big.example.com', 'TXT');
    assert.equal(answer.kind === 'records' && answer.records.length, 20);
    // The last two: whoever waits for its turn longer than an attempt may last asks again.
    const transports = server.queries.map(({ transport }) => transport);
    assert.deepEqual(transports.slice(-2), ['udp', 'tcp']);
  });

  it('takes everything over TCP if it must', async () => {
    const { dns } = await zone(data, {}, { truncates: true });
    assert.deepEqual(await dns.resolve('example.com', 'A'), { kind: 'records', records: ['192.0.2.1'] });
    assert.deepEqual(await dns.resolve('x.example.com', 'A'), { kind: 'nxdomain' });
    assert.deepEqual(await dns.resolve('dead.example.com', 'A'), { kind: 'timeout' });
  });

  it('asks with RD, and EDNS for 1232 octets (RFC 6891 §6.1.2)', async () => {
    const server = await fake((query) => answerTo(query));
    await client([server.address]).resolve('a.b', 'MX');
    const expected = '0100 0001 0000 0000 0001 0161 0162 00 000f 0001 00 0029 04d0 00000000 0000';
    assert.equal(server.queries[0]?.message.toString('hex', 2), expected.replaceAll(' ', ''));
  });

  for (const { rcode, parts } of [
    { rcode: 1, parts: {} },
    { rcode: 1, parts: { section: Buffer.alloc(0) } },
    { rcode: 4, parts: {} },
  ]) {
    const how = parts.section === undefined ? '' : ' and nothing more';
    it(`asks without EDNS who answers it with code ${rcode}${how} (RFC 6891 §7)`, async () => {
      const server = await fake((query) =>
        answerTo(query, query.isEdns ? { rcode, ...parts } : { answers: [text('plain')] }),
      );
      const answer = await client([server.address]).resolve('a.b', 'TXT');
      assert.deepEqual(answer, { kind: 'records', records: ['plain'] });
      assert.equal(server.queries.length, 2);
    });
  }

  it('believes a server that does not understand it either way', async () => {
    const server = await fake((query) => answerTo(query, { rcode: 1 }));
    assert.match(causeOf(await client([server.address]).resolve('a.b', 'TXT')), /answered FORMERR/);
    assert.equal(server.queries.length, 2);
  });

  it('takes ports and ids that nobody can guess (RFC 5452 §9.2)', async () => {
    const server = await fake((query) => answerTo(query));
    const dns = client([server.address]);
    for (let n = 0; n < 200; n += 1) await dns.resolve(`n${n}.example`, 'A');
    assert.ok(new Set(server.queries.map(({ port }) => port)).size >= 200 / 32);
    assert.ok(new Set(server.queries.map(({ id }) => id)).size >= 190);
  });

  it('does not keep a process alive, before it is closed', async () => {
    const { server, address } = await zone(data);
    const root = join(import.meta.dirname, '../../..');
    const script = `
      import { createDns } from './plugins/core/dns/client.ts';
      const dns = createDns({ servers: ['${address}'] });
      console.log((await dns.resolve('example.com', 'A')).kind);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 10_000 });
    assert.equal(stdout, 'records\n');
    assert.equal(server.queries.length, 1);
  });

  it('ends everything when it is closed', async () => {
    const { dns } = await zone(data, { timeout: 60_000 });
    const timers = countOf('Timeout');
    const waiting = [dns.resolve('dead.example.com', 'A'), dns.resolve('dead.example.com', 'MX')];
    await dns.resolve('example.com', 'A');
    dns.close();
    for (const answer of await Promise.all(waiting)) assert.match(causeOf(answer), /called off/);
    assert.match(causeOf(await dns.resolve('example.com', 'A')), /closed/);
    assert.equal(countOf('Timeout'), timers);
    dns.close();
  });

  it('refuses servers that have no address', () => {
    assert.throws(() => createDns({ servers: ['ns.example'] }), /ns\.example is none/);
    assert.throws(() => createDns({ servers: [] }), /none was given/);
  });

  it('takes those of the system otherwise', () => {
    createDns().close();
  });
});

describe('dns: aliases that lead out of the answer', () => {
  it('are asked for as well', async () => {
    const { dns, server } = await zone(data, {}, { leavesAliases: true });
    const answer = await dns.resolve('alias.example.com', 'TXT');
    assert.deepEqual(answer, { kind: 'records', records: ['v=spf1 -all'] });
    assert.deepEqual(
      server.queries.map(({ name }) => name),
      ['alias.example.com', 'example.com'],
    );
  });

  const ring = { 'a.example': [{ CNAME: 'b.example' }], 'b.example': [{ CNAME: 'A.example' }] };
  it('are not followed in a ring', async () => {
    const { dns, server } = await zone(ring, {}, { leavesAliases: true });
    assert.match(causeOf(await dns.resolve('a.example', 'A')), /leads back to itself/);
    assert.equal(server.queries.length, 2);
  });

  it('are not followed for ever', async () => {
    let n = 0;
    const server = await fake((query) =>
      answerTo(query, { answers: [record('CNAME', wireName(`n${(n += 1)}.example`))] }),
    );
    assert.match(causeOf(await client([server.address]).resolve('n.example', 'A')), /more than 8 aliases/);
    assert.equal(server.queries.length, 9);
  });

  it('are nothing where they lead to nothing', async () => {
    const lost = { 'a.example': [{ CNAME: 'nowhere.test' }], 'b.example': [{ CNAME: 'a.example' }] };
    const { dns } = await zone(lost, {}, { leavesAliases: true });
    assert.deepEqual(await dns.resolve('b.example', 'A'), { kind: 'nxdomain' });
  });

  it('have one deadline together', async () => {
    const server = await fake((query) => {
      const answers = query.section.includes('first')
        ? [record('CNAME', wireName('second'))]
        : [text('late')];
      setTimeout(() => query.send(answerTo(query, { answers })), 70);
      return undefined;
    });
    const dns = client([server.address], { timeout: 100, attempts: 1 });
    assert.deepEqual(await dns.resolve('first', 'TXT'), { kind: 'timeout' });
  });
});

function countOf(resource: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === resource).length;
}
