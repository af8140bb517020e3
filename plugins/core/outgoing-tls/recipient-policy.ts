import { findTlsa } from '../dane/find.ts';
import { referenceNames, type FoundMx } from '../dane/mx.ts';
import { textOf, usable, type DaneAnchors } from '../dane/tlsa.ts';
import type { Dns } from '../dns/dns.ts';
import type { StsResult } from '../mta-sts/mta-sts.ts';
import { allowsMx } from '../mta-sts/policy.ts';
import type { TlsDemand, TlsRule } from './rule.ts';

/** What a recipient's domain publishes of the TLS of its servers, as far as it was looked for. */
export interface RecipientPolicy {
  readonly domain: string;
  /** MTA-STS; whether what it demands is enforced here. */
  readonly sts?: { readonly found: StsResult; readonly isEnforced: boolean };
  /** DANE: by a DNS that is believed what it says of authenticity. */
  readonly dane?: { readonly mx: FoundMx; readonly dns: Dns; readonly isEnforced: boolean };
}

/** What is known of one server. */
interface ServerPolicy {
  readonly rules: readonly TlsRule[];
  /** It is a server of the domain: DNSSEC or MTA-STS says so (RFC 8689 §4.2.1). */
  readonly isProven: boolean;
  /** By which its certificate is as good as one that is valid. */
  readonly anchors?: DaneAnchors;
}

/** Where mail for servers is handed to. */
const smtpPort = 25;

/** Whether some server may have to meet something. */
export function isDemanding({ sts, dane }: RecipientPolicy): boolean {
  const bySts = sts?.isEnforced && sts.found.kind === 'policy' && sts.found.policy.mode === 'enforce';
  return bySts === true || dane?.isEnforced === true;
}

/** What is demanded anyhow, where nobody looks for what the recipient demands; nothing, where any server will do. */
export function ownDemand(own: readonly TlsRule[]): TlsDemand | undefined {
  return own.length > 0 ? { isLookedUp: false, rulesFor: () => own } : undefined;
}

/** Joins what is demanded anyhow and what the recipient demands. */
export function demandOf(own: readonly TlsRule[], recipient: RecipientPolicy): TlsDemand {
  return {
    isLookedUp: recipient.sts !== undefined || recipient.dane !== undefined,
    rulesFor: async (server) => {
      const policy = await policyOf(server, recipient);
      return [...own.map((rule) => ofServer(rule, policy, recipient.domain)), ...policy.rules];
    },
  };
}

/** A rule of ours as it is for a server that the DNS names. */
function ofServer(rule: TlsRule, { isProven, anchors }: ServerPolicy, domain: string): TlsRule {
  if (rule.requiretls && rule.isEnforced && !isProven) {
    const why = `neither MTA-STS nor DNSSEC says that it is a server of ${domain}`;
    return { ...rule, fault: { type: 'validation-failure', why } };
  }
  return rule.certificate === 'valid' && anchors ? { ...rule, certificate: anchors } : rule;
}

async function policyOf(server: string, recipient: RecipientPolicy): Promise<ServerPolicy> {
  const byDane = await daneOf(server, recipient);
  // Where all of the way to the certificate is authenticated there is nothing that MTA-STS could add.
  if (byDane.anchors) return byDane;
  const bySts = stsOf(server, recipient);
  return {
    rules: [...byDane.rules, ...bySts.rules],
    isProven: byDane.isProven || bySts.isProven,
  };
}

function stsOf(server: string, { domain, sts }: RecipientPolicy): ServerPolicy {
  if (sts?.found.kind !== 'policy' || sts.found.policy.mode === 'none') return nothing;
  const { policy } = sts.found;
  const isNamed = allowsMx(policy, server);
  const isEnforced = sts.isEnforced && policy.mode === 'enforce';
  const rule: TlsRule = {
    by: `the MTA-STS policy of ${domain}`,
    ...{ isEnforced, certificate: 'valid', policy: { type: 'sts', text: policy.text } },
    // RFC 8461 §4.1.
    ...(!isNamed && { fault: { type: 'validation-failure', why: 'the MTA-STS policy does not name it' } }),
  };
  return { rules: [rule], isProven: isNamed };
}

const nothing: ServerPolicy = { rules: [], isProven: false };

async function daneOf(server: string, { dane }: RecipientPolicy): Promise<ServerPolicy> {
  if (dane?.mx.kind !== 'hosts') return nothing;
  const { mx, dns, isEnforced } = dane;
  const found = await findTlsa(dns, server, smtpPort, mx.isSecure);
  const common = { by: `the TLSA records of ${server}`, isEnforced } as const;
  switch (found.kind) {
    case 'none':
      return { rules: [], isProven: mx.isSecure };
    case 'failed': {
      const fault = { type: 'dnssec-invalid', why: `its TLSA records cannot be had (${found.why})` } as const;
      const policy = { type: 'tlsa', text: [] } as const;
      return { rules: [{ ...common, certificate: 'any', policy, fault }], isProven: mx.isSecure };
    }
    case 'secure': {
      const { records, host } = found;
      const anchors = { host, records, names: referenceNames(mx, host) };
      const policy = { type: 'tlsa', text: records.map(textOf) } as const;
      // RFC 7672 §2.2.1: whoever has forged the MX may have named a host of his own.
      const isWhole = isEnforced && mx.isSecure && usable(records).length > 0;
      return {
        rules: [{ ...common, certificate: anchors, policy }],
        ...{ isProven: mx.isSecure, ...(isWhole && { anchors }) },
      };
    }
  }
}
