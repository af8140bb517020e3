import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import type { Published } from './recipient-world.ts';
import { plainly } from './servers-of-domains.ts';
import type { Letter } from './traffic.ts';

/** Mail for a domain, and what becomes of it. */
export interface Case extends Published {
  readonly it: string;
  /** What its sender says besides. */
  readonly letter?: Partial<Letter>;
  /** Which of the servers takes the mail. */
  readonly takes?: number;
  /** By which policy, in the event of the delivery. */
  readonly by?: GatekeeperEvent['tls_policy'];
  /** What its sender reads, where none does, and with which status. */
  readonly says?: RegExp;
  readonly status?: string;
  /** Reasons of events of TLS that failed. */
  readonly fails?: readonly string[];
}

const enforce = { mode: 'enforce' } as const;
const promising = { wrong: { keywords: ['REQUIRETLS'] } };
const asking = { letter: { parameters: ' REQUIRETLS' } };

export const cases: Readonly<Record<string, Case>> = {
  none: { it: 'no policy', servers: [plainly], takes: 0, by: 'no-policy-found' },
  good: { it: 'a policy that is met', servers: [{}], sts: enforce, takes: 0, by: 'sts' },
  plain: {
    ...{ it: 'a policy, and no STARTTLS', servers: [plainly], sts: enforce },
    says: /TLS with a verified certificate is required by the MTA-STS policy of plain\.dns\.example, and no server offers it: mx0\.plain\.dns\.example: offers no STARTTLS/,
    fails: ['starttls-not-supported'],
  },
  stripped: {
    ...{ it: 'a policy, and STARTTLS refused', servers: [{ wrong: { startTls: '454 4.7.0 No' } }] },
    ...{ sts: enforce, says: /refuses STARTTLS: 454 4\.7\.0 No/, fails: ['starttls-not-supported'] },
  },
  injected: {
    ...{ it: 'a policy, and commands injected behind the answer to STARTTLS', sts: enforce },
    servers: [{ wrong: { injected: '250-x\r\n250 SIZE\r\n' } }],
    ...{ says: /says something in clear where TLS begins/, fails: ['validation-failure'] },
  },
  old: {
    ...{ it: 'a policy, and TLS 1.1', servers: [{ wrong: { newest: 'TLSv1.1' } }], sts: enforce },
    ...{ says: /mx0\.old\.dns\.example: TLS fails: /, fails: ['validation-failure'] },
  },
  stranger: {
    ...{ it: 'a policy, and a certificate of a stranger', servers: [{ certificate: 'of a stranger' }] },
    ...{ sts: enforce, says: /its certificate is not trusted/, fails: ['certificate-not-trusted'] },
  },
  expired: {
    ...{ it: 'a policy, and a certificate that has expired', servers: [{ certificate: 'expired' }] },
    ...{ sts: enforce, says: /its certificate has expired/, fails: ['certificate-expired'] },
  },
  other: {
    ...{ it: 'a policy, and a certificate of another name', servers: [{ certificate: 'of another name' }] },
    ...{ sts: enforce, says: /its certificate is for another name/, fails: ['certificate-host-mismatch'] },
  },
  unnamed: {
    ...{ it: 'a server that the policy does not name', servers: [{}] },
    sts: { mode: 'enforce', mx: 'mail.unnamed.dns.example' },
    says: /mx0\.unnamed\.dns\.example: the MTA-STS policy does not name it/,
    fails: ['validation-failure'],
  },
  second: {
    ...{ it: 'two servers, of which the policy names one', servers: [{}, {}] },
    ...{ sts: { mode: 'enforce', mx: 'mx1.second.dns.example' }, takes: 1, by: 'sts' },
    fails: ['validation-failure'],
  },
  literal: {
    ...{ it: 'an MX that is an address', servers: [{}], isLiteral: true },
    sts: enforce,
    says: /127\.9\.\d+\.1: the MTA-STS policy does not name it/,
  },
  testing: {
    ...{ it: 'a policy that is tested, and not met', servers: [plainly] },
    ...{ sts: { mode: 'testing' }, takes: 0, fails: ['starttls-not-supported'] },
  },
  gone: {
    ...{ it: 'a policy that cannot be had', servers: [plainly], sts: { mode: 'enforce', isGone: true } },
    ...{ takes: 0, by: 'no-policy-found', fails: ['sts-policy-fetch-error'] },
  },
  wrong: {
    ...{ it: 'a record that is none', servers: [plainly], sts: { mode: 'enforce', txt: 'v=STSv1; id=a b;' } },
    ...{ takes: 0, by: 'no-policy-found' },
  },
  anyway: {
    ...{ it: 'a policy that the sender does not want to wait for', servers: [plainly], sts: enforce },
    ...{ letter: { fields: 'TLS-Required: No\r\n' }, takes: 0 },
  },
  dane: {
    ...{
      it: 'a TLSA record about its certificate',
      servers: [{ certificate: 'of a stranger', tlsa: 'good' }],
    },
    ...{ isSigned: true, takes: 0, by: 'tlsa' },
  },
  'dane-expired': {
    ...{ it: 'the same, expired', servers: [{ certificate: 'expired', tlsa: 'good' }] },
    ...{ isSigned: true, takes: 0, by: 'tlsa' },
  },
  'dane-wrong': {
    ...{ it: 'a TLSA record about another certificate', servers: [{ tlsa: 'wrong' }], isSigned: true },
    says: /required by the TLSA records of mx0\.dane-wrong\.dns\.example, and no server offers it: .*no TLSA record is about a certificate that it shows \(DANE\)/,
    fails: ['validation-failure'],
  },
  'dane-plain': {
    ...{ it: 'a TLSA record, and no STARTTLS', servers: [{ ...plainly, tlsa: 'good' }], isSigned: true },
    ...{ says: /mx0\.dane-plain\.dns\.example: offers no STARTTLS/, fails: ['starttls-not-supported'] },
  },
  'dane-hidden': {
    ...{ it: 'TLSA records that cannot be had, and a second server', isSigned: true },
    ...{ servers: [{ tlsa: 'SERVFAIL' }, { tlsa: 'good' }], takes: 1, by: 'tlsa', fails: ['dnssec-invalid'] },
  },
  'dane-unsigned': {
    ...{ it: 'a TLSA record that is not authenticated', servers: [{ ...plainly, tlsa: 'wrong' }] },
    ...{ takes: 0, by: 'no-policy-found' },
  },
  'dane-first': {
    ...{ it: 'TLSA records that are met, and a policy that is not', isSigned: true, sts: enforce },
    ...{ servers: [{ certificate: 'of a stranger', tlsa: 'good' }], takes: 0, by: 'tlsa' },
  },
  requiretls: {
    ...{ it: 'REQUIRETLS, and a server that promises it', servers: [promising], sts: enforce },
    ...{ ...asking, takes: 0, by: 'sts' },
  },
  'requiretls-signed': {
    ...{ it: 'the same by DANE', servers: [{ ...promising, certificate: 'of a stranger', tlsa: 'good' }] },
    ...{ isSigned: true, ...asking, takes: 0, by: 'tlsa' },
  },
  'requiretls-missing': {
    ...{ it: 'REQUIRETLS, and a server that does not know it', servers: [{}], sts: enforce, ...asking },
    says: /is required by REQUIRETLS, and no server offers it: mx0\.requiretls-missing\.dns\.example: offers no REQUIRETLS/,
    status: '5.7.30',
  },
  'requiretls-forged': {
    ...{ it: 'REQUIRETLS, and a server that nobody vouches for', servers: [promising], ...asking },
    says: /neither MTA-STS nor DNSSEC says that it is a server of requiretls-forged\.dns\.example/,
    status: '5.7.30',
  },
};

export const domainOf = (name: string) => `${name}.dns.example`;
export const domains = new Map(Object.entries(cases).map(([name, each]) => [domainOf(name), each] as const));
