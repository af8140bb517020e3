import { comment, dotAtom, harmless, quotedString } from './header-text.ts';
import type { SpfOutcome, SpfQuestion, SpfResult } from './result.ts';

/** What was asked, and of which identity (RFC 7208 §2.3, §2.4): without it, HELO where there is no sender. */
export interface SpfFacts extends Pick<SpfQuestion, 'ip' | 'sender' | 'helo' | 'receiver'> {
  readonly identity?: 'mailfrom' | 'helo';
}

/** RFC 5322 §2.1.1, with room for the field's name. */
const longestBody = 980;

const sentences: Readonly<Record<SpfResult, (domain: string, ip: string) => string>> = {
  pass: (domain, ip) => `domain of ${domain} designates ${ip} as permitted sender`,
  fail: (domain, ip) => `domain of ${domain} does not designate ${ip} as permitted sender`,
  softfail: (domain, ip) => `domain of ${domain} would rather not have ${ip} as sender`,
  neutral: (domain, ip) => `domain of ${domain} does not say whether ${ip} is a permitted sender`,
  none: (domain) => `domain of ${domain} does not say who its senders are`,
  temperror: (domain) => `domain of ${domain} could not be looked up`,
  permerror: (domain) => `domain of ${domain} has no record that can be understood`,
};

/** The body of a Received-SPF field (RFC 7208 §9.1), in one line of ASCII; what would make it too long is left out. */
export function receivedSpf(outcome: SpfOutcome, facts: SpfFacts): string {
  const receiver = facts.receiver ?? 'unknown';
  const about = sentences[outcome.result](outcome.domain.slice(0, 100), facts.ip.slice(0, 45));
  let body = `${outcome.result} ${comment(`${receiver.slice(0, 60)}: ${about}`)}`;
  for (const [key, value] of Object.entries(pairs(outcome, { ...facts, receiver }))) {
    const pair = ` ${key}=${dotAtom.test(value) ? harmless(value) : quotedString(value)};`;
    if (body.length + pair.length <= longestBody) body += pair;
  }
  return body;
}

/** Which identity was checked. */
export function identityOf({ identity, sender }: SpfFacts): 'mailfrom' | 'helo' {
  return identity ?? (sender === '' ? 'helo' : 'mailfrom');
}

/** In the order of their worth. */
function pairs(outcome: SpfOutcome, facts: SpfFacts & { receiver: string }): Record<string, string> {
  const { result, mechanism, because } = outcome;
  const isEvaluated = outcome.record !== undefined;
  return {
    'client-ip': facts.ip,
    identity: identityOf(facts),
    'envelope-from': facts.sender,
    helo: facts.helo,
    receiver: facts.receiver,
    // §9.1: "default" where none matched.
    ...(isEvaluated && { mechanism: mechanism ?? 'default' }),
    ...(because !== undefined && result !== 'none' && { problem: because }),
  };
}
