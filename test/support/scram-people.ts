import { entries, type Entry } from '../../scripts/demo/people.ts';
import { storedVerifier } from './scram.ts';

/** The sample directory: alice and retired have a verifier, carol one that nobody can read, the others none. */
export function verifiedEntries(): Entry[] {
  return entries().map((entry) => {
    const uid = entry.attributes['uid']?.[0] ?? '';
    const verifier = uid === 'carol' ? 'SCRAM-SHA-256$garbage' : storedVerifier(`pw-${uid}`);
    if (!['alice', 'retired', 'carol'].includes(uid)) return entry;
    return { ...entry, attributes: { ...entry.attributes, gatekeeperScramVerifier: [verifier] } };
  });
}
