import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { readAuthorities } from '../authorities.ts';
import { download } from '../download.ts';
import type { OauthSettings } from '../settings/oauth.ts';

/** A set of ten keys has less than 20 KiB, with the certificates that some put into it. */
const keySet = { accept: 'application/jwk-set+json, application/json', longest: 256 * 1024 };

/** Where an issuer publishes its keys, and how it is asked. */
export interface KeySetPlace {
  readonly url: string;
  /** Authorities in PEM; those of Node.js where absent. */
  readonly ca: string | undefined;
  readonly milliseconds: number;
}

/** Throws an Error that names a file which cannot be used. */
export function keySetPlace(
  { jwks_url: url = '', ca_file: ca, timeout_seconds }: OauthSettings,
  config: string,
): KeySetPlace {
  return {
    ...{ url, milliseconds: timeout_seconds * 1000 },
    ca: ca === undefined ? undefined : readAuthorities(join(config, ca)),
  };
}

/** The text of the key set; rejects with an Error that says why there is none. */
export async function downloadKeySet({ url, ca, milliseconds }: KeySetPlace): Promise<string> {
  const { body } = await download(new URL(url), { ...keySet, ca, milliseconds });
  return body.toString('utf8');
}

/** Types of which one half is public (RFC 7518 §6.1, RFC 8037 §2). */
const publicTypes: readonly unknown[] = ['RSA', 'EC', 'OKP'];

/** Reads a JWK Set (RFC 7517 §5), and leaves out what is no public key. Throws an Error for what is no such set. */
export function readKeySet(text: string): JSONWebKeySet {
  const { keys } = (parsed(text) ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('this is no JWK Set (RFC 7517): it has no list of keys');
  const isPublic = (key: unknown) => {
    const { kty, d } = (key ?? {}) as Readonly<Record<string, unknown>>;
    // A private key that is published proves nothing any more.
    return publicTypes.includes(kty) && d === undefined;
  };
  return { keys: keys.filter(isPublic) as JSONWebKeySet['keys'] };
}

/** The message of JSON.parse quotes what it was given. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('this is no JSON');
  }
}
