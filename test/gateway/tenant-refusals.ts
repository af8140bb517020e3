import {
  elsewhere,
  failingName,
  guid,
  issue,
  otherName,
  otherRoot,
  proven,
  selfSigned,
  type Caller,
  type Letter,
} from './tenant-scene.ts';

/** Clients that may speak for nobody, and why. */
export const strangers: readonly (Caller & { it: string; is: RegExp; says: string })[] = [
  {
    it: 'without a certificate',
    certificate: undefined,
    is: /^550 5\.7\.1 Relaying/,
    says: 'it shows no client certificate',
  },
  { it: 'in clear', isInClear: true, is: /^550 5\.7\.1 Relaying/, says: 'it shows no client certificate' },
  {
    it: 'with a certificate of its own making',
    certificate: selfSigned,
    is: /^550 5\.7\.1 Relaying/,
    says: 'certificate "CN=mail.protection.outlook.com" is signed by itself',
  },
  {
    it: 'with one of another authority',
    certificate: otherRoot,
    is: /^550 5\.7\.1 Relaying/,
    says: 'certificate "CN=server" is signed by nobody who is trusted',
  },
  {
    it: 'with one for another name',
    certificate: issue('x.mail.protection.outlook.com'),
    is: /^550 5\.7\.1 Relaying/,
    says: 'its certificate is not for mail.protection.outlook.com',
  },
  {
    it: 'at another address',
    address: elsewhere,
    is: /^550 5\.7\.1 Relaying/,
    says: `${elsewhere} is not covered by spf.protection.outlook.com: SPF fail`,
  },
  {
    it: 'of an entry that has expired',
    certificate: otherName,
    is: /^550 5\.7\.1 Relaying/,
    says: 'tenant gone expired on 2020-01-01',
  },
  {
    it: 'where its provider cannot be asked for',
    certificate: failingName,
    is: /^451 4\.7\.24 /,
    says: 'failing.example: SPF temperror',
  },
];

/** Messages that are of no tenant, and why. */
export const refusals: readonly (Letter & { it: string; is: RegExp; says: string })[] = [
  {
    it: 'no id',
    fields: proven.slice(1),
    is: /^550 5\.7\.1 Message/,
    says: 'X-MS-Exchange-CrossTenant-Id is missing',
  },
  {
    it: 'two ids',
    fields: [...proven, `X-MS-Exchange-CrossTenant-Id: ${guid}`],
    is: /^550 5\.7\.1 Message/,
    says: 'X-MS-Exchange-CrossTenant-Id stands more than once',
  },
  {
    it: 'two domains',
    fields: [...proven, 'x-originatororg: corp.example'],
    is: /^550 5\.7\.1 Message/,
    says: 'X-OriginatorOrg stands more than once',
  },
  {
    it: 'a domain of others',
    fields: proven.map((field) => field.replace('corp.', 'far.')),
    is: /^550 5\.7\.1 Message/,
    says: 'X-OriginatorOrg: far.example is no domain of corp',
  },
  {
    it: 'an author who did not log in',
    fields: proven.map((field) => field.replace('Internal', 'Anonymous')),
    is: /^550 5\.7\.1 Message/,
    says: 'X-MS-Exchange-CrossTenant-AuthAs: Anonymous: X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp is missing',
  },
  {
    it: 'no signature',
    signer: '',
    is: /^550 5\.7\.20 Message has no good DKIM/,
    says: 'tenant:corp: no good DKIM signature of corp.example: there is none',
  },
  {
    it: 'the signature of others',
    signer: 'far.example',
    is: /^550 5\.7\.20 /,
    says: 'tenant:corp: no good DKIM signature of corp.example: those are of far.example',
  },
  {
    it: 'a signature of another text',
    change: (message) => message.replace('Hello.', 'Pay me.'),
    is: /^550 5\.7\.20 /,
    says: 'tenant:corp: no good DKIM signature of corp.example: there is none',
  },
  {
    it: 'a signature that cannot be checked',
    signer: 'failing.corp.example',
    is: /^451 4\.4\.3 /,
    says: 'tenant:corp: of failing.corp.example',
  },
  { it: 'a foreign envelope', sender: 'x@unsure.example', is: /^553 5\.7\.1 /, says: 'x@unsure.example' },
  {
    it: 'a foreign author',
    from: 'x@unsure.example',
    is: /^550 5\.7\.1 Header/,
    says: 'x@unsure.example in From',
  },
  {
    it: 'a line that is no field',
    fields: ['From\0: x@far.example', ...proven],
    is: /^550 5\.7\.1 Message/,
    says: 'NUL',
  },
];
