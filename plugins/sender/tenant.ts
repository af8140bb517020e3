import { isInForce } from '../core/expiry.ts';
import type { MessageFacts } from '../core/haraka/facts/message.ts';
import type { Identity } from '../core/identity.ts';
import { parseHeader, type HeaderField, type Malformed } from '../core/message/header.ts';
import type { Policy } from '../core/settings/settings.ts';
import { claimedTenant } from '../core/tenant/claims.ts';
import { identityOfTenant } from '../core/tenant/identity.ts';
import { defer, pass, refuse, skip, type Verdict } from '../core/verdict.ts';
import { decideEnvelope } from './envelope.ts';
import { decideForward } from './forward.ts';
import { decideHeader } from './header.ts';

/**
 * Whose message it is that a server of a provider brings: after it, the message is that of a tenant, or of whoever sends mail to
 * everybody. The first may be for local recipients; where others were accepted meanwhile, it has to be proven.
 */
export function decideTenant(facts: MessageFacts, policy: Policy, now: Date): Verdict {
  const { tenancy } = facts.client;
  const names = tenancy?.kind === 'provisional' ? tenancy.tenants : [];
  const tenants = policy.tenants.filter((each) => names.includes(each.name) && isInForce(each, now));
  const fields = fieldsOf(facts);
  if ('malformed' in fields) return unproven(facts, refuse('tenant-unproven', fields.malformed));
  const { tenant, fault } = claimedTenant(fields, tenants);
  if (!tenant || fault !== undefined) return unproven(facts, refuse('tenant-unproven', fault));
  const identity = identityOfTenant(tenant);
  const adverse = adverseOf({ ...facts, identity }, identity, policy);
  if (adverse) return unproven(facts, adverse);
  facts.proveTenant(identity);
  return pass;
}

function fieldsOf({
  headerLines,
  isHeaderWhole,
  strayOctet,
}: MessageFacts): readonly HeaderField[] | Malformed {
  if (strayOctet !== undefined) return { malformed: strayOctet };
  if (!isHeaderWhole) return { malformed: 'more header lines than are read' };
  return parseHeader(headerLines);
}

/**
 * A signature of its own, and addresses that are its own in the envelope and in the header: part of the proof, and so
 * without a mode.
 */
function adverseOf(facts: MessageFacts, identity: Identity, policy: Policy): Verdict | undefined {
  const verdicts = [
    () => decideSignature(facts.dkim, identity),
    () => decideEnvelope(facts, policy),
    () => decideHeader(facts, policy),
    () => (identity.forwards === 'enforce' ? decideForward(facts, policy) : pass),
  ];
  for (const decide of verdicts) {
    const verdict = decide();
    if (verdict.kind === 'refuse' || verdict.kind === 'defer') return verdict;
  }
  return undefined;
}

/** Of one of its domains, or one below: whoever is above may sign for others, too. */
function decideSignature({ good, unknown }: MessageFacts['dkim'], { name, domains }: Identity): Verdict {
  const isOwn = (signer: string) => domains.some((each) => signer === each || signer.endsWith(`.${each}`));
  if (good.some(isOwn)) return pass;
  const unchecked = unknown.find(isOwn);
  if (unchecked !== undefined) return defer('dkim-temperror', `${name}: of ${unchecked}`);
  const signers = good.length === 0 ? 'there is none' : `those are of ${good.join(', ')}`;
  return refuse('tenant-unsigned', `${name}: no good DKIM signature of ${domains.join(' or ')}: ${signers}`);
}

/** Mail for local recipients is not refused for it: it is then judged like that of strangers. */
function unproven({ provisional }: MessageFacts, verdict: Verdict): Verdict {
  if (provisional > 0) return verdict;
  const why = verdict.kind === 'refuse' ? verdict.detail : verdict.kind === 'defer' ? verdict.because : '';
  return skip(`mail of no tenant: ${why ?? verdict.kind}`);
}
