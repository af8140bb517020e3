import { derived } from '../core/derived.ts';
import type { MessageFacts } from '../core/haraka/facts/message.ts';
import type { Identity } from '../core/identity.ts';
import { protectedDomain } from '../core/inbound/protected.ts';
import { formatMailbox, parseDomain, parseMailbox, sameMailbox, withoutSubaddress } from '../core/mailbox.ts';
import type { Claims } from '../core/message/claims.ts';
import { addressesIn, hiddenIn, shownBeside } from '../core/message/display.ts';
import { lookOfDomain, lookOfName } from '../core/message/looks.ts';
import { mayStand, namedIn, type Fault, type Mail } from '../core/message/rules.ts';
import { isLocal } from '../core/rights.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';
import { claimsOf } from './claims.ts';

/** What else readers may be deceived by, each under a mode of its own; `undefined` where a message has nothing of it. */
type Rule = (mail: Mail, facts: MessageFacts) => Fault | undefined;

/** Has a rule judge mail that is readable and somebody's. */
export function judgedBy(rule: Rule): (facts: MessageFacts, policy: Policy) => Verdict {
  return (facts, policy) => {
    const { identity, sender } = facts;
    if (!identity) return skip('not authenticated');
    const claims = claimsOf(facts);
    if ('malformed' in claims) return skip(claims.malformed);
    const fault = rule({ claims, envelope: sender.mailbox, identity, policy }, facts);
    return fault ? refuse(fault.reason, fault.detail) : pass;
  };
}

/** Lists and helpdesks name those whom they write for. */
const namesOthers = ({ grants, forwards }: Identity) =>
  forwards !== 'off' || grants.includes('list') || grants.includes('helpdesk');

/** A name that shows the address of somebody elsewhere; `Alice @ Work` is none. */
export const foreignDisplay: Rule = (mail) => {
  const { claims, identity, policy } = mail;
  if (namesOthers(identity)) return undefined;
  const shown = mentionsIn(claims).find(
    ({ mailbox, domain }) =>
      domain.includes('.') &&
      !isLocal({ domain }, identity, policy) &&
      !(mailbox && mayStand(mailbox, 'from', mail)),
  );
  return shown && { reason: 'display-not-owned', detail: shown.text };
};

/** A name that is kept for somebody else. */
export const protectedName: Rule = ({ claims, policy }) => {
  if (policy.sender.protected_names.length === 0) return undefined;
  const { subaddress_separator: separator } = policy.sender;
  for (const author of claims.from) {
    const { mailbox } = author;
    const base = withoutSubaddress(mailbox, separator);
    const looks = shownBeside(author).readings.map(lookOfName);
    const taken = protectedLooks(policy).find(
      ({ words, owners }) =>
        !owners.some((owner) => sameMailbox(owner, base) || sameMailbox(owner, mailbox)) &&
        looks.some((look) => words.every((word) => look.has(word))),
    );
    if (taken) return { reason: 'name-protected', detail: `${taken.name}, by ${formatMailbox(mailbox)}` };
  }
  return undefined;
};

const protectedLooks = derived(({ sender }: Policy) =>
  sender.protected_names.map(({ name, addresses }) => ({
    name,
    words: [...lookOfName(name)],
    owners: addresses.flatMap((address) => parseMailbox(address) ?? []),
  })),
);

/** An address that stands in a name, or for replies, in a domain that looks like one of ours. */
export const lookalikeDomain: Rule = ({ claims, policy }) => {
  const domains = [...namedIn(claims), ...claims.replyTo].map(({ mailbox }) => mailbox.domain);
  const shown = mentionsIn({ ...claims, from: [...claims.from, ...claims.replyTo] }).map(
    ({ domain }) => domain,
  );
  for (const domain of new Set([...domains, ...shown])) {
    const like = protectedDomain(domain, policy) ? undefined : domainLooks(policy).get(lookOfDomain(domain));
    if (like !== undefined) return { reason: 'domain-lookalike', detail: `${domain} looks like ${like}` };
  }
  return undefined;
};

const domainLooks = derived(
  ({ protected_domains }: Policy): ReadonlyMap<string, string> =>
    new Map(protected_domains.map((domain) => [lookOfDomain(domain), parseDomain(domain) ?? domain])),
);

/** Octets beyond US-ASCII although the client did not say SMTPUTF8 (RFC 6531 §3.4), or that are no UTF-8. */
export const unannouncedUtf8: Rule = ({ claims: { utf8Field } }, { isSmtpUtf8 }) => {
  if (!utf8Field) return undefined;
  const isValid = !utf8Field.value.includes('\ufffd');
  if (isValid && isSmtpUtf8) return undefined;
  const why = isValid ? 'without SMTPUTF8' : 'that are no UTF-8';
  return { reason: 'header-not-ascii', detail: `${utf8Field.name} has octets beyond US-ASCII ${why}` };
};

/** Characters that cannot be seen, or turn text around, where it says who wrote a message. */
export const hiddenCharacters: Rule = ({ claims }) => {
  for (const author of namedIn(claims)) {
    const { mailbox } = author;
    const texts = [mailbox.local, ...shownBeside(author).readings];
    const hidden = texts.map(hiddenIn).find((found) => found !== undefined);
    if (hidden !== undefined)
      return { reason: 'hidden-characters', detail: `${formatMailbox(mailbox)}: ${hidden}` };
  }
  return undefined;
};

/** A field of its own to whoever trims continuation lines, or takes other characters than CR LF for the end of a line. */
const foldedField = /(?:^[ \t]+|[\v\f\x1c-\x1e\u0085\u2028\u2029][ \t]*)(?:from|sender)[ \t]*:(.*)/is;

/** An author who stands in a continuation line. */
export const foldedAuthor: Rule = (mail, { headerLines }) => {
  for (const line of headerLines) {
    const [, value] = foldedField.exec(line) ?? [];
    const named = value === undefined ? [] : addressesIn(value);
    const other = named.find(({ mailbox }) => !(mailbox && mayStand(mailbox, 'from', mail)));
    if (other)
      return { reason: 'header-malformed', detail: `a continuation line reads as From: ${other.text}` };
  }
  return undefined;
};

function mentionsIn(claims: Claims) {
  return namedIn(claims).flatMap((author) => shownBeside(author).mentions);
}

/** What SMTP has nowhere, in mail that nobody logged in for; in that of others it makes the header malformed. */
export function decideOctets({ identity, strayOctet }: MessageFacts): Verdict {
  if (identity) return skip('judged by sender/header');
  return strayOctet === undefined ? pass : refuse('octets-stray', strayOctet);
}
