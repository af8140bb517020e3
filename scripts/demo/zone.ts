import type { Zone } from './dns-zone.ts';

/** What the DNS of the demo knows. Any other name does not exist. */
export const zone: Zone = {
  // Ours: one that says who may send, one that does not mind, and one that says nothing at all.
  'corp.example': [
    { TXT: 'v=spf1 ip4:192.0.2.0/26 include:_spf.newsletter.example -all exp=why.corp.example' },
    { MX: [10, 'gw.corp.example'] },
  ],
  'why.corp.example': [{ TXT: '%{i} is none of the servers of %{d}' }],
  'gw.corp.example': [{ A: '192.0.2.1' }, { TXT: 'v=spf1 a -all' }],
  'lists.corp.example': [{ TXT: 'v=spf1 ip4:192.0.2.0/26 ?all' }],
  'xn--bcher-kva.example': [{ MX: [10, 'gw.corp.example'] }],
  // Others.
  '_spf.newsletter.example': [{ TXT: 'v=spf1 ip4:198.51.100.64/28 -all' }],
  'partner.example': [{ TXT: 'v=spf1 ip4:198.51.100.0/26 mx -all' }, { MX: [10, 'mx.partner.example'] }],
  'mx.partner.example': [{ A: '198.51.100.2' }, { TXT: 'v=spf1 a -all' }],
  'unsure.example': [{ TXT: 'v=spf1 ip4:203.0.113.0/26 ~all' }],
  'broken.example': [{ TXT: 'v=spf1 ip4:203.0.113.300 -all' }],
  'slow.example': ['TIMEOUT'],
  'failing.example': ['SERVFAIL'],
};
