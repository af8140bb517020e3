import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCache, type CacheOptions } from '../../../plugins/core/dns/cache.ts';
import type { Answer, RecordType } from '../../../plugins/core/dns/dns.ts';
import { answerTo, soa, text, type Parts } from '../../support/fake-dns.ts';
import { client, fake, zone } from './fixtures.ts';

const options: CacheOptions = {
  entries: 100,
  octets: 100_000,
  minTtl: 5,
  maxTtl: 3600,
  maxNegativeTtl: 10_800,
  failureTtl: 2,
};

const records = (...texts: string[]): Answer<RecordType> => ({ kind: 'records', records: texts });

describe('dns: how long the cache keeps', () => {
  const nothing: Answer<RecordType> = { kind: 'nxdomain' };
  const cases: readonly {
    it: string;
    answer: Answer<RecordType>;
    ttl: number | undefined;
    seconds: number;
  }[] = [
    { it: 'records as long as their TTL', answer: records('a'), ttl: 60, seconds: 60 },
    { it: 'records of TTL 0 a little', answer: records('a'), ttl: 0, seconds: 5 },
    { it: 'records of a long TTL an hour', answer: records('a'), ttl: 86_400, seconds: 3600 },
    { it: 'nothing as long as its SOA says', answer: nothing, ttl: 60, seconds: 60 },
    { it: 'nothing a little', answer: nothing, ttl: 0, seconds: 5 },
    { it: 'nothing no longer than 3 hours (RFC 2308 §5)', answer: nothing, ttl: 86_400, seconds: 10_800 },
    { it: 'no-data alike', answer: { kind: 'no-data' }, ttl: 60, seconds: 60 },
    { it: 'nothing without an SOA not at all', answer: nothing, ttl: undefined, seconds: 0 },
    { it: 'trouble for a moment', answer: { kind: 'servfail', because: '' }, ttl: undefined, seconds: 2 },
    { it: 'silence for a moment', answer: { kind: 'timeout' }, ttl: undefined, seconds: 2 },
  ];
  for (const { it: what, answer, ttl, seconds } of cases) {
    it(what, async () => {
      let now = 1000;
      const cache = createCache(options, () => now);
      cache.store('key', answer, ttl);
      if (seconds > 0) assert.equal(await cache.get('key'), answer);
      now += seconds * 1000 - 1;
      assert.equal(await cache.get('key'), seconds > 0 ? answer : undefined);
      now += 1;
      assert.equal(cache.get('key'), undefined);
    });
  }
});

describe('dns: how much the cache keeps', () => {
  const now = (): number => 0;

  it('so many answers, those that were used last', () => {
    const cache = createCache({ ...options, entries: 3 }, now);
    for (const key of ['a', 'b', 'c']) cache.store(key, records('x'), 60);
    void cache.get('a');
    cache.store('d', records('x'), 60);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined),
      [true, false, true, true],
    );
  });

  it('so many octets', () => {
    const cache = createCache({ ...options, octets: 10_000 }, now);
    for (const key of ['a', 'b', 'c']) cache.store(key, records('x'.repeat(4000)), 60);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => cache.get(key) !== undefined),
      [false, true, true],
    );
  });

  it('not one that is larger than all together', () => {
    const cache = createCache({ ...options, octets: 10_000 }, now);
    cache.store('a', records('x'), 60);
    cache.store('b', records(...Array.from({ length: 200 }, () => 'x')), 60);
    assert.deepEqual(
      ['a', 'b'].map((key) => cache.get(key) !== undefined),
      [true, false],
    );
  });
});

describe('dns: the client with its cache', () => {
  it('asks once for a name, in whatever case, and gives the same answer', async () => {
    const { dns, server } = await zone({ 'a.example': [{ TXT: 'a' }] });
    const answer = await dns.resolve('a.example', 'TXT');
    assert.equal(await dns.resolve('A.Example.', 'TXT'), answer);
    assert.equal(server.queries.length, 1);
  });

  it('asks for each type, and each octet', async () => {
    const { dns, server } = await zone({});
    for (const name of ['\xe4', '\xc4']) await dns.resolve(name, 'TXT');
    for (const type of ['A', 'AAAA', 'MX', 'PTR'] as const) await dns.resolve('\xe4', type);
    assert.equal(server.queries.length, 6);
  });

  const found = { answers: [text('a', { ttl: 60 })] };
  const cases: readonly { it: string; parts: Parts; seconds: number }[] = [
    { it: 'records', parts: found, seconds: 60 },
    { it: 'that there is no name', parts: { rcode: 3, authority: [soa(30)] }, seconds: 30 },
    { it: 'that there is no record', parts: { authority: [soa(30)] }, seconds: 30 },
    { it: 'trouble', parts: { rcode: 2 }, seconds: 2 },
  ];
  for (const { it: what, parts, seconds } of cases) {
    it(`remembers ${what} for ${seconds} s`, async () => {
      let now = 0;
      const server = await fake((query) => answerTo(query, parts));
      const dns = client([server.address], { now: () => now });
      await dns.resolve('a.example', 'TXT');
      now = seconds * 1000 - 1;
      await dns.resolve('a.example', 'TXT');
      assert.equal(server.queries.length, 1);
      now += 1;
      await dns.resolve('a.example', 'TXT');
      assert.equal(server.queries.length, 2);
    });
  }

  it('does not remember nothing without an SOA', async () => {
    const server = await fake((query) => answerTo(query, { rcode: 3 }));
    const dns = client([server.address]);
    for (let n = 0; n < 2; n += 1) await dns.resolve('a.example', 'TXT');
    assert.equal(server.queries.length, 2);
  });
});
