import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import type { Answer, Dns, RecordType } from '../../../plugins/core/dns/dns.ts';
import { parseAddress4, parseAddress6 } from '../../../plugins/core/spf/address.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import { formatTrace } from '../../../plugins/core/spf/format-trace.ts';
import { usual } from './table.ts';

const results = new Set(['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror']);

const octets = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 300 });
const words = fc.constantFrom(
  ...[
    'v=spf1',
    ' ',
    ' ',
    ' ',
    'a',
    'mx',
    'ptr',
    'all',
    'include:',
    'exists:',
    'redirect=',
    'exp=',
    'ip4:',
    'ip6:',
  ],
  ...[
    '192.0.2.1',
    '::1',
    '/24',
    '//64',
    '/',
    ':',
    '%{',
    '}',
    '%{d}',
    '%{l1r-}',
    '%{p}',
    '%{h}',
    '%%',
    '%_',
    '%-',
    '%',
  ],
  ...[
    '-',
    '~',
    '?',
    '+',
    'h.test',
    'corp.example',
    '.test',
    '.',
    'x',
    '0',
    'alice@corp.example',
    '@',
    '\0',
    '\xff',
  ],
);
const sentences = fc.array(words, { maxLength: 40 }).map((each) => each.join(''));
const text = fc.oneof(octets, sentences);
const record = fc.oneof(
  text,
  text.map((rest) => `v=spf1 ${rest}`),
);
const name = fc.oneof(text, fc.constantFrom('corp.example', 'h.test', 'a.corp.example', ''));
const address = fc.oneof(fc.ipV4(), fc.ipV6(), text);

/** Answers of each type in turn, whatever is asked. */
interface Answers {
  readonly kinds: readonly Answer<RecordType>['kind'][];
  /** Of the types that SPF asks for. */
  readonly records: Readonly<Record<Exclude<RecordType, 'CNAME' | 'TLSA'>, readonly unknown[]>>;
}

const kinds = fc.constantFrom<Answer<RecordType>['kind'][]>(
  'records',
  'records',
  'records',
  'no-data',
  'nxdomain',
  'servfail',
  'timeout',
);
const few = <T>(each: fc.Arbitrary<T>) => fc.array(each, { maxLength: 12 });
const answers: fc.Arbitrary<Answers> = fc.record({
  kinds: fc.array(kinds, { minLength: 1, maxLength: 7 }),
  records: fc.record({
    A: few(address),
    AAAA: few(address),
    MX: few(fc.record({ preference: fc.nat(65_535), exchange: name })),
    PTR: few(name),
    TXT: fc.oneof(fc.tuple(record), few(record)),
  }),
});

function dnsOf({ kinds: turns, records }: Answers): Dns {
  let turn = 0;
  return {
    resolve: <T extends RecordType>(_: string, type: T) => {
      const kind = turns[turn++ % turns.length] ?? 'nxdomain';
      const answer = { kind, records: records[type as keyof typeof records], because: 'x\r\ny' };
      return Promise.resolve(answer as unknown as Answer<T>);
    },
  };
}

describe('whatever anybody writes', () => {
  it('it ends, within the limits, with one of the seven results', async () => {
    const anything = fc.string({ unit: 'binary', maxLength: 100 });
    const questions = fc.record({
      ip: fc.oneof(fc.ipV4(), fc.ipV6(), anything),
      sender: fc.oneof(
        text,
        anything,
        fc.constantFrom('', 'alice@corp.example', 'j\u00f6rg@b\u00fccher.example'),
      ),
      helo: fc.oneof(text, anything),
      receiver: anything,
    });
    await fc.assert(
      fc.asyncProperty(questions, answers, async (question, each) => {
        const outcome = await checkHost(question, dnsOf(each), { timeout: 5000 });
        assert.ok(results.has(outcome.result), outcome.result);
        assert.equal(outcome.because !== undefined, /none|error/.test(outcome.result));
        assert.doesNotMatch(outcome.because ?? '', /not done|our own|undefined|not a function|Cannot/);
        assert.ok(
          outcome.lookups.queries <= 128 && outcome.lookups.terms <= 10 && outcome.lookups.voids <= 3,
        );
        assert.match(outcome.explanation ?? '', /^[\x20-\x7e]{0,500}$/);
        for (const line of formatTrace(outcome)) assert.match(line, /^[\x20-\x7e]*$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('a record with an error gives permerror, whatever else it says', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (rest) => {
        const dns = dnsOf({
          kinds: ['records'],
          records: { A: ['192.0.2.1'], AAAA: [], MX: [], PTR: [], TXT: [`v=spf1 +all ${rest} moo`] },
        });
        assert.equal((await checkHost(usual, dns)).result, 'permerror');
      }),
    );
  });
});

describe('addresses are read as Node reads them', () => {
  it('IPv4', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        const [high = 0, low = 0] = parseAddress4(ip)?.groups ?? [];
        assert.equal([high >> 8, high & 255, low >> 8, low & 255].join('.'), ip);
      }),
    );
  });

  it('IPv6, and what is none', () => {
    const pieces = fc.array(
      fc.constantFrom('0', '1', 'ffff', 'AbCd', '12345', ':', ':', ':', '::', '.', '1.2.3.4', '%', 'g'),
      { maxLength: 18 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV6(),
          pieces.map((each) => each.join('')),
        ),
        (ip) => {
          assert.equal(parseAddress6(ip) !== undefined, isIPv6(ip) && !ip.includes('%'), ip);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
