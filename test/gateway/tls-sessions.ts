import type { Listener } from './tls-client.ts';

const named = ['-servername', 'gw.corp.example'];
const nameless = ['-noservername'];
const tls12 = ['-tls1_2'];

/** A connection that has begun well, and what it hears at MAIL, or after DATA. */
export const sessions: readonly {
  it: string;
  on: Listener;
  args?: readonly string[];
  as?: string;
  from?: string;
  author?: string;
  /** Shows the good certificate. */
  isCertified?: true;
  hears: RegExp;
}[] = [
  {
    it: 'an account of which more is asked',
    on: 'submission',
    args: tls12,
    as: 'carol',
    hears: /^554 5\.7\.4 TLS is below the criteria .* TLSv1\.3 or newer is needed, not TLSv1\.2/,
  },
  {
    it: 'the same on the port with TLS from the start',
    on: 'implicit',
    args: tls12,
    as: 'carol',
    hears: /^554 5\.7\.4 .* TLSv1\.3 or newer/,
  },
  { it: 'the same with what is asked', on: 'implicit', as: 'carol', hears: /^250/ },
  {
    it: 'an account of which the directory asks more',
    on: 'submission',
    args: tls12,
    as: 'dave',
    hears: /^554 5\.7\.4 .* TLSv1\.3 or newer/,
  },
  { it: 'the same with what is asked', on: 'submission', as: 'dave', hears: /^250/ },
  {
    it: 'an account of which the directory asks what nobody knows',
    on: 'submission',
    as: 'lists',
    hears: /^451 4\.7\.0 TLS criteria cannot be judged now/,
  },
  {
    it: 'a sender domain that asks for SNI',
    on: 'mx',
    args: nameless,
    from: 'x@named.example',
    hears: /^554 5\.7\.4 .* mail from named\.example: the client has to name the server/,
  },
  { it: 'the same with SNI', on: 'mx', args: named, from: 'x@named.example', hears: /^250/ },
  {
    it: 'a domain below it',
    on: 'mx',
    args: nameless,
    from: 'x@a.named.example',
    hears: /^554 5\.7\.4 .* mail from a\.named\.example/,
  },
  {
    it: 'a sender domain with a list of revoked certificates that is old',
    on: 'mx',
    from: 'x@stale.example',
    isCertified: true,
    hears: /^451 4\.7\.0 TLS criteria cannot be judged now/,
  },
  {
    it: 'an author of a domain of which more is asked',
    on: 'mx',
    args: nameless,
    from: 'x@partner.example',
    author: 'Boss <boss@named.example>',
    hears: /^554 5\.7\.4 .* mail from named\.example: the client has to name/,
  },
  {
    it: 'such an author in a From that readers take apart differently',
    on: 'mx',
    args: nameless,
    from: 'x@partner.example',
    author: 'a <a@partner.example> b <boss@named.example>',
    hears: /^554 5\.7\.4 .* mail from named\.example/,
  },
  {
    it: 'an author of another domain',
    on: 'mx',
    args: nameless,
    from: 'x@partner.example',
    author: 'x@partner.example',
    hears: /^250/,
  },
];
