import { BlockList, isIP, isIPv6 } from 'node:net';

/** One server of the setting `urls`. */
export interface Endpoint {
  readonly url: string;
  /** Name or address, an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'start-tls' | 'none';
}

/** Which of the settings decide whether passwords may go in clear. */
export interface ClearTextRule {
  readonly start_tls: boolean;
  readonly allow_clear_text: readonly string[];
}

/** Reads a URL of the settings; throws an Error that names it, also when it would send passwords in clear where that is not allowed. */
export function parseEndpoint(url: string, settings: ClearTextRule): Endpoint {
  const { scheme, host, port } = parseUrl(url);
  const security = scheme === 'ldaps' ? 'tls' : settings.start_tls ? 'start-tls' : 'none';
  if (security === 'none' && !mayBeClear(host, settings.allow_clear_text)) {
    throw new Error(
      `${url}: passwords would cross the network in clear; use ldaps://, or start_tls, or name the host in allow_clear_text`,
    );
  }
  return { url, host, port, security };
}

function parseUrl(url: string): { scheme: string | undefined; host: string; port: number } {
  const [, scheme, bracketed, name, digits] = urlPattern.exec(url) ?? [];
  const host = bracketed ?? name ?? '';
  const port = Number(digits ?? (scheme === 'ldaps' ? 636 : 389));
  const isHost = bracketed === undefined ? host !== '' : isIPv6(host);
  if (isHost && port >= 1 && port <= 65_535) return { scheme, host, port };
  throw new Error(`${url}: expected ldaps://HOST[:PORT] or ldap://HOST[:PORT]`);
}

const urlPattern = /^(ldaps?):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^\s[\]:/?#@]+))(?::(\d{1,5}))?$/;

function mayBeClear(host: string, allowed: readonly string[]): boolean {
  const same = (other: string): boolean => other.replace(/^\[|\]$/g, '').toLowerCase() === host.toLowerCase();
  return isLoopback(host) || allowed.some(same);
}

/** RFC 5735 §4 and RFC 4291 §2.5.3; a name is loopback only when it is `localhost` (RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
