import { parseEndpoint } from '../../core/directory/endpoint.ts';
import { known, optional, toFillIn, type Directory } from './proposal.ts';
import type { Found } from './ini.ts';

/** The servers, and what is to say about their security. */
export interface Servers extends Pick<Directory, 'urls' | 'start_tls' | 'ca_file'> {
  readonly notes: readonly string[];
}

/** How the old plugin treated certificates and `ldap://`. */
export interface Security {
  /** Absent: it did not ask for StartTLS. */
  readonly startTls?: Found | undefined;
  readonly verifies: boolean;
}

/** Turns the URLs of ldapjs into ours: its path, and all that is no URL, go. */
export function serversOf({ value, from }: Found, { startTls, verifies }: Security): Servers {
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  const urls = texts.flatMap((text) => ldapUrl(text) ?? []);
  const inClear = urls.filter((url) => url.startsWith('ldap://'));
  const crossing = startTls === undefined ? inClear.filter((url) => !isAllowed(url, false)) : [];
  const isUnverified = !verifies && urls.length > inClear.length;
  return {
    urls:
      urls.length < texts.length
        ? toFillIn(urls.length > 0 ? urls : example, `${from} is no URL`)
        : known(urls, from),
    ...optional('start_tls', startTlsOf(inClear, crossing, startTls)),
    ...optional('ca_file', isUnverified || crossing.length > 0 ? authority : undefined),
    notes: [...(crossing.length > 0 ? [nowWithTls(crossing)] : []), ...(isUnverified ? [nowVerified] : [])],
  };
}

const example = ['ldaps://ldap.example.com'];

const authority =
  "Needed unless Node.js knows the authority of the server's certificate, which nobody verified before";

const nowVerified =
  'The certificate of the server was not verified. Now it is: put that of its authority into directory.ca_file, unless ' +
  'Node.js knows it.';

function nowWithTls(urls: readonly string[]): string {
  return (
    `Passwords crossed the network to ${urls.join(', ')} in clear. Gatekeeper asks such a server for StartTLS, and one that ` +
    `refuses gets no password: logins are answered 454. Give the server a certificate or name its ldaps:// URL; ` +
    `start_tls: false with allow_clear_text is for a network that you trust with passwords.`
  );
}

function startTlsOf(
  inClear: readonly string[],
  crossing: readonly string[],
  startTls: Found | undefined,
): Directory['start_tls'] {
  if (inClear.length === 0) return undefined;
  if (startTls !== undefined) return known(true, startTls.from);
  if (crossing.length > 0) return known(true, 'Passwords no longer cross the network in clear');
  return known(false, 'To the loopback in clear, as before');
}

/** As ldapjs reads it: without a host it is the own one. */
function ldapUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  const url = `${protocol}//${hostname || 'localhost'}${port === '' ? '' : `:${port}`}`;
  return isAllowed(url, true) ? url : undefined;
}

function isAllowed(url: string, start_tls: boolean): boolean {
  try {
    parseEndpoint(url, { start_tls, allow_clear_text: [] });
    return true;
  } catch {
    return false;
  }
}

/** Longest wait for a whole login: the default of `login_timeout_seconds`. */
const longestSeconds = 10;

/** Milliseconds of ldapjs, where the operator gave some, as seconds of ours. */
export function timeoutOf(found: Found | undefined): Partial<Directory> {
  if (typeof found?.value !== 'number' || found.value <= 0 || !found.isOwn) return {};
  const seconds = Math.max(0.05, found.value / 1000);
  const comment = `${found.from}, there in milliseconds`;
  if (seconds <= longestSeconds) return { operation_timeout_seconds: known(seconds, comment) };
  const limit = `${comment}; a whole login waits login_timeout_seconds, ${longestSeconds}`;
  return { operation_timeout_seconds: known(longestSeconds, limit) };
}
