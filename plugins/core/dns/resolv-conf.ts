import { readFileSync } from 'node:fs';
import { parseEndpoint } from './endpoint.ts';

/** resolv.conf(5): more are not looked at. */
const mostServers = 3;

/** resolv.conf(5): without a server, the one on this machine. */
const local = ['127.0.0.1'];

/** The servers that a resolv.conf names, in its order. */
export function serversIn(text: string): string[] {
  const named = text
    .split('\n')
    .map((line) => /^nameserver[ \t]+(\S+)/.exec(line)?.[1])
    .filter((address) => address !== undefined)
    .filter((address) => parseEndpoint(address)?.address === address);
  return named.slice(0, mostServers);
}

/** The servers that this machine uses. */
export function systemServers(file = '/etc/resolv.conf'): string[] {
  const servers = serversIn(readIfThere(file));
  return servers.length === 0 ? local : servers;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // as the C library does
  }
}
