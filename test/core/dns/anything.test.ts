import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Answer, RecordType } from '../../../plugins/core/dns/dns.ts';
import { answerTo, record, soa, text, types, wireName, type FakeQuery } from '../../support/fake-dns.ts';
import { causeOf, client, fake, zone } from './fixtures.ts';

const kinds = ['records', 'no-data', 'nxdomain', 'servfail', 'timeout'];
const recordTypes = [
  'A',
  'AAAA',
  'CNAME',
  'MX',
  'PTR',
  'TLSA',
  'TXT',
] as const satisfies readonly RecordType[];

const nothingKept = { minTtl: 0, maxTtl: 0, maxNegativeTtl: 0, failureTtl: 0 };

function assertSound(answer: Answer<RecordType>): void {
  assert.ok(kinds.includes(answer.kind));
  if (answer.kind === 'servfail') assert.notEqual(causeOf(answer), '');
  if (answer.kind === 'records') assert.ok(answer.records.length > 0);
}

describe('dns: anything for an answer', () => {
  const octets = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all));
  const type = fc.constantFrom(...(Object.keys(types) as (keyof typeof types)[]));
  const owner = fc.oneof(fc.constant(Buffer.from([0xc0, 12])), octets);
  const anyRecord = fc.tuple(type, octets, owner).map(([one, data, of]) => record(one, data, { owner: of }));
  const records = fc.array(anyRecord, { maxLength: 4 });

  /** Asks a server for `a.example` that answers with what the property makes. */
  async function sound<T>(
    arbitrary: fc.Arbitrary<T>,
    make: (query: FakeQuery, made: T) => Buffer,
  ): Promise<void> {
    let answer = (query: FakeQuery): Buffer => answerTo(query);
    const server = await fake((query) => answer(query));
    const dns = client([server.address], { timeout: 4, attempts: 1, cache: nothingKept });
    const property = fc.asyncProperty(arbitrary, fc.constantFrom(...recordTypes), async (made, asked) => {
      answer = (query) => make(query, made);
      assertSound(await dns.resolve('a.example', asked));
    });
    await fc.assert(property, { numRuns: 200 });
  }

  it('octets', () => sound(octets, (_query, made) => made));

  it('octets behind our question', () => {
    return sound(fc.tuple(fc.nat(255), fc.nat(255), octets), (query, [flags, count, made]) => {
      const message = Buffer.concat([answerTo(query), made]);
      message[3] = flags;
      message[7] = count;
      return message;
    });
  });

  it('records of anything', () => {
    return sound(
      fc.tuple(records, records, records, fc.nat(15)),
      (query, [answers, authority, additional, rcode]) =>
        answerTo(query, { answers, authority, additional, rcode }),
    );
  });

  it('records of anything, over TCP', () => {
    return sound(records, (query, answers) =>
      answerTo(query, { answers, isTruncated: query.transport === 'udp' }),
    );
  });

  it('a true answer with one octet changed', () => {
    return sound(fc.tuple(fc.nat(), fc.nat(255)), (query, [at, octet]) => {
      const other = wireName('b.example');
      const answers = [record('CNAME', other), text('a', { owner: other })];
      const message = answerTo(query, { answers, authority: [soa(60)] });
      message[12 + (at % (message.length - 12))] = octet;
      return message;
    });
  });
});

describe('dns: any name', () => {
  const octet = fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 0x20, 0x41, 0x5a, 0x7f, 0x80, 0xc0, 0xff));
  const label = (most: number): fc.Arbitrary<string> =>
    fc
      .array(
        octet.filter((one) => one !== 0x2e),
        { minLength: 1, maxLength: most },
      )
      .map((octets) => String.fromCharCode(...octets));

  it('that can exist is asked for, octet for octet', async () => {
    const { dns, server } = await zone({}, { timeout: 5000 });
    const names = fc.array(label(63), { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'));
    const property = fc.asyncProperty(names, fc.constantFrom(...recordTypes), async (name, type) => {
      if (name.length > 253) return;
      server.queries.length = 0;
      assert.deepEqual(await dns.resolve(name, type), { kind: 'nxdomain' });
      const [query] = server.queries;
      if (query !== undefined) assert.deepEqual(query, { name, type, transport: 'udp' });
      else assert.equal((await dns.resolve(name, type)).kind, 'nxdomain', 'it was in the cache');
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it('at all is answered', async () => {
    const { dns } = await zone({}, { timeout: 5000 });
    const names = fc.oneof(
      fc.string({ maxLength: 300, unit: 'binary' }),
      fc.array(label(70), { maxLength: 30 }).map((labels) => labels.join('.')),
      fc.array(fc.constantFrom('.', 'a', 'Z', '\xff', '\u0100'), { maxLength: 9 }).map((all) => all.join('')),
    );
    const property = fc.asyncProperty(names, async (name) => {
      const answer = await dns.resolve(name, 'A');
      const isText = /[^\x00-\xff]/.test(name);
      assert.equal(answer.kind, isText ? 'servfail' : name === '' ? 'nxdomain' : answer.kind);
      assert.ok(isText || ['nxdomain', 'no-data'].includes(answer.kind));
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
