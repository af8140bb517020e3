import type { MailFacts } from '../core/haraka/facts/envelope.ts';
import type { InPlaceOf, Publication, Told } from '../core/haraka/publication.ts';
import { spfPluginName, spfPluginResults } from '../core/haraka/spf-plugin.ts';
import { authenticationResult } from '../core/spf/authentication-results.ts';
import { receivedSpf, type SpfFacts } from '../core/spf/received-spf.ts';
import type { SpfOutcome } from '../core/spf/result.ts';
import { senderOf } from './evidence.ts';
import type { Client } from './received.ts';
import type { SpfEvidence } from '../core/inbound/spf.ts';

/** What SPF said of a message, for its readers and for other plugins. */
export function spfPublication(
  { ip, helo }: Client,
  evidence: SpfEvidence,
  facts: Pick<MailFacts, 'sender' | 'receiver'>,
  isOwnClient: boolean,
): Publication {
  const sender = facts.sender.isNull ? '' : senderOf(facts.sender);
  const about = { ip, helo, sender, receiver: facts.receiver };
  const told = decisive(evidence).map(({ outcome, identity }) => ({
    outcome,
    about: { ...about, identity },
  }));
  return {
    fields: told.map((each) => ({ name: 'Received-SPF', value: receivedSpf(each.outcome, each.about) })),
    authentication: told.map((each) => authenticationResult(each.outcome, each.about)),
    inPlaceOf: asSpfPlugin(evidence, helo, facts.sender.text, isOwnClient),
  };
}

interface Identified {
  readonly outcome: SpfOutcome;
  readonly identity: NonNullable<SpfFacts['identity']>;
}

/**
 * MAIL FROM, or HELO where the sender is null (RFC 7208 §2.4); HELO before it where that fails, since it decides then.
 * No other result of HELO is told beside that of MAIL FROM: who reads the first he finds would take it for the sender's.
 */
function decisive({ helo, mailFrom }: SpfEvidence): Identified[] {
  const ofHelo: Identified = { outcome: helo, identity: 'helo' };
  if (!mailFrom) return [ofHelo];
  const ofSender: Identified = { outcome: mailFrom, identity: 'mailfrom' };
  return helo.result === 'fail' ? [ofHelo, ofSender] : [ofSender];
}

/** The notes and results of haraka-plugin-spf 1.3; of HELO only where the connection is the client's own. */
function asSpfPlugin(
  { helo, mailFrom }: SpfEvidence,
  heloName: string,
  sender: string,
  isOwnClient: boolean,
): InPlaceOf {
  const at = sender.lastIndexOf('@');
  const domain = sender.slice(at + 1).toLowerCase();
  return {
    plugin: spfPluginName,
    ...(isOwnClient && { session: sessionTold(helo, heloName) }),
    ...(mailFrom && at !== -1 && { message: messageTold(mailFrom, domain) }),
    ...(isOwnClient && mailFrom?.result === 'pass' && { messageInSession: { pass: domain } }),
  };
}

function sessionTold({ result }: SpfOutcome, domain: string): Told {
  // The plugin does not look at an address literal.
  if (domain.startsWith('[')) return { notes: {}, results: { skip: 'helo(ip_literal)' } };
  const { code, word } = spfPluginResults[result];
  const pass = result === 'pass' && { pass: domain };
  return { notes: { spf_helo: code }, results: { scope: 'helo', result: word, domain, ...pass } };
}

function messageTold(outcome: SpfOutcome, domain: string): Told {
  const { word: result } = spfPluginResults[outcome.result];
  const record = (outcome.record ?? outcome.trace.record ?? '').toLowerCase();
  return {
    notes: { spf_mail_result: result, spf_mail_record: record },
    results: { scope: 'mfrom', result, domain },
  };
}
