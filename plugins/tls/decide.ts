import type { ClientChain } from '../core/certificate/chain.ts';
import { hasSuite } from '../core/criteria/cipher-list.ts';
import {
  directoryDemands,
  domainDemands,
  generalDemand,
  lapsedExceptions,
  sessionDemands,
  type Criterion,
  type Demand,
} from '../core/criteria/criteria.ts';
import { hasForwardSecrecy, isOlder } from '../core/criteria/presets.ts';
import type { ConnectionFacts } from '../core/haraka/facts/client.ts';
import type { TlsFacts } from '../core/haraka/facts/told.ts';
import { isTlsRequired } from '../core/roles.ts';
import type { Policy } from '../core/settings/settings.ts';
import { defer, pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** What keeps a certificate from being one that is asked for. */
export interface CertificateLack {
  /** For whoever has shown it; absent: that cannot be known now. */
  readonly told?: string;
  readonly detail: string;
}

/** What a decision needs beside facts and settings. */
export interface Judge {
  readonly now: Date;
  readonly lackOf: (
    shown: ClientChain | undefined,
    entry: Criterion,
    policy: Policy,
    now: Date,
  ) => CertificateLack | undefined;
}

/**
 * TLS is required on submission (RFC 8314 §3.3) and, unless set otherwise, opportunistic on a public MX, which must not
 * require it (RFC 3207 §4). Judges what was negotiated, not what the listener was told to offer; all that is asked has to
 * hold, and so the strictest.
 */
export function decideTls(facts: ConnectionFacts, policy: Policy, judge: Judge): Verdict {
  const { listener, tls, identity } = facts;
  const asked = identity ? directoryDemands(identity, policy, judge.now) : { demands: [], unknown: [] };
  if (asked.unknown.length > 0) return defer('tls-criteria-unclear', unknownNames(asked.unknown));
  const demands = [...sessionDemands(placeOf(facts), policy, judge.now), ...asked.demands];
  const isRequired = isTlsRequired(listener.role, policy);
  if (!tls) return decideClear(facts, demands, isRequired);
  const { registration } = facts.client;
  if (registration?.standing === 'in-clear') return refuse('tls-missing', registration.lapsed);
  if (isRequired) demands.unshift(generalDemand(placeOf(facts), policy, judge.now));
  if (demands.length === 0) return skip('TLS is opportunistic on MX');
  return judged(demands, { facts, policy, judge, about: '' });
}

function decideClear({ client }: ConnectionFacts, demands: readonly Demand[], isRequired: boolean): Verdict {
  const { registration } = client;
  if (registration?.standing === 'in-clear') return refuse('tls-missing', registration.lapsed);
  if (demands.length > 0) return refuse('tls-missing', `asked for by ${namesOf(demands)}`);
  if (registration?.standing === 'valid')
    return skip(`registered network ${registration.name} may send in clear`);
  return isRequired ? refuse('tls-missing') : skip('TLS is opportunistic on MX');
}

/** Mail from these domains, A-labels, comes over TLS as somebody has agreed with their owners, or not at all. */
export function decideDomains(
  domains: readonly string[],
  facts: ConnectionFacts,
  policy: Policy,
  judge: Judge,
): Verdict {
  const { client } = facts;
  if (client.peer?.kind === 'node') return skip(`judged by ${client.peer.name}, when it was accepted`);
  const verdicts = [...new Set(domains)].flatMap((domain) => {
    const demands = domainDemands(domain, placeOf(facts), policy, judge.now);
    return demands.length === 0 ? [] : [judged(demands, { facts, policy, judge, about: domain })];
  });
  if (verdicts.length === 0) return skip('no domain that asks for any TLS');
  return worst(verdicts);
}

/** As the two above, for a message: whether it is a tenant's turns out with its header. */
export function decideAuthors(
  domains: readonly string[],
  facts: ConnectionFacts,
  policy: Policy,
  judge: Judge,
): Verdict {
  const ofDomains = decideDomains(domains, facts, policy, judge);
  if (facts.identity?.proof !== 'tenant') return ofDomains;
  return worst([ofDomains, decideTls(facts, policy, judge)]);
}

interface Scene {
  readonly facts: ConnectionFacts;
  readonly policy: Policy;
  readonly judge: Judge;
  /** The domain in question; empty where it is the session. */
  readonly about: string;
}

function judged(demands: readonly Demand[], scene: Scene): Verdict {
  return worst(demands.map((demand) => judgedBy(demand, scene)));
}

/** A decision before trouble: what is refused for good need not come again. */
function worst(verdicts: readonly Verdict[]): Verdict {
  const refused = verdicts.find(({ kind }) => kind === 'refuse');
  return refused ?? verdicts.find(({ kind }) => kind === 'defer') ?? pass;
}

function judgedBy(demand: Demand, scene: Scene): Verdict {
  const { facts, policy, judge, about } = scene;
  const lack = facts.tls ? lackOf(facts.tls, demand) : 'TLS is needed, and this connection is in clear';
  const who = about === '' ? demand.by : `${demand.by}: ${about}`;
  if (lack !== undefined) return below(lack, `${who}: ${lack}`, scene);
  if (!demand.certificate) return pass;
  const fault = judge.lackOf(facts.certificate(), demand.certificate, policy, judge.now);
  if (!fault) return pass;
  const { told, detail } = fault;
  if (told === undefined) return defer('tls-criteria-unclear', `${who}: ${detail}`);
  return below(told, `${who}: ${detail}`, scene);
}

/** The exceptions that would have let it pass until lately stand beside it. */
function below(told: string, detail: string, { facts, policy, judge, about }: Scene): Verdict {
  const lapsed = about === '' ? lapsedExceptions(placeOf(facts), policy, judge.now) : [];
  const whose = /^[\x21-\x7e]+$/.test(about) ? `mail from ${about}: ` : '';
  return refuse('tls-below-criteria', [detail, ...lapsed].join('; '), `${whose}${told}`);
}

/** What a connection lacks, in words for both sides. */
function lackOf(tls: TlsFacts, { minVersion, ciphers, forwardSecrecy, sni }: Demand): string | undefined {
  const { version, cipher, serverName } = tls;
  if (minVersion && isOlder(version, minVersion)) return `${minVersion} or newer is needed, not ${version}`;
  if (forwardSecrecy && !hasForwardSecrecy(tls)) return `forward secrecy is needed, ${cipher} has none`;
  if (ciphers !== undefined && !hasSuite(ciphers, cipher)) return `cipher suite ${cipher} is not accepted`;
  return sni && serverName === undefined
    ? 'the client has to name the server that it means (SNI)'
    : undefined;
}

function placeOf({ client, listener, identity }: ConnectionFacts) {
  return { port: listener.port, address: client.address, identity };
}

function namesOf(demands: readonly Demand[]): string {
  return demands.map(({ by }) => by).join(', ');
}

function unknownNames(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 100)));
  return `directory.tls_attribute: ${shown.join(', ')} is no entry of tls_criteria, and no preset`;
}
