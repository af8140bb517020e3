import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Where a server listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** As it was written. */
  readonly text: string;
}

const dnsPort = 53;

/** Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`; undefined for anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  if (isIP(text) !== 0) return { address: text, port: dnsPort, text };
  const [, ipv6 = '', ipv4 = '', digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? dnsPort : Number(digits);
  if ((!isIPv6(ipv6) && !isIPv4(ipv4)) || port < 1 || port > 0xffff) return undefined;
  return { address: ipv6 === '' ? ipv4 : ipv6, port, text };
}
