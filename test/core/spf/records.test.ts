import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { table } from './table.ts';

const label63 = 'a'.repeat(63);

table('a domain that cannot be checked (RFC 7208 §4.3)', [
  { it: 'a name of one label', sender: 'alice@localhost', is: 'none', because: /one label/ },
  { it: 'a label of 63 octets', sender: `alice@${label63}.example`, is: 'none', because: /no SPF record/ },
  { it: 'a label of 64 octets', sender: `alice@a${label63}.example`, is: 'none', because: /no domain name/ },
  { it: 'an empty label', sender: 'alice@corp..example', is: 'none', because: /no domain name/ },
  { it: 'an empty label at the beginning', sender: 'alice@.example', is: 'none', because: /no domain name/ },
  {
    it: 'an empty label at the end, which is the root',
    sender: 'alice@corp.example.',
    spf: 'v=spf1 -all',
    is: 'fail',
  },
  {
    it: 'more than 253 octets',
    sender: `alice@${`${label63}.`.repeat(4)}example`,
    is: 'none',
    because: /no domain name/,
  },
  { it: 'an IPv4 address literal', sender: 'alice@[192.0.2.1]', is: 'none', because: /address literal/ },
  {
    it: 'an IPv6 address literal',
    sender: 'alice@[IPv6:2001:db8::1]',
    is: 'none',
    because: /address literal/,
  },
  { it: 'nothing after the at sign', sender: 'alice@', is: 'none', because: /no domain name/ },
  {
    it: 'letters that are no name',
    sender: 'alice@b\u00fc%2e.example',
    is: 'none',
    because: /no domain name/,
  },
  { it: 'none of these is asked for', sender: 'alice@[192.0.2.1]', is: 'none', lookups: { queries: 0 } },
]);

table('whose domain is checked (RFC 7208 §2.4, §4.3)', [
  { it: 'that of the sender', spf: 'v=spf1 -all', is: 'fail' },
  { it: 'in any case', sender: 'alice@CORP.Example', spf: 'v=spf1 -all', is: 'fail', asks: [] },
  { it: 'behind the last at sign', sender: 'a@b@corp.example', spf: 'v=spf1 -all', is: 'fail' },
  {
    it: 'that of HELO for the null sender',
    sender: '',
    helo: 'corp.example',
    spf: 'v=spf1 -all',
    is: 'fail',
  },
  {
    it: 'no local-part is postmaster',
    sender: '@corp.example',
    spf: 'v=spf1 a:%{l}.user.test -all',
    is: 'fail',
    asks: ['A postmaster.user.test'],
  },
  {
    it: 'the null sender is postmaster too',
    sender: '',
    helo: 'corp.example',
    spf: 'v=spf1 a:%{s}.user.test -all',
    is: 'fail',
    asks: ['A postmaster@corp.example.user.test'],
  },
  { it: 'a domain alone is taken for one', sender: 'corp.example', spf: 'v=spf1 -all', is: 'fail' },
  {
    it: 'U-labels are asked for as A-labels',
    sender: 'alice@b\u00fccher.example',
    zone: { 'xn--bcher-kva.example': [{ TXT: 'v=spf1 -all' }] },
    is: 'fail',
  },
  {
    it: 'no address of a client is our own fault',
    ip: 'unix',
    spf: 'v=spf1 +all',
    is: 'temperror',
    because: /no IP address: unix/,
  },
]);

table('looking up the record (RFC 7208 §4.4)', [
  {
    it: 'a name that does not exist',
    sender: 'alice@nowhere.example',
    is: 'none',
    because: /nowhere\.example has no SPF record/,
  },
  { it: 'a name without TXT', zone: { 'corp.example': [{ A: '192.0.2.1' }] }, is: 'none' },
  {
    it: 'no answer in time',
    zone: { 'corp.example': ['TIMEOUT'] },
    is: 'temperror',
    because: /no answer in time: TXT corp\.example/,
  },
  {
    it: 'a server that fails',
    zone: { 'corp.example': ['SERVFAIL'] },
    is: 'temperror',
    because: /SERVFAIL: TXT corp\.example/,
  },
  {
    it: 'a record of type SPF counts for nothing',
    zone: { 'corp.example': [{ SPF: 'v=spf1 -all' }] },
    is: 'none',
  },
  {
    it: 'strings are joined without a space (§3.3)',
    zone: { 'corp.example': [{ TXT: ['v=spf1 ip4:192.0.', '2.1 -all'] }] },
    is: 'pass',
  },
]);

const two = (first: string, second: string): Zone => ({ 'corp.example': [{ TXT: first }, { TXT: second }] });

table('selecting the record (RFC 7208 §4.5)', [
  { it: 'version alone', spf: 'v=spf1', is: 'neutral' },
  { it: 'version and a space', spf: 'v=spf1 ', is: 'neutral' },
  { it: 'version in any case', spf: 'V=sPf1 -all', is: 'fail' },
  { it: 'another version', spf: 'v=spf10 -all', is: 'none' },
  { it: 'version and a tab', spf: 'v=spf1\t-all', is: 'none' },
  { it: 'a space before it', spf: ' v=spf1 -all', is: 'none' },
  { it: 'a line before it', spf: 'x\nv=spf1 -all', is: 'none' },
  { it: 'version and a NUL', spf: 'v=spf1\0', is: 'none' },
  { it: 'a letter that folds to an ASCII one elsewhere', spf: 'v=\xdfpf1 -all', is: 'none' },
  { it: 'Sender ID', spf: 'spf2.0/pra -all', is: 'none' },
  { it: 'another TXT record beside it', zone: two('some\x96thing', 'v=spf1 -all'), is: 'fail' },
  {
    it: 'two records',
    zone: two('v=spf1 -all', 'v=spf1 +all'),
    is: 'permerror',
    because: /corp\.example: 2 SPF records/,
  },
  { it: 'the same record twice', zone: two('v=spf1 -all', 'V=SPF1 -all'), is: 'permerror' },
  { it: 'one of another version beside it', zone: two('v=spf10 -all', 'v=spf1 +all'), is: 'pass' },
]);

table('the grammar of the whole record comes first (RFC 7208 §4.6)', [
  {
    it: 'an error after a term that matches',
    spf: 'v=spf1 +all moo',
    is: 'permerror',
    because: /corp\.example: moo: unknown mechanism/,
    asks: [],
  },
  {
    it: 'an error after "-all"',
    spf: 'v=spf1 -all ip4:192.0.2',
    is: 'permerror',
    because: /ip4:192\.0\.2: no address/,
  },
  { it: 'terms in any case', spf: 'V=SPF1 IP4:192.0.2.1 -ALL', is: 'pass', mechanism: 'IP4:192.0.2.1' },
  { it: 'several spaces', spf: 'v=spf1   ip4:192.0.2.1    -all  ', is: 'pass' },
  { it: 'a tab between terms', spf: 'v=spf1 ip4:192.0.2.1\t-all', is: 'permerror' },
  { it: 'a line feed between terms', spf: 'v=spf1 ip4:192.0.2.1\n-all', is: 'permerror' },
  {
    it: 'octets beyond ASCII in a name',
    spf: 'v=spf1 a:\xc3\xbc.example -all',
    is: 'permerror',
    because: /not allowed: \\xc3\\xbc/,
  },
  { it: 'octets beyond ASCII in a modifier', spf: 'v=spf1 note=\xfc -all', is: 'permerror' },
  { it: 'a qualifier alone', spf: 'v=spf1 - -all', is: 'permerror' },
  { it: 'two qualifiers', spf: 'v=spf1 --all', is: 'permerror' },
  {
    it: 'a modifier with a qualifier',
    spf: 'v=spf1 -redirect=a.test',
    is: 'permerror',
    because: /no qualifier/,
  },
  {
    it: 'a modifier as a mechanism',
    spf: 'v=spf1 redirect:a.test',
    is: 'permerror',
    because: /unknown mechanism/,
  },
  { it: 'a mechanism as a modifier is an unknown one', spf: 'v=spf1 ip4=192.0.2.1 -all', is: 'fail' },
  { it: 'an unknown modifier', spf: 'v=spf1 moo.cow-far_out=man:dog/cat ?all', is: 'neutral' },
  { it: 'an unknown modifier without a value', spf: 'v=spf1 moo= -all', is: 'fail' },
  { it: 'an unknown modifier twice', spf: 'v=spf1 moo=1 moo=2 -all', is: 'fail' },
  {
    it: 'an unknown modifier with a broken macro',
    spf: 'v=spf1 moo=%x -all',
    is: 'permerror',
    because: /no macro: %x/,
  },
  { it: 'a name that begins with a digit', spf: 'v=spf1 1up=foo -all', is: 'permerror' },
  { it: 'no name', spf: 'v=spf1 =foo -all', is: 'permerror' },
  {
    it: 'redirect twice',
    spf: 'v=spf1 redirect=a.test redirect=a.test',
    is: 'permerror',
    because: /a second redirect/,
  },
  { it: 'exp twice', spf: 'v=spf1 exp=a.test -all exp=b.test', is: 'permerror', because: /a second exp/ },
  {
    it: 'an address as a name',
    spf: 'v=spf1 a:192.0.2.1 -all',
    is: 'permerror',
    because: /an address is written ip4:/,
  },
  { it: 'qualifier +', spf: 'v=spf1 +all', is: 'pass' },
  { it: 'qualifier ~', spf: 'v=spf1 ~all', is: 'softfail' },
  { it: 'qualifier ?', spf: 'v=spf1 ?all', is: 'neutral' },
  { it: 'nothing matches (§4.7)', spf: 'v=spf1 ip4:192.0.2.2', is: 'neutral', mechanism: undefined },
]);
