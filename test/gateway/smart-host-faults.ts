import type { Manners } from '../support/smart-host.ts';

/** What a smart host does wrong. */
interface Fault {
  readonly it: string;
  readonly wrong: Partial<Manners>;
  /** Of the certificate; by the authority of the gateway, unless `isUntrusted`. */
  readonly certificateFor?: string;
  readonly isUntrusted?: boolean;
  /** What the log says at level CRIT. */
  readonly says: RegExp;
  /** Whether credentials may reach the server. */
  readonly isAuthenticated?: true;
}

/** Each is the fault of a server of its own, until it behaves. */
export const faults: readonly Fault[] = [
  {
    it: 'refuses-password',
    wrong: { password: 'another' },
    isAuthenticated: true,
    says: /refuses the credentials of gateway@relay\.example: 535 5\.7\.8/,
  },
  {
    ...{ it: 'repeats-password', isAuthenticated: true },
    wrong: { password: 'another', refusal: '500 5.5.2 Unknown: {line}' },
    says: /refuses the credentials of gateway@relay\.example: 500 \(what it says repeats the password\)/,
  },
  {
    it: 'busy',
    wrong: { password: 'another', refusal: '454 4.7.0 Busy' },
    isAuthenticated: true,
    says: /does not take the login of .*: 454 4\.7\.0 Busy/,
  },
  {
    it: 'refuses-login',
    wrong: { password: 'another', auth: ['LOGIN'] },
    isAuthenticated: true,
    says: /refuses the credentials/,
  },
  { it: 'without-auth', wrong: { auth: [] }, says: /offers no AUTH: / },
  { it: 'with-cram-only', wrong: { auth: ['CRAM-MD5'] }, says: /offers AUTH CRAM-MD5 only: / },
  { it: 'without-tls', wrong: { startTls: undefined }, says: /offers no STARTTLS/ },
  { it: 'refuses-tls', wrong: { startTls: '554 5.7.4 No' }, says: /says 554 5\.7\.4 No/ },
  { it: 'injects', wrong: { injected: '250-x\r\n250 AUTH PLAIN\r\n' }, says: /says something in clear/ },
  { it: 'of-another-name', wrong: {}, certificateFor: 'other.smart.example', says: /TLS fails: .*altnames/ },
  {
    it: 'untrusted',
    wrong: {},
    isUntrusted: true,
    says: /TLS fails: .*(unable to verify|self-signed|issuer)/,
  },
  {
    it: 'refuses-all',
    wrong: { greeting: '554 5.7.1 You are blocked' },
    says: /says 554 5\.7\.1 You are blocked/,
  },
  { it: 'no-smtp', wrong: { greeting: 'HTTP/1.1 400 Bad Request' }, says: /is no reply/ },
  {
    it: 'wants-login',
    wrong: { mail: '530 5.7.57 Authenticate first' },
    isAuthenticated: true,
    says: /says 530 5\.7\.57/,
  },
];
