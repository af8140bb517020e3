/** What a header says of a tenant, and what that comes to. */

const guid = '11111111-2222-3333-4444-555555555555';
const otherGuid = '99999999-2222-3333-4444-555555555555';

export const settings = (forwards: string) => `
roles: [mx]
protected_domains: [corp.example, other.example]
tenants:
  - name: corp
    owner: x
    expires: 2999-12-31
    ids: [${guid}]
    domains: [corp.example, corp.onmicrosoft.example]
    addresses: [192.0.2.10, '2001:db8::/64']
    forward_foreign: ${forwards}
  - name: cloudless
    owner: x
    expires: 2999-12-31
    ids: [${otherGuid}]
    domains: [other.example]
  - name: gone
    owner: x
    expires: 2020-01-01
    ids: [77777777-2222-3333-4444-555555555555]
    domains: [corp.example]
  - name: elsewhere
    owner: x
    expires: 2999-12-31
    provider: custom
    ids: [T-77]
    domains: [corp.example]
    certificate_names: [out.elsewhere.example]
    spf_domain: spf.elsewhere.example
    id_header: X-Tenant
    domain_header: X-Tenant-Domain
    inside: ['X-Trust: full']
    outside: ['X-Trust: by-address']
    address_header: X-Came-From
    addresses: [192.0.2.77]
`;

/** As a mailbox of the tenant has sent it. */
export const proven = {
  'X-MS-Exchange-CrossTenant-Id': guid,
  'X-OriginatorOrg': 'corp.example',
  'X-MS-Exchange-CrossTenant-AuthAs': 'Internal',
  'X-MS-Exchange-CrossTenant-FromEntityHeader': 'Hosted',
};
const address = 'X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp';

export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Case {
  readonly it: string;
  readonly with?: Fields;
  readonly sender?: string;
  readonly from?: string;
  readonly dkim?: readonly string[];
  readonly unchecked?: readonly string[];
  readonly forwards?: string;
  readonly tenants?: readonly string[];
  /** Reason, or whose it is. */
  readonly is: string;
  /** Part of the detail. */
  readonly says?: string;
}

export const corp = 'tenant:corp';
const anonymous = { 'X-MS-Exchange-CrossTenant-AuthAs': 'Anonymous' };
const onPremises = { 'X-MS-Exchange-CrossTenant-FromEntityHeader': 'HybridOnPrem' };
const came = (from: string, id = guid) => ({
  [address]: `TenantId=${id};Ip=[${from}];Helo=[mail.corp.example]`,
});

export const cases: readonly Case[] = [
  { it: 'mail of a mailbox', is: corp },
  { it: 'an id in capitals', with: { 'X-MS-Exchange-CrossTenant-Id': guid.toUpperCase() }, is: corp },
  {
    it: 'names in lower case',
    with: { 'X-OriginatorOrg': undefined, 'x-originatororg': 'CORP.example' },
    is: corp,
  },
  { it: 'another domain of its own', with: { 'X-OriginatorOrg': 'corp.onmicrosoft.example' }, is: corp },
  {
    it: 'no id',
    with: { 'X-MS-Exchange-CrossTenant-Id': undefined },
    is: 'tenant-unproven',
    says: 'is missing',
  },
  {
    it: 'an id twice',
    with: { 'X-MS-Exchange-CrossTenant-Id': [guid, guid] },
    ...{ is: 'tenant-unproven', says: 'X-MS-Exchange-CrossTenant-Id stands more than once' },
  },
  {
    it: 'an id twice, once with another name',
    with: { 'x-ms-exchange-crosstenant-id': otherGuid },
    ...{ is: 'tenant-unproven', says: 'stands more than once' },
  },
  {
    it: 'the id of a stranger',
    with: { 'X-MS-Exchange-CrossTenant-Id': '12121212-2222-3333-4444-555555555555' },
    ...{ is: 'tenant-unproven', says: '12121212-2222-3333-4444-555555555555 is of none of the tenants' },
  },
  { it: 'an id with more', with: { 'X-MS-Exchange-CrossTenant-Id': `${guid} (x)` }, is: 'tenant-unproven' },
  {
    it: 'the id of a tenant that has expired',
    with: { 'X-MS-Exchange-CrossTenant-Id': '77777777-2222-3333-4444-555555555555' },
    is: 'tenant-unproven',
  },
  { it: 'a tenant that this client may not speak for', tenants: ['cloudless'], is: 'tenant-unproven' },
  {
    it: 'the id of one and the domain of another',
    with: { 'X-MS-Exchange-CrossTenant-Id': otherGuid },
    ...{ is: 'tenant-unproven', says: 'X-OriginatorOrg: corp.example is no domain of cloudless' },
  },
  {
    it: 'no domain',
    with: { 'X-OriginatorOrg': undefined },
    is: 'tenant-unproven',
    says: 'X-OriginatorOrg is missing',
  },
  {
    it: 'a domain twice',
    with: { 'X-OriginatorOrg': ['corp.example', 'corp.example'] },
    ...{ is: 'tenant-unproven', says: 'X-OriginatorOrg stands more than once' },
  },
  { it: 'a domain below', with: { 'X-OriginatorOrg': 'x.corp.example' }, is: 'tenant-unproven' },
  { it: 'a domain that is none', with: { 'X-OriginatorOrg': 'corp.example,' }, is: 'tenant-unproven' },
  {
    it: 'nobody who has logged in',
    with: anonymous,
    ...{ is: 'tenant-unproven', says: `${address} is missing` },
  },
  { it: 'a server of its own', with: { ...anonymous, ...onPremises, ...came('192.0.2.10') }, is: corp },
  { it: 'a server of its own that has logged in', with: { ...onPremises, ...came('192.0.2.10') }, is: corp },
  { it: 'a server with an IPv6 address', with: { ...anonymous, ...came('2001:db8::7') }, is: corp },
  {
    it: "somebody else's server",
    with: { ...anonymous, ...came('198.51.100.9') },
    ...{ is: 'tenant-unproven', says: '198.51.100.9 is none of corp' },
  },
  {
    it: 'a server of another tenant',
    with: { ...onPremises, ...came('192.0.2.10', otherGuid) },
    ...{ is: 'tenant-unproven', says: 'cannot be read' },
  },
  {
    it: 'a server twice',
    with: {
      ...onPremises,
      [address]: [...Object.values(came('192.0.2.10')), ...Object.values(came('192.0.2.10'))],
    },
    ...{ is: 'tenant-unproven', says: 'more than once' },
  },
  {
    it: 'a server in other words',
    with: { ...onPremises, [address]: `Ip=[192.0.2.10];TenantId=${guid}` },
    is: 'tenant-unproven',
  },
  {
    it: 'a server, of a tenant that has none',
    with: {
      'X-MS-Exchange-CrossTenant-Id': otherGuid,
      'X-OriginatorOrg': 'other.example',
      ...onPremises,
      ...came('192.0.2.10'),
    },
    ...{ is: 'tenant-unproven', says: 'needs addresses of cloudless' },
  },
  {
    it: 'the internet',
    with: { 'X-MS-Exchange-CrossTenant-FromEntityHeader': 'Internet', ...came('192.0.2.10') },
    ...{ is: 'tenant-unproven', says: 'X-MS-Exchange-CrossTenant-FromEntityHeader: Internet does not count' },
  },
  { it: 'a partner', with: { 'X-MS-Exchange-CrossTenant-AuthAs': 'Partner' }, is: 'tenant-unproven' },
  {
    it: 'nothing of who sent it',
    with: { 'X-MS-Exchange-CrossTenant-AuthAs': undefined },
    is: 'tenant-unproven',
  },
  {
    it: 'both at once',
    with: { 'X-MS-Exchange-CrossTenant-AuthAs': ['Internal', 'Anonymous'] },
    is: 'tenant-unproven',
  },
  { it: 'no signature', dkim: [], is: 'tenant-unsigned', says: 'there is none' },
  {
    it: 'a signature of a stranger',
    dkim: ['far.example'],
    is: 'tenant-unsigned',
    says: 'those are of far.example',
  },
  { it: 'one of another tenant', dkim: ['other.example'], is: 'tenant-unsigned' },
  { it: 'one of who is above', dkim: ['onmicrosoft.example'], is: 'tenant-unsigned' },
  { it: 'one of a domain that ends alike', dkim: ['notcorp.example'], is: 'tenant-unsigned' },
  { it: 'one of a domain below', dkim: ['far.example', 'mail.corp.example'], is: corp },
  { it: 'one of its other domain', dkim: ['corp.onmicrosoft.example'], is: corp },
  { it: 'one that cannot be checked now', dkim: [], unchecked: ['corp.example'], is: 'dkim-temperror' },
  {
    it: "a stranger's that cannot be checked now",
    dkim: [],
    unchecked: ['far.example'],
    is: 'tenant-unsigned',
  },
  { it: 'one that is good beside one that is not', unchecked: ['corp.example'], is: corp },
  { it: 'a report of non-delivery', sender: '', is: corp },
  { it: 'the envelope of another domain of its own', sender: 'x@corp.onmicrosoft.example', is: corp },
  { it: 'the envelope of somebody else', sender: 'ceo@other.example', is: 'sender-not-owned' },
  { it: 'the envelope of a stranger', sender: 'x@far.example', is: 'sender-not-owned' },
  { it: 'an author of somebody else', from: 'ceo@other.example', is: 'header-not-owned' },
  { it: 'a foreign author', from: 'x@far.example', is: 'header-not-owned' },
  { it: 'two authors', from: 'a@corp.example\nFrom: b@corp.example', is: 'header-malformed' },
  {
    it: 'a header that cannot be read',
    from: 'a@corp.example\nnonsense',
    is: 'tenant-unproven',
    says: 'no header field',
  },
  { it: 'a forward with an envelope of its own', forwards: 'enforce', from: 'x@far.example', is: corp },
  {
    it: 'a forward that nothing proves',
    forwards: 'enforce',
    ...{ sender: 'x@far.example', from: 'x@far.example' },
    is: 'forward-unproven',
  },
  {
    it: 'a forward that its author has signed',
    ...{
      forwards: 'enforce',
      sender: 'x@far.example',
      from: 'x@far.example',
      dkim: ['corp.example', 'far.example'],
    },
    is: corp,
  },
  {
    it: 'a forward that only its author has signed',
    forwards: 'enforce',
    from: 'x@far.example',
    dkim: ['far.example'],
    is: 'tenant-unsigned',
  },
  {
    it: 'a forward of who is protected',
    forwards: 'enforce',
    from: 'ceo@other.example',
    is: 'header-not-owned',
  },
  {
    it: 'a forward, observed',
    forwards: 'observe',
    ...{ sender: 'x@far.example', from: 'x@far.example' },
    is: corp,
  },
];

/** Of another provider, with its own fields. */
export const elsewhere: readonly { it: string; with: Fields; is: string }[] = [
  { it: 'full trust', with: { 'X-Trust': 'full' }, is: 'tenant:elsewhere' },
  {
    it: 'trust by address',
    with: { 'X-Trust': 'by-address', 'X-Came-From': '192.0.2.77' },
    is: 'tenant:elsewhere',
  },
  {
    it: 'another address',
    with: { 'X-Trust': 'by-address', 'X-Came-From': '192.0.2.78' },
    is: 'tenant-unproven',
  },
  { it: 'no trust', with: { 'X-Trust': 'none' }, is: 'tenant-unproven' },
];
