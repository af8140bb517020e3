import type { Dns } from '../core/dns/dns.ts';
import type { MailFacts } from '../core/haraka/facts/envelope.ts';
import type { MessageFacts } from '../core/haraka/facts/message.ts';
import { excused } from '../core/inbound/partner.ts';
import { protectedDomainOf } from '../core/inbound/protected.ts';
import { isAlwaysReachable } from '../core/reachable.ts';
import { actionsOn, decideImpersonation, decideSpf, type SpfEvidence } from '../core/inbound/spf.ts';
import type { Mailbox } from '../core/mailbox.ts';
import type { Membership } from '../core/partners.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';
import { decideAuthor, protectedAuthors } from './author.ts';
import { gatherPartner, gatherSpf } from './evidence.ts';
import { originOf } from './origin.ts';
import { spfPublication } from './publish.ts';
import { relayedClient, type Client } from './received.ts';

/** The checks of mail that nobody logged in for: each gathers what only the DNS knows, and has it decided. */
export class Border {
  readonly #dns: () => Dns;

  constructor(dns: () => Dns) {
    this.#dns = dns;
  }

  /** SPF of HELO and MAIL FROM, at MAIL. */
  async spf(facts: MailFacts, policy: Policy): Promise<Verdict> {
    const client = clientAtMail(facts, policy);
    if ('kind' in client) return client;
    return unlessUnknown(facts, await this.#spf(client, facts, policy));
  }

  /** A sender of a protected domain, at MAIL. */
  async impersonation(facts: MailFacts, policy: Policy): Promise<Verdict> {
    const client = clientAtMail(facts, policy);
    if ('kind' in client) return client;
    return unlessUnknown(facts, await this.#impersonation(client, facts, policy));
  }

  /** Both, after DATA, of the client that a trusted relay had the message from. */
  async relayed(facts: MessageFacts, policy: Policy): Promise<Verdict> {
    const origin = originOf(facts, policy);
    if (origin.kind !== 'relayed') return skip('not from a trusted relay');
    const client = relayedClient(facts.headerLines, policy);
    if (!client) return unknownClient(facts, origin.by, policy);
    const impersonation = await this.#impersonation(client, facts, policy);
    return isAdverse(impersonation) ? impersonation : this.#spf(client, facts, policy);
  }

  /** SPF after DATA, of a client that might have been a tenant's, and was none. */
  async lateSpf(facts: MessageFacts, policy: Policy): Promise<Verdict> {
    return reachable(facts) ?? this.#spf(ownClient(facts), facts, policy);
  }

  /** The same of a sender of a protected domain. */
  async lateImpersonation(facts: MessageFacts, policy: Policy): Promise<Verdict> {
    return reachable(facts) ?? this.#impersonation(ownClient(facts), facts, policy);
  }

  /** Authors of a protected domain, after DATA. */
  async author(facts: MessageFacts, policy: Policy): Promise<Verdict> {
    const origin = originOf(facts, policy);
    if (origin.kind === 'judged') return skip(origin.because);
    const found = protectedAuthors(facts, policy);
    if (found.kind === 'unreadable') {
      return found.isOurs ? refuse('header-malformed', found.because) : skip(found.because);
    }
    if (found.authors.length === 0) return skip('no author of a protected domain');
    const client = origin.kind === 'client' ? ownClient(facts) : relayedClient(facts.headerLines, policy);
    if (!client) return decideAuthor(found, undefined, facts.dkim);
    return this.#authors(found.authors, client, facts, policy);
  }

  /** Domain by domain: a partner excuses the authors of its own, not whoever stands beside them. */
  async #authors(
    authors: readonly Mailbox[],
    client: Client,
    facts: MessageFacts,
    policy: Policy,
  ): Promise<Verdict> {
    const evidence = await this.#evidence(client, facts, policy);
    let excuse: Verdict | undefined;
    for (const domain of new Set(authors.map((author) => author.domain))) {
      const ofDomain = { authors: authors.filter((author) => author.domain === domain) };
      const verdict = decideAuthor(ofDomain, evidence, facts.dkim);
      const left = await this.#excused(verdict, client, domain, policy);
      if (isAdverse(left)) return left;
      if (left.kind === 'skip') excuse ??= left;
    }
    return excuse ?? pass;
  }

  async #spf(client: Client, facts: MailFacts, policy: Policy): Promise<Verdict> {
    const evidence = await this.#evidence(client, facts, policy);
    const verdict = decideSpf(evidence, facts.sender, actionsOn(facts.listener.port, policy), policy);
    return this.#excused(verdict, client, undefined, policy);
  }

  async #impersonation(client: Client, facts: MailFacts, policy: Policy): Promise<Verdict> {
    const domain = protectedDomainOf(facts.sender, policy);
    if (domain === undefined) return skip('not of a protected domain');
    const verdict = decideImpersonation(await this.#evidence(client, facts, policy), facts.sender, policy);
    return this.#excused(verdict, client, domain, policy);
  }

  #evidence(client: Client, facts: MailFacts, policy: Policy): Promise<SpfEvidence> {
    return facts.once(`spf ${client.ip} ${client.helo}`, async () => {
      const evidence = await gatherSpf(client, facts, this.#dns(), policy);
      const isOwnClient = originOf(facts, policy).kind === 'client';
      facts.publish(() => spfPublication(client, evidence, facts, isOwnClient));
      return evidence;
    });
  }

  /** A partner is only looked for when there is something to excuse. */
  async #excused(
    verdict: Verdict,
    { ip }: Client,
    domain: string | undefined,
    policy: Policy,
  ): Promise<Verdict> {
    if (!isAdverse(verdict)) return verdict;
    const membership: Membership = await gatherPartner(ip, domain, this.#dns(), policy);
    return excused(verdict, membership);
  }
}

/** Nothing can be proven for a client that the relay does not name. */
function unknownClient({ sender }: MailFacts, relay: string, policy: Policy): Verdict {
  const because = `${relay} does not say whom it has the message from`;
  if (protectedDomainOf(sender, policy) === undefined) return skip(because);
  return refuse('sender-not-owned', `${sender.text}: ${because}`);
}

/** At RCPT those who must stay reachable are asked for one by one; by now the message is for them alone, or is refused. */
function reachable({ recipients }: MessageFacts): Verdict | undefined {
  const isForThem = recipients.length > 0 && recipients.every(isAlwaysReachable);
  return isForThem ? skip('for postmaster or abuse') : undefined;
}

/** Who may be a tenant, which cannot be told now, tries again. */
function unlessUnknown({ client: { tenancy } }: MailFacts, verdict: Verdict): Verdict {
  return tenancy?.kind === 'unknown' ? excused(verdict, { unknown: tenancy.because }) : verdict;
}

function clientAtMail(facts: MailFacts, policy: Policy): Client | Verdict {
  const { tenancy } = facts.client;
  if (tenancy?.kind === 'provisional')
    return skip(`judged after DATA, unless it is of ${tenancy.tenants.join(', ')}`);
  const origin = originOf(facts, policy);
  switch (origin.kind) {
    case 'client':
      return ownClient(facts);
    case 'relayed':
      return skip(`judged after DATA, by what ${origin.by} received`);
    case 'judged':
      return skip(origin.because);
  }
}

function ownClient({ client: { address: ip }, helo }: MailFacts): Client {
  return { ip, helo };
}

function isAdverse({ kind }: Verdict): boolean {
  return kind === 'refuse' || kind === 'defer';
}
