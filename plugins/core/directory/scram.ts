import { createHmac, scryptSync } from 'node:crypto';
import type { ScramVerifier } from './directory.ts';

const scheme = 'SCRAM-SHA-256';
/** In octets, of the keys in a verifier. */
export const keyOctets = 32;
/** As PostgreSQL and most others draw it. */
export const saltOctets = 16;

/**
 * Reads the values of a verifier attribute, `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, as PostgreSQL
 * writes it and RFC 5803 §2 describes it; values of other schemes (RFC 3112) are not ours. Throws, without the value.
 */
export function readVerifiers(values: readonly Buffer[]): ScramVerifier | undefined {
  const fields = values.map((value) => value.toString('latin1').split('$'));
  const [ours, another] = fields.filter(([name = '']) => name.trim().toUpperCase() === scheme);
  if (another) throw new Error('it has several values for SCRAM-SHA-256');
  if (ours) return readVerifier(ours);
  const isForeign = fields.every(
    ([name = '', ...rest]) => rest.length === 2 && /^[\w./-]+$/.test(name.trim()),
  );
  if (!isForeign) throw new Error('its value is of no known form');
  return undefined;
}

const shape = /^([1-9]\d{0,8}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

function readVerifier([, ...fields]: readonly string[]): ScramVerifier {
  // RFC 3112 §3 has room for spaces around each `$`.
  const match = shape.exec(fields.map((field) => field.trim()).join('$'));
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = match ?? [];
  const verifier = {
    iterations: Number(iterations),
    ...{ salt: base64(salt), storedKey: base64(storedKey), serverKey: base64(serverKey) },
  };
  const isWhole = [verifier.storedKey, verifier.serverKey].every(({ length }) => length === keyOctets);
  if (!isWhole || verifier.salt.length === 0) throw new Error('its value for SCRAM-SHA-256 cannot be read');
  return verifier;
}

/** A verifier as `readVerifiers` reads it. */
export function formatVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const [first, second, third] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `${scheme}$${iterations}:${first}$${second}:${third}`;
}

/** Empty for what is no base64. */
function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : Buffer.alloc(0);
}

/**
 * Verifiers that nobody can prove, for logins that have none: the exchange must not tell who exists (RFC 5802 §9). One
 * login always gets the same, from every process, node and start, as a real one would: hence no random key. Whoever
 * guesses at `secret` offline pays for scrypt with each guess.
 */
export class MadeUpVerifiers {
  readonly #key: Buffer;
  readonly #iterations: number;

  constructor(secret: Buffer, iterations: number) {
    const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };
    this.#key = scryptSync(secret, 'gatekeeper: made-up SCRAM verifiers', 32, cost);
    this.#iterations = iterations;
  }

  of(login: string): ScramVerifier {
    // Spellings that a directory takes for one name must not get two salts: a real name has one (RFC 4518 §2).
    const name = login.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');
    const part = (what: string): Buffer =>
      createHmac('sha256', this.#key).update(`${what}\0${name}`).digest();
    return {
      iterations: this.#iterations,
      ...{ salt: part('salt').subarray(0, saltOctets), storedKey: part('stored'), serverKey: part('server') },
    };
  }
}
