import type { SessionFacts, TlsFacts } from '../core/haraka/session.ts';
import { isTlsRequired } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/**
 * TLS is required on submission (RFC 8314 §3.3) and, unless set otherwise, opportunistic on a public MX, which
 * must not require it (RFC 3207 §4). Judges what was negotiated, not what the listener was told to offer.
 */
export function decideTls({ client, listener, tls }: SessionFacts, policy: Policy): Verdict {
  const { registration } = client;
  if (registration?.standing === 'in-clear') return refuse('tls-missing', registration.lapsed);
  if (!tls && registration?.standing === 'valid')
    return skip(`registered network ${registration.name} may send in clear`);
  if (!isTlsRequired(listener.role, policy)) return skip('TLS is opportunistic on MX');
  if (!tls) return refuse('tls-missing');
  const lack = criterionMissed(tls, policy.tls.min_version);
  return lack === undefined ? pass : refuse('tls-below-criteria', lack);
}

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

function criterionMissed({ version, cipher }: TlsFacts, oldest: string): string | undefined {
  if (versions.indexOf(version) < versions.indexOf(oldest))
    return `${oldest} or newer is needed, not ${version}`;
  // RFC 9325 §4.1: key exchange without forward secrecy must not be negotiated. All suites of TLS 1.3 have it.
  const hasForwardSecrecy = version === 'TLSv1.3' || /^(?:ECDHE|DHE)-/.test(cipher);
  return hasForwardSecrecy ? undefined : `forward secrecy is needed, ${cipher} has none`;
}
