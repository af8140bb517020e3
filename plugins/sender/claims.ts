import type { MessageFacts } from '../core/haraka/facts/message.ts';
import { readClaims, type Claims } from '../core/message/claims.ts';
import type { Malformed } from '../core/message/header.ts';

/** What the header of a message claims, which is read once; `malformed` where that cannot be told beyond doubt. */
export function claimsOf(facts: MessageFacts): Claims | Malformed {
  return facts.once('claims', () => {
    const { headerLines, isHeaderWhole, strayOctet } = facts;
    if (strayOctet !== undefined) return { malformed: strayOctet };
    if (!isHeaderWhole) return { malformed: 'more header lines than are read' };
    return readClaims(headerLines);
  });
}
