import { dotAtom, harmless, quotedString } from './header-text.ts';
import { identityOf, type SpfFacts } from './received-spf.ts';
import type { SpfOutcome } from './result.ts';

/** RFC 2045 §5.1 token, which a value need not be quoted for. */
const token = /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,256}$/;

/** What an Authentication-Results field says of SPF (RFC 8601 §2.7.2): `spf=pass smtp.mailfrom=alice@example.com`. */
export function authenticationResult(outcome: SpfOutcome, facts: SpfFacts): string {
  const { result, because } = outcome;
  const isTrouble = result === 'temperror' || result === 'permerror';
  const reason = isTrouble && because !== undefined ? ` reason=${quotedString(because)}` : '';
  const identity =
    identityOf(facts) === 'helo'
      ? `smtp.helo=${valueOf(facts.helo)}`
      : `smtp.mailfrom=${mailbox(facts.sender)}`;
  return `spf=${result}${reason} ${identity}`;
}

/** RFC 8601 §2.2: `[ local-part ] "@" domain-name` needs no quotes around it. */
function mailbox(text: string): string {
  const at = text.lastIndexOf('@');
  if (at === -1) return valueOf(text);
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  const isPlain = (local === '' || dotAtom.test(local)) && token.test(domain) && text.length <= 256;
  return isPlain ? harmless(text) : quotedString(text);
}

function valueOf(text: string): string {
  return token.test(text) ? text : quotedString(text);
}
