import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findTlsa, type DaneLookup } from '../../../plugins/core/dane/find.ts';
import type { Tlsa } from '../../../plugins/core/dane/tlsa.ts';
import type { DnsOptions } from '../../../scripts/demo/dns.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { answerTo, record } from '../../support/fake-dns.ts';
import { client, fake, zone } from '../dns/fixtures.ts';

const tlsa: Tlsa = { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32, 7) };
const other: Tlsa = { ...tlsa, data: Buffer.alloc(32, 8) };
const unusable: Tlsa = { ...tlsa, usage: 1 };
const address = { A: '192.0.2.1' };

/** Below `example` all zones are signed, below `test` none is. */
const isSigned = (name: string): boolean => name.endsWith('.example');

interface Case {
  readonly it: string;
  readonly zone: Zone;
  readonly host?: string;
  readonly server?: Partial<DnsOptions>;
  readonly isSecureMx?: boolean;
  readonly is: 'none' | RegExp | { readonly host: string; readonly records: readonly Tlsa[] };
  /** All of the questions, in the order of their names. */
  readonly asked?: readonly string[];
}

const found = { host: 'mx.example', records: [tlsa] };
const mx: Zone = { 'mx.example': [address], '_25._tcp.mx.example': [{ TLSA: tlsa }] };

const cases: readonly Case[] = [
  {
    it: 'records of a signed host',
    zone: mx,
    is: found,
    asked: ['A mx.example', 'AAAA mx.example', 'TLSA _25._tcp.mx.example'],
  },
  { it: 'of a host in any case, with a dot', zone: mx, host: 'MX.Example.', is: found },
  { it: 'of a host with IPv6 only', zone: { ...mx, 'mx.example': [{ AAAA: '2001:db8::1' }] }, is: found },
  {
    it: 'all of them',
    zone: { ...mx, '_25._tcp.mx.example': [{ TLSA: tlsa }, { TLSA: unusable }, { TLSA: other }] },
    is: { host: 'mx.example', records: [tlsa, unusable, other] },
  },
  {
    it: 'unusable ones, which make TLS mandatory (§2.2)',
    zone: { ...mx, '_25._tcp.mx.example': [{ TLSA: unusable }] },
    is: { host: 'mx.example', records: [unusable] },
  },
  {
    it: 'behind an alias of the TLSA name',
    zone: {
      ...mx,
      '_25._tcp.mx.example': [{ CNAME: 'all.corp.example' }],
      'all.corp.example': [{ TLSA: tlsa }],
    },
    is: found,
  },
  {
    it: 'also where the MX is not authenticated (§2.2.1 allows it)',
    zone: mx,
    isSecureMx: false,
    is: found,
  },
  {
    it: 'none of another port',
    zone: { 'mx.example': [address], '_465._tcp.mx.example': [{ TLSA: tlsa }] },
    is: 'none',
  },
  { it: 'none, which is authenticated', zone: { 'mx.example': [address] }, is: 'none' },
  {
    it: 'none behind an alias that leads out of signed zones',
    zone: { ...mx, '_25._tcp.mx.example': [{ CNAME: 'all.test' }], 'all.test': [{ TLSA: tlsa }] },
    is: 'none',
  },
  {
    it: 'none of an unsigned host, and does not ask (§2.2.2)',
    zone: { 'mx.test': [address], '_25._tcp.mx.test': [{ TLSA: tlsa }] },
    host: 'mx.test',
    is: 'none',
    asked: ['A mx.test', 'AAAA mx.test'],
  },
  {
    it: 'none of an unsigned host whose TLSA name would fail',
    zone: { 'mx.test': [address], '_25._tcp.mx.test': ['SERVFAIL'] },
    host: 'mx.test',
    is: 'none',
  },
  { it: 'none of an address', zone: {}, host: '192.0.2.1', is: 'none', asked: [] },
  { it: 'none of an address', zone: {}, host: '2001:db8::1', is: 'none', asked: [] },
  // Names that are aliases (§2.2.2).
  {
    it: 'those of the expanded name first',
    zone: {
      'mx.example': [{ CNAME: 'Host.example' }],
      'host.example': [address],
      '_25._tcp.host.example': [{ TLSA: tlsa }],
      '_25._tcp.mx.example': [{ TLSA: other }],
    },
    is: { host: 'host.example', records: [tlsa] },
    asked: ['A mx.example', 'AAAA mx.example', 'TLSA _25._tcp.host.example'],
  },
  {
    it: 'those of the original name, where the expanded one has none',
    zone: {
      'mx.example': [{ CNAME: 'host.example' }],
      'host.example': [address],
      '_25._tcp.mx.example': [{ TLSA: tlsa }],
    },
    is: found,
    asked: ['A mx.example', 'AAAA mx.example', 'TLSA _25._tcp.host.example', 'TLSA _25._tcp.mx.example'],
  },
  {
    it: 'those of the original name, where the alias leads out of signed zones',
    zone: {
      'mx.example': [{ CNAME: 'host.test' }],
      'host.test': [address],
      '_25._tcp.host.test': [{ TLSA: other }],
      '_25._tcp.mx.example': [{ TLSA: tlsa }],
    },
    is: found,
    asked: ['A mx.example', 'AAAA mx.example', 'CNAME mx.example', 'TLSA _25._tcp.mx.example'],
  },
  {
    it: 'none, where an unsigned alias leads into a signed zone',
    zone: {
      'mx.test': [{ CNAME: 'mx.example' }],
      ...mx,
      '_25._tcp.mx.test': [{ TLSA: other }],
    },
    host: 'mx.test',
    is: 'none',
    asked: ['A mx.test', 'AAAA mx.test', 'CNAME mx.test'],
  },
  {
    it: 'trouble with the alias itself',
    zone: { 'mx.example': [{ CNAME: 'host.test' }, { SERVFAIL: 'CNAME' }], 'host.test': [address] },
    is: /CNAME mx\.example: .*SERVFAIL/,
  },
  {
    it: 'trouble with the expanded name, whatever the original one has',
    zone: {
      'mx.example': [{ CNAME: 'host.example' }],
      'host.example': [address],
      '_25._tcp.host.example': ['SERVFAIL'],
      '_25._tcp.mx.example': [{ TLSA: tlsa }],
    },
    is: /TLSA _25\._tcp\.host\.example/,
  },
  // Trouble (§2.1.2, §2.2).
  {
    it: 'trouble with the records of a signed host, and not that there are none',
    zone: { 'mx.example': [address], '_25._tcp.mx.example': ['SERVFAIL'] },
    is: /TLSA _25\._tcp\.mx\.example: .*SERVFAIL/,
  },
  {
    it: 'silence about them',
    zone: { 'mx.example': [address], '_25._tcp.mx.example': ['TIMEOUT'] },
    is: /TLSA _25\._tcp\.mx\.example: nobody answered/,
  },
  {
    it: 'trouble with them, also where the MX is not authenticated',
    zone: { 'mx.example': [address], '_25._tcp.mx.example': ['SERVFAIL'] },
    isSecureMx: false,
    is: /SERVFAIL/,
  },
  {
    it: 'trouble behind an alias of the TLSA name',
    zone: {
      'mx.example': [address],
      '_25._tcp.mx.example': [{ CNAME: 'all.example' }],
      'all.example': ['SERVFAIL'],
    },
    is: /SERVFAIL/,
  },
  { it: 'trouble with addresses', zone: { 'mx.example': ['SERVFAIL'] }, is: /A mx\.example: .*SERVFAIL/ },
  {
    it: 'silence about addresses',
    zone: { 'mx.example': ['TIMEOUT'] },
    is: /A mx\.example: nobody answered/,
  },
  {
    it: 'trouble with addresses of one kind where there are none of the other',
    zone: { 'mx.example': [{ SERVFAIL: 'AAAA' }] },
    is: /AAAA mx\.example/,
  },
  {
    it: 'records, in spite of trouble with addresses of one kind',
    zone: { ...mx, 'mx.example': [address, { SERVFAIL: 'AAAA' }] },
    is: found,
  },
  { it: 'that a host has no address', zone: { 'mx.example': [{ TXT: 'x' }] }, is: /no address/ },
  { it: 'that there is no host', zone: {}, is: /no address/ },
];

/** What was asked, in the order of names, since some questions go out together. */
function sorted(queries: readonly { readonly type: string; readonly name: string }[]): readonly string[] {
  return [...new Set(queries.map(({ type, name }) => `${type} ${name}`))].sort();
}

function assertIs(lookup: DaneLookup, is: Case['is'], mxIsSecure: boolean): void {
  if (is === 'none') assert.deepEqual(lookup, { kind: 'none' });
  else if (is instanceof RegExp) assert.match(lookup.kind === 'failed' ? lookup.why : lookup.kind, is);
  else assert.deepEqual(lookup, { kind: 'secure', ...is, mxIsSecure });
}

void describe('dane: the DNS says of a host', () => {
  const ways = [
    { way: 'in one answer', server: {} },
    { way: 'over TCP', server: { truncates: true } },
    { way: 'in several answers', server: { leavesAliases: true } },
  ];
  for (const { way, server: how } of ways) {
    for (const { it: what, zone: data, host = 'mx.example', isSecureMx = true, is, asked } of cases) {
      void it(`${what}, ${way}`, async () => {
        const { dns, server } = await zone(data, { validates: true }, { isSigned, ...how });
        assertIs(await findTlsa(dns, host, 25, isSecureMx), is, isSecureMx);
        if (asked && !how.leavesAliases) assert.deepEqual(sorted(server.queries), [...asked].sort());
      });
    }
  }

  void it('nothing, where servers need not validate, whatever they claim', async () => {
    for (const options of [{}, { validates: false }]) {
      const server = await fake((query) => {
        const answers = [record(query.section.at(-3) === 52 ? 'TLSA' : 'A', Buffer.from([192, 0, 2, 1]))];
        return answerTo(query, { isAuthentic: true, answers });
      });
      const dns = client([server.address], options);
      assert.deepEqual(await findTlsa(dns, 'mx.example', 25, true), { kind: 'none' });
    }
  });

  for (const { it: what, octets } of [
    { it: 'short', octets: Buffer.from([3, 1]) },
    { it: 'empty', octets: Buffer.alloc(0) },
  ]) {
    void it(`trouble, where a record is too ${what}`, async () => {
      const server = await fake((query) => {
        const isTlsa = query.section.at(-3) === 52;
        const answers = [record(isTlsa ? 'TLSA' : 'A', isTlsa ? octets : Buffer.from([192, 0, 2, 1]))];
        return answerTo(query, { isAuthentic: true, answers: query.section.at(-3) === 28 ? [] : answers });
      });
      const dns = client([server.address], { validates: true });
      const lookup = await findTlsa(dns, 'mx.example', 25, true);
      assert.match(lookup.kind === 'failed' ? lookup.why : lookup.kind, /TLSA record that is cut short/);
    });
  }

  void it('records of any length', async () => {
    const long: Tlsa = { ...tlsa, matchingType: 0, data: Buffer.alloc(60_000, 1) };
    const { dns } = await zone(
      { ...mx, '_25._tcp.mx.example': [{ TLSA: long }] },
      { validates: true },
      { isSigned },
    );
    assertIs(await findTlsa(dns, 'mx.example', 25, true), { host: 'mx.example', records: [long] }, true);
  });

  void it('nothing more to who does not want to know it any more', async () => {
    const { dns } = await zone({ 'mx.example': ['TIMEOUT'] }, { validates: true }, { isSigned });
    const controller = new AbortController();
    const lookup = findTlsa(dns, 'mx.example', 25, true, controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(lookup, /enough/);
  });
});
