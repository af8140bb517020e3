import type { Zone } from '../../../scripts/demo/dns-zone.ts';

/** Whose mail it is, besides the zone of the demo. */
export const zone: Zone = {
  'mx.six.example': [{ AAAA: '2001:db8:6::25' }, { TXT: 'v=spf1 a -all' }],
  'six.example': [{ MX: [10, 'mx.six.example'] }, { TXT: 'v=spf1 mx -all' }],
  'neutral.example': [{ TXT: 'v=spf1 ip4:203.0.113.0/28 ?all' }],
  'oldschool.example': [{ MX: [10, 'mail.oldschool.example'] }, { TXT: 'site-verification=4711' }],
  'twice.example': [{ TXT: 'v=spf1 include:one.example -all' }, { TXT: 'v=spf1 include:two.example -all' }],
  'includes.example': [{ TXT: `v=spf1 ${'abcdefghijk'.replace(/./g, 'include:$&.includes.example ')}-all` }],
  ...Object.fromEntries(
    'abcdefghijk'
      .split('')
      .map((each) => [`${each}.includes.example`, [{ TXT: 'v=spf1 ip4:203.0.113.250 -all' }]]),
  ),
  // Lists.
  'lists.oss.example': [{ A: '203.0.113.20' }, { TXT: 'v=spf1 a -all' }],
  'groups.example': [{ TXT: 'v=spf1 redirect=_spf.groups.example' }],
  '_spf.groups.example': [{ TXT: 'v=spf1 ip4:203.0.113.32/29 ip6:2001:db8:60::/44 ~all' }],
  'ezmlm.example': [{ TXT: 'v=spf1 a:lists.ezmlm.example -all' }],
  'lists.ezmlm.example': [{ A: '203.0.113.21' }],
  // Forwarders.
  'alumni.example': [{ TXT: 'v=spf1 ip4:203.0.113.40 -all' }],
  // Services.
  'calendar-server.example': [{ TXT: 'v=spf1 include:calendar.example ~all' }],
  'calendar.example': [{ TXT: 'v=spf1 ip4:203.0.113.50 -all' }],
  'tracker.example': [{ TXT: 'v=spf1 ip4:203.0.113.51 -all' }],
  'em.meet.example': [{ CNAME: 'u88321.meet.example' }],
  'u88321.meet.example': [{ TXT: 'v=spf1 ip4:203.0.113.52 -all' }],
  'cards.example': [{ TXT: 'v=spf1 a:www.cards.example -all' }],
  'www.cards.example': [{ A: '203.0.113.53' }],
  'bounce.shop.example': [{ TXT: 'v=spf1 include:_spf.esp.example -all' }],
  'alias.shop.example': [{ CNAME: '_spf.esp.example' }],
  '_spf.esp.example': [{ TXT: 'v=spf1 exists:%{ir}.%{v}._list.esp.example -all' }],
  '60.113.0.203.in-addr._list.esp.example': [{ A: '127.0.0.2' }],
  'tenant.example': [{ TXT: 'v=spf1 include:spf.protection.cloudoffice.example -all' }],
  'spf.protection.cloudoffice.example': [{ TXT: 'v=spf1 ip4:203.0.113.96/29 ip6:2001:db8:40::/48 -all' }],
  'AM0PR07CU003.outbound.protection.cloudoffice.example': [
    { TXT: 'v=spf1 include:spf.protection.cloudoffice.example -all' },
  ],
  'xn--mller-kva.example': [{ TXT: 'v=spf1 ip4:203.0.113.70 -all' }],
};
