import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Dns, RecordType } from '../../../plugins/core/dns/dns.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import type { SpfOutcome, SpfQuestion } from '../../../plugins/core/spf/result.ts';
import { usual } from './table.ts';

/** As large as a TXT record can be. */
const largest = 65_000;
const mostQueries = 128;

/** Milliseconds; work that grows with the square of what a stranger sends takes seconds. */
const longestHold = 100;

type Responder = (name: string, type: RecordType) => readonly unknown[];

interface Attack {
  readonly it: string;
  readonly answers: Responder;
  readonly question?: Partial<SpfQuestion>;
}

const filled = (unit: string, octets = largest): string => unit.repeat(Math.floor(octets / unit.length));
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A record for every domain, and nothing else. */
const spf =
  (...texts: string[]): Responder =>
  (_, type) =>
    type === 'TXT' ? texts : [];

/** Each of ten names has ten exchanges of so many addresses. */
const exchanges =
  (addresses: number): Responder =>
  (name, type) => {
    if (type === 'TXT') return [`v=spf1 ${many(10, (index) => `mx:m${index}.test`).join(' ')}`];
    if (type === 'MX') return many(10, (index) => ({ preference: index, exchange: `${index}.${name}` }));
    return many(addresses, (index) =>
      type === 'A' ? `10.0.${index >> 8}.${index & 255}` : `2001:db8::${index}`,
    );
  };

const chain =
  (text: (next: string) => string): Responder =>
  (name, type) =>
    type === 'TXT' ? [text(`${name.length}.${name}`)] : [];

const attacks: readonly Attack[] = [
  ...['a ', 'a= ', 'ip4:192.0.2.2 ', 'ip6::: ', ' ', 'include:%{d} ', '%{s}', 'x.', '-', '/', ':', '%'].map(
    (unit) => ({ it: `64 KiB of ${JSON.stringify(unit)}`, answers: spf(`v=spf1 ${filled(unit)}`) }),
  ),
  ...['%{s}', '%{l1r-.+}', '%{h9r}', '%{p}', '%%', 'a', 'a.', '1', '/1', '-'].flatMap((unit) => [
    { it: `a name of 64 KiB of ${unit}`, answers: spf(`v=spf1 exists:${filled(unit)}`) },
    { it: `a name of 64 KiB of ${unit} that is none`, answers: spf(`v=spf1 a:x.${filled(unit)}!`) },
    {
      it: `names of 6 KiB of ${unit}, of a sender of dots`,
      answers: spf(`v=spf1 ${many(10, () => `?exists:${filled(unit, 6000)}%{d}`).join(' ')}`),
      question: { sender: `${filled('-.', 600)}@corp.example`, helo: filled('.', 600) },
    },
  ]),
  { it: 'a macro of 64 KiB of digits', answers: spf(`v=spf1 exists:%{l${filled('1')}}`) },
  { it: 'a macro of 64 KiB of delimiters', answers: spf(`v=spf1 exists:%{l${filled('.-')}}`) },
  {
    it: 'a macro in the sender that is its own text',
    answers: spf('v=spf1 exists:%{l}.%{l}.%{l}.test'),
    question: { sender: 'aaaa%{l}@corp.example' },
  },
  { it: 'a chain of includes', answers: chain((next) => `v=spf1 include:${next} -all`) },
  {
    it: 'a chain of includes of 16 KiB',
    answers: chain((next) => `v=spf1 ${filled('ip6:::1 ', 15_000)} include:${next}`),
  },
  { it: 'a loop of includes', answers: spf('v=spf1 include:corp.example') },
  { it: 'includes that double', answers: chain((next) => `v=spf1 include:${next} include:x.${next}`) },
  { it: 'a chain of redirects', answers: chain((next) => `v=spf1 redirect=${next}`) },
  { it: 'a loop of redirects', answers: spf('v=spf1 redirect=corp.example') },
  { it: '400 records', answers: spf(...many(400, () => 'v=spf1 -all')) },
  { it: '400 TXT of 64 KiB', answers: spf(...many(400, () => `v=spf1${filled('a ')}`)) },
  {
    it: '100 MX',
    answers: (name, type) =>
      type === 'MX'
        ? many(100, (index) => ({ preference: 0, exchange: `${index}.${name}` }))
        : spf('v=spf1 mx')(name, type),
  },
  { it: 'MX with 4,000 addresses', answers: exchanges(4000) },
  { it: 'MX with 2,300 addresses of IPv6', answers: exchanges(2300), question: { ip: '2001:db8::ffff' } },
  {
    it: '1,000 names, and macros p',
    answers: (name, type) =>
      type === 'PTR'
        ? many(1000, (index) => `${index}.corp.example`)
        : spf(`v=spf1 ${many(5, (index) => `ptr ?exists:${filled('%{p}', 400)}.${index}.test`).join(' ')}`)(
            name,
            type,
          ),
  },
  {
    it: 'an explanation of 64 KiB of macros',
    answers: (name) => (name === 'e.test' ? [filled('%{h1r.-}')] : ['v=spf1 exp=e.test -all']),
    question: { helo: filled('.', 600) },
  },
  {
    it: 'a sender and a HELO of a megabyte',
    answers: spf('v=spf1 exists:%{s}.%{h}.test -all'),
    question: { sender: `${filled('\u00e9', 1e6)}@corp.example`, helo: filled('\u00e9.', 1e6) },
  },
  {
    it: 'a domain of a megabyte',
    answers: spf('v=spf1 -all'),
    question: { sender: `x@${filled('\u00e9.', 1e6)}` },
  },
];

/** Answers from memory, at once and each time with the same object: so nothing but our own work takes time. */
function dnsOf(answers: Responder): Dns {
  const cache = new Map<string, Answer<RecordType>>();
  return {
    resolve: <T extends RecordType>(name: string, type: T) => {
      const key = `${type} ${name}`;
      const records = answers(name, type) as never[];
      const answer =
        cache.get(key) ?? (records.length > 0 ? { kind: 'records', records } : { kind: 'nxdomain' });
      cache.set(key, answer);
      return Promise.resolve(answer as Answer<T>);
    },
  };
}

/** How long nobody else had a turn, in milliseconds, at the best of three. */
async function holdOf(work: () => Promise<unknown>): Promise<number> {
  const holds: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    let [longest, last, isOver] = [0, performance.now(), false];
    const tick = (): void => {
      const now = performance.now();
      [longest, last] = [Math.max(longest, now - last), now];
      if (!isOver) setImmediate(tick);
    };
    setImmediate(tick);
    await work();
    isOver = true;
    tick();
    holds.push(longest);
  }
  return Math.min(...holds);
}

describe('what costs the sender little costs us little', () => {
  for (const { it: name, answers, question } of attacks) {
    it(name, async () => {
      const dns = dnsOf(answers);
      let outcome: SpfOutcome | undefined;
      const hold = await holdOf(async () => {
        outcome = await checkHost({ ...usual, ...question }, dns);
      });
      assert.ok(outcome);
      assert.ok(outcome.lookups.queries <= mostQueries);
      assert.ok(JSON.stringify(outcome).length < 200_000);
      assert.ok(hold < longestHold, `${hold} ms`);
    });
  }
});
