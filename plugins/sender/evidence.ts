import type { Dns } from '../core/dns/dns.ts';
import type { MailFacts } from '../core/haraka/facts/envelope.ts';
import { partnersFor } from '../core/inbound/partner.ts';
import type { SpfEvidence } from '../core/inbound/spf.ts';
import { partnerOf, type Membership } from '../core/partners.ts';
import type { Policy } from '../core/settings/settings.ts';
import { checkHost } from '../core/spf/check-host.ts';
import type { Client } from './received.ts';

/** Parts of the deadline of a check, in milliseconds: SPF first, then a partner; the rest is for the answer. */
const spfMs = ({ deadline_seconds }: Policy) => deadline_seconds * 600;
const partnerMs = ({ deadline_seconds }: Policy) => deadline_seconds * 300;

/** Checks HELO and MAIL FROM at the same time, under one budget. Never rejects. */
export async function gatherSpf(
  { ip, helo }: Client,
  { sender, receiver }: Pick<MailFacts, 'sender' | 'receiver'>,
  dns: Dns,
  policy: Policy,
): Promise<SpfEvidence> {
  const limits = { timeout: spfMs(policy) };
  const check = (of: string) => checkHost({ ip, helo, sender: of, receiver }, dns, limits);
  const [ofHelo, mailFrom] = await Promise.all([
    check(''),
    sender.isNull ? undefined : check(senderOf(sender)),
  ]);
  return { helo: ofHelo, ...(mailFrom && { mailFrom }) };
}

/** As RFC 7208 wants it, with the local-part out of its quotes where it can be read. */
export function senderOf({ text, mailbox }: MailFacts['sender']): string {
  return mailbox ? `${mailbox.local}@${mailbox.domain}` : text;
}

/** Of which partner that may excuse it a client is; `domain` is the protected one that it uses. */
export function gatherPartner(
  ip: string,
  domain: string | undefined,
  dns: Dns,
  policy: Policy,
): Promise<Membership> {
  return partnerOf(ip, partnersFor(domain, policy, new Date()), dns, partnerMs(policy));
}
