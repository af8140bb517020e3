import { createSecureContext } from 'node:tls';
import { messageOf } from './message-of.ts';
import { readText } from './read-text.ts';

/** Certificates (PEM) of a file that the settings name; throws an error that names it where there is nobody to be trusted. */
export function readAuthorities(path: string): string {
  const ca = readText(path);
  // Node.js would silently trust its own authorities instead of an empty list.
  if (!ca.includes('BEGIN CERTIFICATE')) throw new Error(`${path} holds no certificate in PEM`);
  try {
    createSecureContext({ ca });
    return ca;
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}
