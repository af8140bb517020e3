import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Credential } from '../credential.ts';
import { parseNetwork } from '../network.ts';
import type { Secret } from '../secret.ts';
import type { ScramVerifier } from './directory.ts';
import { formatVerifier, keyOctets, readVerifiers, saltOctets } from './scram.ts';

/** An application password as the directory has it. */
export interface AppPassword {
  readonly credential: Credential;
  readonly verifier: ScramVerifier;
}

/** In octets, as the schema has it. */
const longestValue = 1024;

/** A wrong password costs them for each value: 100,000 are about 30 ms of one processor. */
export const mostIterations = 100_000;

/** What may be the name of one: it stands in logs, events and command lines. */
export const credentialName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;

const shape = /^name=([^;]*)(?:;expires=([^;]*))?(?:;networks=([^;]*))?;(SCRAM-SHA-256\$[^;\s]*)$/;

/**
 * Reads `name=…;expires=YYYY-MM-DD;networks=…,…;SCRAM-SHA-256$…`, in this order; `expires` and `networks` may be left out.
 * Whatever is not exactly so gives no login: a restriction that was misspelled must not be none. Throws an Error that goes
 * on after "a value" and does not show it.
 */
export function readAppPassword(value: Buffer): AppPassword {
  if (value.length > longestValue) throw new Error(`is longer than ${longestValue} octets`);
  const [match, name = '', expires, networks, verifier = ''] = shape.exec(value.toString('latin1')) ?? [];
  if (match === undefined || !credentialName.test(name)) {
    throw new Error('is not name=…;expires=…;networks=…;SCRAM-SHA-256$…');
  }
  if (expires !== undefined && !z.iso.date().safeParse(expires).success) {
    throw new Error('expires on no day: expected YYYY-MM-DD');
  }
  return {
    credential: {
      name,
      ...(networks !== undefined && { networks: readNetworks(networks) }),
      ...(expires !== undefined && { expires }),
    },
    verifier: readVerifier(verifier),
  };
}

function readNetworks(text: string): readonly string[] {
  const networks = text.split(',');
  if (networks.every((network) => parseNetwork(network))) return networks;
  throw new Error('has networks that are not all ADDRESS or ADDRESS/PREFIX');
}

function readVerifier(text: string): ScramVerifier {
  const verifier = verifierIn(text);
  if (!verifier) throw new Error('has a verifier that cannot be read');
  if (verifier.iterations > mostIterations) throw new Error(`has more than ${mostIterations} iterations`);
  return verifier;
}

function verifierIn(text: string): ScramVerifier | undefined {
  try {
    return readVerifiers([Buffer.from(text, 'latin1')]);
  } catch {
    return undefined;
  }
}

/** The value for the directory. */
export function appPasswordValue({ credential, verifier }: AppPassword): string {
  const { name, expires, networks } = credential;
  const fields = [
    `name=${name}`,
    ...(expires === undefined ? [] : [`expires=${expires}`]),
    ...(networks === undefined ? [] : [`networks=${networks.join(',')}`]),
    formatVerifier(verifier),
  ];
  return fields.join(';');
}

const derive = promisify(pbkdf2);

/** RFC 5802 §3, in a thread of its own: Node.js works on a copy of the password, which it clears. */
async function keysOf(password: Secret, salt: Buffer, iterations: number) {
  const salted = await password.reveal((bytes) => derive(bytes, salt, iterations, keyOctets, 'sha256'));
  const key = (name: string) => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(key('Client Key')).digest();
  return { storedKey, serverKey: key('Server Key') };
}

/** What to check a password with, and a new salt. */
export async function makeVerifier(password: Secret, iterations: number): Promise<ScramVerifier> {
  const salt = randomBytes(saltOctets);
  return { iterations, salt, ...(await keysOf(password, salt, iterations)) };
}

/** Whether a verifier was made of this password. */
export async function isMadeOf({ iterations, salt, storedKey }: ScramVerifier, password: Secret) {
  const keys = await keysOf(password, salt, iterations);
  return timingSafeEqual(keys.storedKey, storedKey);
}
