import type { Zone } from '../../scripts/demo/dns-zone.ts';
import { zone as demoZone } from '../../scripts/demo/zone.ts';

/** The zone of the demo, and those who write to us. */
export const zone: Zone = {
  ...demoZone,
  'lists.example': [{ TXT: 'v=spf1 ip4:203.0.113.20 -all' }],
  'mail.lists.example': [{ TXT: 'v=spf1 ip4:203.0.113.20 -all' }],
  'google.example': [{ TXT: 'v=spf1 include:_spf.google.example ~all' }],
  '_spf.google.example': [{ TXT: 'v=spf1 ip4:203.0.113.64/27 ip6:2001:db8:64::/48 ~all' }],
  'forwarder.example': [{ TXT: 'v=spf1 a:out.forwarder.example -all' }],
  'out.forwarder.example': [{ A: '203.0.113.40' }],
  'tracker.example': [{ TXT: 'v=spf1 redirect=_spf.google.example' }],
  'bounces.esp.example': [{ TXT: 'v=spf1 exists:%{ir}._ip.esp.example -all' }],
  '50.113.0.203._ip.esp.example': [{ A: '127.0.0.2' }],
  'outlook.example': [{ TXT: 'v=spf1 ip4:198.51.100.128/25 -all' }, { MX: [0, 'mx.outlook.example'] }],
  'mx.outlook.example': [{ A: '198.51.100.129' }],
  'university.example': [{ TXT: 'v=spf1 mx ptr ?all' }],
  'old.example': [{ TXT: 'v=spf1 ~all' }],
  'plus.example': [{ TXT: 'v=spf1 +all' }],
};
