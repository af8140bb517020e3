import { createRequire } from 'node:module';
import { Secret } from '../secret.ts';
import type { DirectorySettings } from './settings.ts';

/**
 * A password as the directory compares it: the same `Secret` where nothing changes, else another one, which the caller
 * wipes; `undefined` for one that cannot be prepared.
 */
export type Prepare = (password: Secret) => Secret | undefined;

/** How passwords are prepared; throws where what does it cannot be loaded. */
export function preparationOf(kind: DirectorySettings['password_preparation']): Prepare {
  return kind === 'none' ? (password) => password : saslprep();
}

type Saslprep = typeof import('@mongodb-js/saslprep');

/** What is asked is a query, which may hold letters that are younger than the tables (RFC 4013 §2.5, RFC 3454 §7). */
const asQuery = { allowUnassigned: true } as const;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** RFC 4013. Its tables take 5 MB and 30 ms: they are loaded only where the settings ask for them. */
function saslprep(): Prepare {
  const prepare = createRequire(import.meta.url)('@mongodb-js/saslprep') as Saslprep;
  return (password) =>
    password.reveal((bytes) => {
      // Of US-ASCII what is printed stays as it is, and no string has to be made of it.
      if (bytes.every((octet) => octet >= 0x20 && octet < 0x7f)) return password;
      try {
        // No string can be overwritten: these, and those inside the library, last until memory is collected. Nothing holds
        // them beyond this line.
        const prepared = Buffer.from(prepare(utf8.decode(bytes), asQuery), 'utf8');
        // RFC 4616 §2: what prepares to nothing fails. A bind with it would succeed (RFC 4513 §5.1.2).
        return prepared.length === 0 ? undefined : new Secret(prepared);
      } catch {
        return undefined;
      }
    });
}
