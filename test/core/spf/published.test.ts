import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dns } from '../../../plugins/core/dns/dns.ts';
import { networkSet } from '../../../plugins/core/network.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import type { SpfLimits } from '../../../plugins/core/spf/limits.ts';
import { publishedAddresses, type Published } from '../../../plugins/core/spf/published.ts';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { memoryDns } from './memory-dns.ts';

const around: Zone = {
  'a.example': [{ A: '192.0.2.10' }, { AAAA: '2001:db8::10' }],
  'four.example': [{ A: '192.0.2.20' }],
  'six.example': [{ AAAA: '2001:db8::20' }],
  'mx.example': [{ MX: [10, 'a.example'] }, { MX: [5, 'four.example'] }],
  'spf.example': [{ TXT: 'v=spf1 ip4:198.51.100.0/26 ?ip4:198.51.100.64/26 -all' }],
  'open.example': [{ TXT: 'v=spf1 +all' }],
  'loop.example': [{ TXT: 'v=spf1 include:loop.example -all' }],
  'many.example': Array.from({ length: 11 }, (_, index) => ({ MX: [index, `m${index}.example`] as const })),
  'failing.example': ['SERVFAIL'],
  'slow.example': ['TIMEOUT'],
};

interface Row {
  readonly it: string;
  readonly spf: string;
  readonly limits?: Partial<SpfLimits>;
  readonly is?: readonly string[];
  readonly unlistable?: readonly string[];
  readonly kind?: Published['kind'];
  readonly because?: RegExp;
}

const rows: readonly Row[] = [
  {
    it: 'networks',
    spf: 'ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip6:2001:db8::/32 -all',
    is: ['192.0.2.0/24', '2001:db8::/32'],
  },
  { it: 'nobody', spf: '-all', is: [] },
  { it: 'everybody', spf: '+all', is: ['0.0.0.0/0', '::/0'] },
  { it: 'addresses of a name', spf: 'a:a.example', is: ['192.0.2.10', '2001:db8::10'] },
  { it: 'networks around addresses', spf: 'a:a.example/24//64', is: ['192.0.2.0/24', '2001:db8::/64'] },
  { it: 'the domain itself', spf: 'a', is: ['192.0.2.99'] },
  { it: 'exchanges', spf: 'mx:mx.example -all', is: ['192.0.2.10', '192.0.2.20', '2001:db8::10'] },
  {
    it: 'what another domain includes, and only its passes',
    spf: 'include:spf.example ~all',
    is: ['198.51.100.0/26'],
  },
  {
    it: 'what another domain has instead',
    spf: 'ip4:192.0.2.1 redirect=spf.example',
    is: ['192.0.2.1', '198.51.100.0/26'],
  },
  { it: 'no redirect beside "all"', spf: '~all redirect=spf.example', is: [] },
  {
    it: 'only what no term before has decided',
    spf: '-ip4:192.0.2.2 ip4:192.0.2.0/30 -all',
    is: ['192.0.2.0/31', '192.0.2.3'],
  },
  {
    it: 'nothing of what passes elsewhere but is no pass here',
    spf: '-include:spf.example ip4:198.51.100.0/25',
    is: ['198.51.100.64/26'],
  },
  { it: 'nothing behind "all"', spf: '-all ip4:192.0.2.1 include:loop.example', is: [] },
  {
    it: 'those of one family without a void lookup',
    spf: 'a:four.example a:six.example a:four.example a:six.example -all',
    is: ['192.0.2.20', '2001:db8::20'],
  },
  { it: 'what a name is told of that is not there', spf: 'a:no.example ip4:192.0.2.1', is: ['192.0.2.1'] },
  {
    it: 'terms that nobody can list',
    spf: 'ptr exists:%{i}.x.example include:%{d2}.example a:%{h} ip4:192.0.2.1 -all',
    is: ['192.0.2.1'],
    unlistable: ['ptr', 'exists:%{i}.x.example', 'include:%{d2}.example', 'a:%{h}'],
  },
  {
    it: 'no more than two void lookups',
    spf: 'a:no.example a:no2.example a:no3.example',
    kind: 'permerror',
    because: /more than 2 terms that are answered with nothing/,
  },
  {
    it: 'no more than ten terms',
    spf: 'include:loop.example',
    kind: 'permerror',
    because: /more than 10 terms that ask the DNS, at include:loop\.example/,
  },
  {
    it: 'no more than ten exchanges',
    spf: 'mx:many.example',
    kind: 'permerror',
    because: /11 MX records, more than 10/,
  },
  {
    it: 'no more questions than the limit',
    spf: 'mx:mx.example',
    limits: { queries: 3 },
    kind: 'permerror',
    because: /more than 3 questions/,
  },
  {
    it: 'no include of a domain without a record',
    spf: 'include:a.example',
    kind: 'permerror',
    because: /^include:a\.example: a\.example has no SPF record$/,
  },
  {
    it: 'no record that cannot be read',
    spf: 'ip4:192.0.2.300',
    kind: 'permerror',
    because: /^corp\.example: ip4:192\.0\.2\.300: no address$/,
  },
  {
    it: 'nothing of a name that cannot be asked for',
    spf: 'a:failing.example',
    kind: 'temperror',
    because: /SERVFAIL: AAAA failing\.example/,
  },
  {
    it: 'nothing of a record that is not answered',
    spf: 'include:slow.example',
    kind: 'temperror',
    because: /no answer in time: TXT slow\.example/,
  },
];

void describe('the addresses that a domain publishes:', () => {
  for (const { it: title, spf, limits, is, unlistable = [], kind = 'addresses', because } of rows) {
    void it(`${title}: ${spf}`, async () => {
      const zone: Zone = { ...around, 'corp.example': [{ TXT: `v=spf1 ${spf}` }, { A: '192.0.2.99' }] };
      const found = await publishedAddresses('corp.example', memoryDns(zone), limits);
      assert.equal(found.kind, kind);
      if (found.kind !== 'addresses') assert.match(found.because, because ?? /^$/);
      else assert.deepEqual([found.addresses.networks(), found.unlistable], [is, unlistable]);
    });
  }

  for (const [domain, because] of [
    ['a.example', 'a.example has no SPF record'],
    ['nothing.example', 'nothing.example has no SPF record'],
    ['localhost', 'localhost: a name of one label has no SPF record'],
  ] as const) {
    void it(`none: ${because}`, async () => {
      const found = await publishedAddresses(domain, memoryDns(around));
      assert.deepEqual(found, { kind: 'none', because });
    });
  }

  void it('pass, and no address beside them does', async () => {
    const spf = '-ip4:192.0.2.64/27 a:a.example/28 mx:mx.example include:spf.example ip4:192.0.2.64/26 ~all';
    const dns = memoryDns({ ...around, 'corp.example': [{ TXT: `v=spf1 ${spf}` }] });
    const found = await publishedAddresses('corp.example', dns);
    assert.ok(found.kind === 'addresses');
    const isListed = networkSet(found.addresses.networks());
    for (let last = 0; last < 128; last += 1) {
      const ip = `192.0.2.${last}`;
      const { result } = await checkHost({ ip, sender: 'x@corp.example', helo: 'h.example' }, dns);
      assert.equal(result === 'pass', isListed(ip), ip);
    }
  });

  void it('are not waited for beyond the deadline', async () => {
    const silent: Dns = {
      resolve: (_name, _type, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const keepAlive = setTimeout(() => undefined, 5000);
    const found = await publishedAddresses('corp.example', silent, { timeout: 20 });
    clearTimeout(keepAlive);
    assert.deepEqual(found, { kind: 'temperror', because: 'not done within 20 ms' });
  });
});
