import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { exportSPKI, importJWK, SignJWT, type CryptoKey } from 'jose';
import { IssuerUnavailable, keysOfText } from '../../../plugins/auth/oauth/keys.ts';
import { SignedTokens } from '../../../plugins/auth/oauth/tokens.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { oauthSettings, type OauthSettings } from '../../../plugins/core/settings/oauth.ts';
import {
  audience,
  goodClaims,
  issuer,
  issuerKey,
  token,
  unsigned,
  type IssuerKey,
  type TokenChanges,
} from '../../support/oauth.ts';

const settingsOf = (changes: Partial<OauthSettings> = {}) =>
  oauthSettings.parse({
    issuer,
    audience,
    jwks_file: 'keys.json',
    required_scopes: ['smtp.send'],
    ...changes,
  });

const setOf = (...keys: readonly IssuerKey[]) =>
  JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });

/** What a token comes to, in one line. */
async function verdict(text: string, keys: string, changes: Partial<OauthSettings> = {}): Promise<string> {
  const secret = Secret.fromText(text);
  const result = await new SignedTokens(settingsOf(changes), keysOfText(keys)).verify(secret);
  return result.kind === 'proven' ? `proven ${result.login}` : `${result.cause}: ${result.detail}`;
}

const now = Math.floor(Date.now() / 1000);
const alice = 'proven alice@corp.example';

const claims: readonly (TokenChanges & {
  readonly it: string;
  readonly settings?: Partial<OauthSettings>;
  readonly comes: string | RegExp;
})[] = [
  { it: 'a good token', comes: alice },
  {
    it: 'another issuer',
    claims: { iss: 'https://evil.example' },
    comes: 'token-invalid: iss is "https://evil.example"',
  },
  {
    it: 'an issuer with a slash more',
    claims: { iss: `${issuer}/` },
    comes: `token-invalid: iss is "${issuer}/"`,
  },
  { it: 'no issuer', claims: { iss: undefined }, comes: 'token-invalid: iss is missing' },
  { it: 'another audience', claims: { aud: 'webmail' }, comes: 'token-invalid: aud is "webmail"' },
  { it: 'other audiences', claims: { aud: ['a', 'b'] }, comes: 'token-invalid: aud is ["a","b"]' },
  { it: 'no audience', claims: { aud: undefined }, comes: 'token-invalid: aud is missing' },
  { it: 'our audience among others', claims: { aud: ['account', audience] }, comes: alice },
  { it: 'one of our audiences', settings: { audience: ['api://x', audience] }, comes: alice },
  {
    it: 'a token that expired',
    claims: { exp: now - 3600 },
    comes: `token-expired: since ${new Date((now - 3600) * 1000).toISOString()}`,
  },
  { it: 'one that expired within the tolerance', claims: { exp: now - 30 }, comes: alice },
  {
    it: 'the same without tolerance',
    claims: { exp: now - 30 },
    settings: { clock_tolerance_seconds: 0 },
    comes: /^token-expired: since /,
  },
  { it: 'a token for ever', claims: { exp: undefined }, comes: 'token-invalid: exp is missing' },
  { it: 'an end that is no number', claims: { exp: 'never' }, comes: 'token-invalid: exp is "never"' },
  { it: 'an end before all time', claims: { exp: -1e300 }, comes: 'token-expired: since -1e+300' },
  {
    it: 'a token from tomorrow',
    claims: { nbf: now + 86_400 },
    comes: `token-invalid: it counts from ${new Date((now + 86_400) * 1000).toISOString()} on`,
  },
  { it: 'one from in a moment', claims: { nbf: now + 30 }, comes: alice },
  { it: 'no scope', claims: { scope: undefined }, comes: 'token-scope: it lacks "smtp.send"' },
  { it: 'another scope', claims: { scope: 'openid' }, comes: 'token-scope: it lacks "smtp.send"' },
  {
    it: 'a scope that begins alike',
    claims: { scope: 'smtp.send.not' },
    comes: 'token-scope: it lacks "smtp.send"',
  },
  { it: 'the scope in scp', claims: { scope: undefined, scp: 'smtp.send x' }, comes: alice },
  { it: 'the scope in a list', claims: { scope: undefined, scp: ['smtp.send'] }, comes: alice },
  {
    it: 'a scope that is an object',
    claims: { scope: { 'smtp.send': 1 } },
    comes: 'token-scope: it lacks "smtp.send"',
  },
  {
    it: 'one scope of two',
    settings: { required_scopes: ['openid', 'a'] },
    comes: 'token-scope: it lacks "a"',
  },
  {
    it: 'no scope where none is asked for',
    claims: { scope: undefined },
    settings: { required_scopes: [] },
    comes: alice,
  },
  { it: 'no login', claims: { email: undefined }, comes: 'token-without-login: email is missing' },
  { it: 'an empty login', claims: { email: '' }, comes: 'token-without-login: email is ""' },
  { it: 'a login that is a number', claims: { email: 7 }, comes: 'token-without-login: email is 7' },
  {
    it: 'a login that is a list',
    claims: { email: ['alice@corp.example'] },
    comes: 'token-without-login: email is ["alice@corp.example"]',
  },
  {
    it: 'an address that is not verified',
    claims: { email_verified: false },
    comes: 'token-without-login: email is not verified',
  },
  {
    it: 'an address of which nobody knows',
    claims: { email_verified: 'false' },
    comes: 'token-without-login: email is not verified',
  },
  { it: 'a verified address', claims: { email_verified: true }, comes: alice },
  {
    it: 'another claim for the login',
    claims: { upn: 'al', email_verified: false },
    settings: { login_claim: 'upn' },
    comes: 'proven al',
  },
  {
    it: 'a claim that all objects have',
    settings: { login_claim: 'constructor' },
    comes: 'token-without-login: constructor is missing',
  },
  { it: 'an access token (RFC 9068)', header: { typ: 'at+jwt' }, comes: alice },
  { it: 'the same in full', header: { typ: 'application/at+JWT' }, comes: alice },
  { it: 'a token without type', header: { typ: undefined }, comes: alice },
  { it: 'a logout token', header: { typ: 'logout+jwt' }, comes: 'token-invalid: typ is "logout+jwt"' },
  {
    it: 'a token bound to a key',
    claims: { cnf: { jkt: 'x' } },
    comes: 'token-invalid: it is bound to a key (cnf)',
  },
  {
    it: 'an extension that must be understood',
    header: { crit: ['x'], x: 1 },
    comes: 'token-invalid: it is no signed JWT that can be read',
  },
  {
    it: 'a very long audience',
    claims: { aud: 'x'.repeat(5000) },
    comes: /^token-invalid: aud is "x{199}…$/,
  },
];

void describe('a token', () => {
  let key: IssuerKey;
  let other: IssuerKey;
  let set: string;
  before(async () => {
    key = await issuerKey('one');
    other = await issuerKey('one');
    set = setOf(key);
  });

  for (const { it: title, settings = {}, comes, ...changes } of claims) {
    void it(`${title}: ${String(comes).slice(0, 60)}`, async () => {
      const came = await verdict(await token(key, changes), set, settings);
      if (typeof comes === 'string') assert.equal(came, comes);
      else assert.match(came, comes);
    });
  }

  const wrong = 'token-invalid: its signature is wrong';
  void it('signed by somebody else under the same name is refused', async () => {
    assert.equal(await verdict(await token(other), set), wrong);
  });

  void it('changed in one letter anywhere is refused', async () => {
    const good = await token(key);
    // The last letter holds bits that mean nothing.
    for (let at = 0; at < good.length - 1; at += 7) {
      const letter = good[at] === 'A' ? 'B' : 'A';
      const changed = good.slice(0, at) + letter + good.slice(at + 1);
      assert.match(await verdict(changed, set), /^token-invalid: /, `letter ${at}`);
    }
  });

  void it('with the claims of another under its signature is refused', async () => {
    const [header, , signature] = (await token(key)).split('.');
    const [, claimsOfBob] = (await token(other, { claims: { email: 'bob@corp.example' } })).split('.');
    assert.equal(await verdict([header, claimsOfBob, signature].join('.'), set), wrong);
  });

  const notAllowed = 'token-invalid: it is signed by none of oauth.algorithms';
  for (const alg of ['none', 'None', 'NONE', 'HS256', 'RS1', 'constructor', '']) {
    void it(`of algorithm ${JSON.stringify(alg)} is refused`, async () => {
      const came = await verdict(unsigned({ alg, kid: 'one' }, goodClaims(), 'AAAA'), set);
      assert.match(came, alg === '' ? /^token-invalid: / : new RegExp(`^${notAllowed}$`));
      assert.match(await verdict(unsigned({ alg, kid: 'one' }, goodClaims()), set), /^token-invalid: /);
    });
  }

  void it('signed with the public key as a secret is refused', async () => {
    const rsa = await issuerKey('rsa', 'RS256');
    const publicKey = (await importJWK(rsa.publicJwk, 'RS256', { extractable: true })) as CryptoKey;
    const secrets = [await exportSPKI(publicKey), JSON.stringify(rsa.publicJwk), setOf(rsa)];
    for (const secret of secrets) {
      const forged = await new SignJWT({ ...goodClaims() })
        .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
        .sign(Buffer.from(secret));
      assert.equal(await verdict(forged, setOf(rsa)), notAllowed);
    }
  });

  void it('that brings its own key is refused', async () => {
    const header = { jwk: other.publicJwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/x' };
    assert.equal(
      await verdict(await token(other, { header: { ...header, kid: 'two' } }), set),
      'token-invalid: the issuer has no such key',
    );
    assert.equal(await verdict(await token(other, { header }), set), wrong);
  });

  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    void it(`of ${alg} is taken, and not where the settings leave it out`, async () => {
      const own = await issuerKey('own', alg);
      assert.equal(await verdict(await token(own), setOf(own)), alice);
      assert.equal(await verdict(await token(own), setOf(own), { algorithms: ['ES512'] }), notAllowed);
    });
  }

  void it('without the name of a key is tried with each that fits', async () => {
    const keys = [await issuerKey('a'), await issuerKey('b'), await issuerKey('c')] as const;
    const header = { kid: undefined };
    for (const each of keys)
      assert.equal(await verdict(await token(each, { header }), setOf(...keys)), alice);
    assert.equal(await verdict(await token(other, { header }), setOf(...keys)), wrong);
    const expired = await token(keys[2], { header, claims: { exp: 1 } });
    assert.match(await verdict(expired, setOf(...keys)), /^token-expired: since 1970-/);
  });

  void it('is neither right nor wrong where the key cannot be used', async () => {
    const broken = JSON.stringify({ keys: [{ ...key.publicJwk, x: 'AAAA' }] });
    await assert.rejects(verdict(await token(key), broken), IssuerUnavailable);
    const short = await issuerKey('short', 'RS256');
    const weak = JSON.stringify({ keys: [{ ...short.publicJwk, n: short.publicJwk.n?.slice(0, 171) }] });
    await assert.rejects(verdict(await token(short), weak), IssuerUnavailable);
  });

  void it('is not wiped by who checks it, and stays out of what is said', async () => {
    const text = await token(other);
    const secret = Secret.fromText(text);
    const result = await new SignedTokens(settingsOf(), keysOfText(set)).verify(secret);
    assert.equal(
      secret.reveal((bytes) => bytes.toString()),
      text,
    );
    for (const part of text.split('.')) assert.ok(!JSON.stringify(result).includes(part));
  });

  void it('that is any text is refused, and never our own fault', async () => {
    const [header = '', body = '', signature = ''] = (await token(key)).split('.');
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    const part = fc.oneof(
      json,
      fc.constantFrom(header, body, signature, '', 'e30', '-._~+/='),
      fc.base64String({ maxLength: 20 }),
    );
    const text = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const came = await verdict(given, set);
        assert.ok(given === [header, body, signature].join('.') || came.startsWith('token-invalid: '), came);
      }),
      { numRuns: 2000 },
    );
  });
});
