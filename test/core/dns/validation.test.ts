import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, RecordType } from '../../../plugins/core/dns/dns.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { answerTo, record, soa, text, wireName, type Parts } from '../../support/fake-dns.ts';
import { concluded } from './concluded.ts';
import { client, fake, zone } from './fixtures.ts';

const tlsa = { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32, 7) };
const data: Zone = {
  'signed.example': [{ TXT: 'a' }, { TLSA: tlsa }],
  'unsigned.test': [{ TXT: 'a' }],
  'leads.example': [{ CNAME: 'Signed.example' }],
  'leaves.example': [{ CNAME: 'unsigned.test' }],
  'enters.test': [{ CNAME: 'signed.example' }],
  'nowhere.example': [{ CNAME: 'gone.example' }],
  'ill.example': ['SERVFAIL'],
};
const isSigned = (name: string): boolean => name.endsWith('.example');
const validates = { validates: true } as const;

/** What it says besides its records. */
function claimed(answer: Answer<RecordType>): unknown {
  if (answer.kind === 'servfail' || answer.kind === 'timeout') return answer.kind;
  const { kind, isAuthentic, canonicalName } = answer;
  return { kind, isAuthentic, canonicalName };
}

const cases: readonly {
  it: string;
  name: string;
  type?: RecordType;
  is: unknown;
}[] = [
  {
    it: 'records of a signed zone',
    name: 'Signed.example',
    is: { kind: 'records', isAuthentic: true, canonicalName: 'signed.example' },
  },
  {
    it: 'that there is no record',
    name: 'signed.example',
    type: 'MX',
    is: { kind: 'no-data', isAuthentic: true, canonicalName: 'signed.example' },
  },
  {
    it: 'that there is no name',
    name: 'gone.example',
    is: { kind: 'nxdomain', isAuthentic: true, canonicalName: 'gone.example' },
  },
  {
    it: 'that nothing is known of records of another zone',
    name: 'unsigned.test',
    is: { kind: 'records', isAuthentic: false, canonicalName: 'unsigned.test' },
  },
  {
    it: 'that nothing is known of a name that there is not',
    name: 'gone.test',
    is: { kind: 'nxdomain', isAuthentic: false, canonicalName: 'gone.test' },
  },
  {
    it: 'an alias with what it leads to',
    name: 'leads.example',
    is: { kind: 'records', isAuthentic: true, canonicalName: 'signed.example' },
  },
  {
    it: 'an alias that leads to nothing',
    name: 'nowhere.example',
    is: { kind: 'nxdomain', isAuthentic: true, canonicalName: 'gone.example' },
  },
  {
    it: 'nothing of a signed alias that leads out',
    name: 'leaves.example',
    is: { kind: 'records', isAuthentic: false, canonicalName: 'unsigned.test' },
  },
  {
    it: 'nothing of an alias that leads in',
    name: 'enters.test',
    is: { kind: 'records', isAuthentic: false, canonicalName: 'signed.example' },
  },
  {
    it: 'a signed alias alone',
    name: 'leaves.example',
    type: 'CNAME',
    is: { kind: 'records', isAuthentic: true, canonicalName: 'leaves.example' },
  },
  { it: 'nothing of trouble', name: 'ill.example', is: 'servfail' },
];

void describe('dns: a client whose servers validate tells', () => {
  const ways = [
    { way: 'in one answer', options: {} },
    { way: 'over TCP', options: { truncates: true } },
    { way: 'in several answers', options: { leavesAliases: true } },
  ];
  for (const { way, options } of ways) {
    for (const { it: what, name, type = 'TXT', is } of cases) {
      void it(`${what}, ${way}`, async () => {
        const { dns } = await zone(data, validates, { isSigned, ...options });
        assert.deepEqual(claimed(await dns.resolve(name, type)), is);
      });
    }
  }

  void it('the same from its cache', async () => {
    const { dns, server } = await zone(data, validates, { isSigned });
    const answers = [await dns.resolve('leads.example', 'TXT'), await dns.resolve('LEADS.example', 'TXT')];
    for (const answer of answers) assert.equal('isAuthentic' in answer && answer.isAuthentic, true);
    assert.equal(server.queries.length, 1);
  });

  void it('nothing of a name that cannot be, for which nobody is asked', async () => {
    const { dns } = await zone(data, validates, { isSigned: () => true });
    assert.deepEqual(await dns.resolve('a..example', 'A'), { kind: 'nxdomain' });
  });
});

void describe('dns: whether an answer is authenticated', () => {
  const authentic: Parts = { isAuthentic: true, answers: [text('a')] };

  void it('is asked for by the AD bit, without signatures (RFC 6840 §5.7)', async () => {
    const server = await fake((query) => answerTo(query, authentic));
    await client([server.address], validates).resolve('a.b', 'MX');
    const expected = '0120 0001 0000 0000 0001 0161 0162 00 000f 0001 00 0029 04d0 00000000 0000';
    assert.equal(server.queries[0]?.message.toString('hex', 2), expected.replaceAll(' ', ''));
  });

  void it('is asked for without EDNS, too', async () => {
    const server = await fake((query) => answerTo(query, query.isEdns ? { rcode: 1 } : authentic));
    const answer = await client([server.address], validates).resolve('a.b', 'TXT');
    assert.deepEqual(claimed(answer), { kind: 'records', isAuthentic: true, canonicalName: 'a.b' });
    assert.deepEqual(
      server.queries.map(({ message }) => message[3]),
      [0x20, 0x20],
    );
  });

  for (const options of [{}, { validates: false }]) {
    void it(`is never believed of servers that need not validate: ${JSON.stringify(options)}`, async () => {
      for (const parts of [
        authentic,
        { ...authentic, answers: [], authority: [soa(9)] },
        { isAuthentic: true, rcode: 3 },
      ]) {
        const server = await fake((query) => answerTo(query, parts));
        const answer = await client([server.address], options).resolve('a.b', 'TXT');
        assert.ok(!('isAuthentic' in answer), JSON.stringify(answer));
        assert.equal(server.queries[0]?.message[3], 0, 'nor asked for');
      }
    });
  }
});

void describe('dns: a TLSA record (RFC 6698 §2.1)', () => {
  void it('has three numbers, and octets', async () => {
    const { dns } = await zone(data, validates, { isSigned });
    const answer = await dns.resolve('signed.example', 'TLSA');
    assert.deepEqual(answer.kind === 'records' && answer.records, [tlsa]);
  });

  const cases = [
    {
      it: 'of unknown numbers',
      rdata: 'ff80fe0102',
      is: { usage: 255, selector: 128, matchingType: 254, data: '0102' },
    },
    { it: 'without data', rdata: '030101', is: { usage: 3, selector: 1, matchingType: 1, data: '' } },
    {
      it: 'of the longest data',
      rdata: '030000'.padEnd(2 * 60_000, 'ab'),
      is: { usage: 3, selector: 0, matchingType: 0, data: ''.padEnd(2 * 59_997, 'ab') },
    },
  ];
  for (const { it: what, rdata, is } of cases) {
    void it(`${what} is taken as it is`, () => {
      const said = concluded('TLSA', { answers: [record('TLSA', Buffer.from(rdata, 'hex'))] });
      const records = [{ ...is, data: Buffer.from(is.data, 'hex') }];
      assert.deepEqual(said, { kind: 'records', records, ttl: 60 });
    });
  }

  for (const length of [0, 1, 2]) {
    void it(`of ${length} octets spoils the answer`, () => {
      const answers = [
        record('TLSA', Buffer.from('0301', 'hex').subarray(0, length)),
        record('TLSA', Buffer.alloc(35)),
      ];
      assert.deepEqual(concluded('TLSA', { answers }), {
        kind: 'failure',
        because: 'sent a TLSA record that is cut short',
      });
    });
  }

  void it('does not keep the message that it came in', () => {
    const said = concluded('TLSA', { answers: [record('TLSA', Buffer.alloc(9000))] });
    const [only] = said.kind === 'records' ? said.records : [];
    const kept = typeof only === 'object' && 'data' in only ? only.data : assert.fail();
    assert.equal(kept.length, 8997);
    assert.ok(kept.buffer.byteLength <= 9000);
  });

  void it('is found behind an alias, which ends where it has one', () => {
    const answers = [
      record('CNAME', wireName('b.example')),
      record('TLSA', Buffer.alloc(35), { owner: wireName('b.example') }),
    ];
    assert.equal(concluded('TLSA', { answers }).kind, 'records');
    assert.deepEqual(concluded('CNAME', { answers }), { kind: 'records', records: ['b.example'], ttl: 60 });
  });
});
