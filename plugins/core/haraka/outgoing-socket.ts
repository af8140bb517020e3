import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls';
import { isFor } from '../certificate/names.ts';
import { certificateFault, type Presented } from '../outgoing-tls/certificate.ts';
import { TlsGuard } from '../outgoing-tls/guard.ts';
import type { TlsFault, TlsRule } from '../outgoing-tls/rule.ts';
import {
  guardSocket,
  leastVersion,
  withoutOwnOptions,
  type Done,
  type TlsChoice,
  type Upgrade,
} from './guarded-socket.ts';
import type { Plugin, RemoteSocket } from './types.ts';

/** A server that a message is to be handed to. */
export interface OutgoingSession {
  /** Its name, or its address where it has none. */
  readonly server: string;
  readonly rules: readonly TlsRule[];
  /** It did not meet some of them. */
  readonly failed: (rules: readonly TlsRule[], fault: TlsFault) => void;
  /** It offers no TLS. */
  readonly inClear: () => void;
  /** TLS stands, and the certificate meets all that is enforced; whether Haraka would think so, too. */
  readonly secured: (isValid: boolean) => void;
}

/** Sockets whose certificates TLSA records are about. */
const byTlsa = new WeakSet<RemoteSocket>();

/** Whether the certificate of the server is verified: by authorities and its name, or by TLSA records. */
export function isVerified(socket: RemoteSocket): boolean {
  return socket.cleartext?.authorized === true || byTlsa.has(socket);
}

/** Puts a guard between Haraka and a socket to a server, which must meet the rules before it hears of a message. */
export function guardServer(plugin: Plugin, session: OutgoingSession, socket: RemoteSocket): void {
  const isGivenUp: GiveUp = (rules, fault) => {
    if (rules.length > 0) session.failed(rules, fault);
    const isOver = rules.some(({ isEnforced }) => isEnforced);
    // Haraka tries the next one.
    if (isOver) socket.emit('error', new Error(fault.why));
    return isOver;
  };
  const guard = guardOf(session, isGivenUp);
  const upgrade: Upgrade = (options, done, begin) => {
    const judged: Done = (isValid, code, ...facts) => {
      const shown = { chain: chainOf(socket.cleartext), isValid: isValid === true, code: String(code) };
      if (isWanting(session, shown, guard, isGivenUp)) return;
      if (session.rules.some(({ certificate }) => typeof certificate === 'object')) byTlsa.add(socket);
      session.secured(shown.isValid);
      done(isValid, code, ...facts);
    };
    const ours = guard.demandsTls ? { minVersion: leastVersion(options) } : {};
    const all = { ...options, ...ours, ...optionsFor(session), rejectUnauthorized: false };
    withoutOwnOptions(plugin, () => begin(all, judged));
  };
  guardSocket(socket, () => guard, upgrade);
}

/** Tells of rules that are not met; whether that is the end of the connection. */
type GiveUp = (rules: readonly TlsRule[], fault: TlsFault) => boolean;

function guardOf({ rules, inClear }: OutgoingSession, isGivenUp: GiveUp): TlsGuard {
  const requiring = rules.filter(({ requiretls }) => requiretls);
  return new TlsGuard(
    {
      lacksTls: (fault) => {
        inClear();
        return isGivenUp(rules, fault);
      },
      lacksRequiretls: () =>
        isGivenUp(requiring, { type: 'validation-failure', why: 'offers no REQUIRETLS' }),
    },
    { isStrict: rules.some(({ isEnforced }) => isEnforced), asksRequiretls: requiring.length > 0 },
  );
}

/** Judges the certificate by each rule, and tells of those that it does not meet; whether that is the end of the connection. */
function isWanting(
  { rules, failed }: OutgoingSession,
  shown: Presented,
  guard: TlsGuard,
  isGivenUp: GiveUp,
): boolean {
  const faults = rules.flatMap((rule) => {
    const fault = certificateFault(rule, shown);
    return fault ? [{ rule, fault }] : [];
  });
  const fatal = faults.find(({ rule }) => rule.isEnforced);
  for (const { rule, fault } of faults) if (rule !== fatal?.rule) failed([rule], fault);
  if (!fatal) return false;
  guard.giveUp();
  return isGivenUp([fatal.rule], fatal.fault);
}

/** An address is verified as such, by the addresses that a certificate names; by TLSA records the server may have another name (RFC 7672 §8.1). */
function optionsFor({ server, rules }: OutgoingSession): TlsChoice {
  const anchors = rules.map(({ certificate }) => certificate).find((each) => typeof each === 'object');
  return {
    ...(anchors && { servername: anchors.host }),
    checkServerIdentity: (_host: string, { raw }: PeerCertificate) =>
      isFor(server, new X509Certificate(raw))
        ? undefined
        : Object.assign(new Error('the certificate is for another name'), {
            code: 'ERR_TLS_CERT_ALTNAME_INVALID',
          }),
  };
}

/** As the server has shown them; what it has not shown, and Node.js knows, may follow. */
function chainOf(tls: TLSSocket | undefined): readonly Buffer[] {
  const chain: Buffer[] = [];
  // Of a certificate that is not there the rest is missing, too.
  let next: Partial<DetailedPeerCertificate> | undefined = tls?.getPeerCertificate(true);
  while (next?.raw) {
    const { raw } = next;
    if (chain.some((each) => each.equals(raw))) break;
    chain.push(raw);
    next = next.issuerCertificate;
  }
  return chain;
}
