import { createSecureContext } from 'node:tls';
import { authoritiesIn } from './certificate/chain.ts';
import { messageOf } from './message-of.ts';
import { readText } from './read-text.ts';

/** Certificates (PEM) of a file that the settings name; throws an error that names it where there is nobody to be trusted. */
export function readAuthorities(path: string): string {
  const ca = readText(path);
  try {
    // Node.js passes over one that cannot be read, with all behind it, and over an empty list for its own authorities.
    if (authoritiesIn([ca]).size > 0) {
      createSecureContext({ ca });
      return ca;
    }
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
  throw new Error(`${path} holds no certificate in PEM`);
}
