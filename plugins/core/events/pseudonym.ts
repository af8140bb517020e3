import { hash } from 'node:crypto';
import { isPseudonym, termOf } from './terms.ts';

/**
 * What stands for a name that nobody is to read: the same for the same name, however it is spelled, by who has the key; 96 bits of
 * a hash. So much of it is cut off that nobody can go on from what is left, so that the key may simply come first.
 */
export function pseudonym(key: string, name: string): string {
  return `~${Buffer.from(digest(key, termOf(name)), 'hex').toString('base64url')}`;
}

/** The number of 48 bits under which a term is found: that with which its pseudonym begins, by which it is found too. */
export function termHash(key: string, term: string): number {
  const hex = isPseudonym(term) ? Buffer.from(term.slice(1), 'base64url').toString('hex') : digest(key, term);
  return Number.parseInt(hex.slice(0, 12), 16);
}

function digest(key: string, term: string): string {
  return hash('sha256', `${key}${term}`).slice(0, 24);
}
