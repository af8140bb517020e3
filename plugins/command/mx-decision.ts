import type { Dns } from '../core/dns/dns.ts';
import { excused, partnersFor } from '../core/inbound/partner.ts';
import { protectedDomainOf, type SenderText } from '../core/inbound/protected.ts';
import { actionsOn, decideImpersonation, decideSpf, type SpfEvidence } from '../core/inbound/spf.ts';
import { partnerOf } from '../core/partners.ts';
import { peerAt } from '../core/peers.ts';
import { replies, type Reason } from '../core/replies.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Mode } from '../core/words.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { Verdict } from '../core/verdict.ts';

/** What SPF of a client comes to at MAIL on a port where nobody logs in. */
export interface MxDecision {
  readonly port: number;
  readonly action: 'accept' | 'refuse' | 'defer';
  readonly check?: string;
  readonly reason?: Reason;
  /** With `observe` the verdict is withheld. */
  readonly mode?: Mode;
  readonly why: string;
}

/** Decides as gatekeeper/sender does at MAIL, for each port of the role mx. */
export async function decideOnMx(
  ip: string,
  sender: SenderText,
  evidence: SpfEvidence,
  dns: Dns,
  policy: Policy,
): Promise<readonly MxDecision[]> {
  const mxPorts = portsOfMx(policy);
  const peer = peerAt(ip, policy);
  if (peer) {
    const why = `${ip} is ${peer.name} of ${peer.kind}s: mail from there is not judged by its address`;
    return mxPorts.map((port) => ({ port, action: 'accept', why }));
  }
  const excuse = async (verdict: Verdict, domain: string | undefined): Promise<Verdict> => {
    if (verdict.kind !== 'refuse' && verdict.kind !== 'defer') return verdict;
    const partners = partnersFor(domain, policy, new Date());
    return excused(verdict, await partnerOf(ip, partners, dns, policy.deadline_seconds * 1000));
  };
  const domain = protectedDomainOf(sender, policy);
  const impersonation = await excuse(decideImpersonation(evidence, sender, policy), domain);
  const judged: Judged[] =
    domain === undefined
      ? []
      : [
          {
            check: 'sender/impersonation',
            verdict: impersonation,
            mode: modeInForce(policy.sender.mode, policy),
          },
        ];
  const mode = modeInForce(policy.spf.mode, policy);
  return Promise.all(
    mxPorts.map(async (port) => {
      const verdict = await excuse(decideSpf(evidence, sender, actionsOn(port, policy), policy), undefined);
      return decide(port, [...judged, { check: 'sender/spf', verdict, mode }]);
    }),
  );
}

/** Those that the settings list; without any it is port 25. */
function portsOfMx({ roles, listeners }: Policy): readonly number[] {
  if (!roles.includes('mx')) return [];
  const listed = listeners.flatMap(({ port, role }) => (role === 'mx' ? [port] : []));
  return listed.length > 0 ? listed : [25];
}

interface Judged {
  readonly check: string;
  readonly verdict: Verdict;
  readonly mode: Mode;
}

/** The first verdict that is enforced decides, else the first that would be. */
function decide(port: number, all: readonly Judged[]): MxDecision {
  const judged = all.filter(({ mode }) => mode !== 'off');
  const adverse = judged.flatMap(({ check, verdict, mode }): MxDecision[] => {
    if (verdict.kind !== 'refuse' && verdict.kind !== 'defer') return [];
    return [{ port, action: verdict.kind, check, reason: verdict.reason, mode, why: whyOf(verdict) }];
  });
  const decisive = adverse.find(({ mode }) => mode === 'enforce') ?? adverse[0];
  if (decisive) return decisive;
  const [first] = judged;
  return { port, action: 'accept', why: first ? whyOf(first.verdict) : 'sender.mode and spf.mode are off' };
}

function whyOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'pass':
      return 'SPF pass';
    case 'skip':
    case 'defer':
      return verdict.because;
    case 'refuse':
      return verdict.detail ?? verdict.reason;
  }
}

/** In a line for people. */
export function decisionText({ action, check, reason, mode, why }: MxDecision): string {
  if (action === 'accept' || !reason) return `goes on: ${why}`;
  const { code, status, text } = replies[reason];
  const cause = `${check}: ${why}`;
  if (mode === 'observe')
    return `goes on, would be answered ${code} ${status} (${cause}; its mode is observe)`;
  return `${code} ${status} ${text} (${cause})`;
}
