import { errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions, type JWTVerifyResult } from 'jose';
import { messageOf } from '../../core/message-of.ts';
import type { Secret } from '../../core/secret.ts';
import type { OauthSettings } from '../../core/settings/oauth.ts';
import { decideToken, refused, shown, type TokenVerdict } from './decide.ts';
import { IssuerUnavailable, type Keys } from './keys.ts';

/** Whose tokens log in. */
export interface Tokens {
  /** Checks one token, without wiping it. Rejects with `IssuerUnavailable` when the keys of the issuer cannot be had. */
  verify(token: Secret): Promise<TokenVerdict>;
  /** Makes ready what takes its time; never rejects. */
  warmUp(): Promise<void>;
}

/** Where the settings name no issuer any more. */
export const noTokens: Tokens = {
  verify: () => Promise.reject(new IssuerUnavailable('oauth: no issuer is known')),
  warmUp: () => Promise.resolve(),
};

/** Tokens (RFC 7519, RFC 9068) of an issuer. `clock` is the time of day. */
export class SignedTokens implements Tokens {
  readonly #settings: OauthSettings;
  readonly #keys: Keys;
  readonly #clock: () => Date;

  constructor(settings: OauthSettings, keys: Keys, clock: () => Date = () => new Date()) {
    this.#settings = settings;
    this.#keys = keys;
    this.#clock = clock;
  }

  async verify(token: Secret): Promise<TokenVerdict> {
    try {
      // jose makes text of it, which cannot be wiped: unlike a password it is worth nothing soon.
      const text = token.reveal((bytes) => bytes.toString('latin1'));
      const { protectedHeader: header, payload: claims } = await verified(text, this.#keys.find, {
        issuer: this.#settings.issuer,
        audience: this.#settings.audience,
        algorithms: this.#settings.algorithms,
        clockTolerance: this.#settings.clock_tolerance_seconds,
        requiredClaims: ['exp'],
        currentDate: this.#clock(),
      });
      return decideToken({ header: { ...header }, claims }, this.#settings);
    } catch (error) {
      return verdictOn(error);
    }
  }

  async warmUp(): Promise<void> {
    await this.#keys.fetch();
  }
}

/** As `jwtVerify`; of several keys that a token may mean, since it names none, one has to fit (RFC 7515 §4.1.4). */
async function verified(
  text: string,
  find: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(text, find, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return await verifiedByOneOf(text, error, options);
  }
}

async function verifiedByOneOf(
  text: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  for await (const key of keys) {
    const result = await jwtVerify(text, key, options).catch(unlessOther);
    if (result) return result;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function unlessOther(error: unknown): undefined {
  if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
}

/** What no message of jose tells: some quote the token's own words. */
const meanings: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature is wrong',
  ERR_JWKS_NO_MATCHING_KEY: 'the issuer has no such key',
  ERR_JOSE_ALG_NOT_ALLOWED: 'it is signed by none of oauth.algorithms',
};

function verdictOn(error: unknown): TokenVerdict {
  if (error instanceof errors.JWTExpired) {
    return refused('token-expired', `since ${instant(error.payload.exp)}`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) return refused('token-invalid', wrongClaim(error));
  if (error instanceof errors.JOSEError) {
    return refused('token-invalid', meanings[error.code] ?? 'it is no signed JWT that can be read');
  }
  if (error instanceof IssuerUnavailable) throw error;
  // Of its keys: the token is text, and jose has a name for all that can be wrong with it.
  const problem = `oauth: a key of the issuer cannot be used: ${messageOf(error)}`;
  throw new IssuerUnavailable(problem, { cause: error });
}

/** Only of tokens whose signature is right. */
function wrongClaim({ claim, payload }: errors.JWTClaimValidationFailed): string {
  const value = payload[claim];
  if (value === undefined) return `${claim} is missing`;
  return claim === 'nbf' ? `it counts from ${instant(value)} on` : `${claim} is ${shown(value)}`;
}

/** Seconds of a claim (RFC 7519 §2: NumericDate) as people read them. */
function instant(seconds: unknown): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? shown(seconds) : date.toISOString();
}
