import { parseEndpoint, type Endpoint } from './endpoint.ts';
import { openUdp, type Udp } from './udp.ts';

export interface Server {
  readonly endpoint: Endpoint;
  readonly udp: Udp;
  /** How many questions in a row it left without answer. */
  silences: number;
  pausedUntil: number;
}

/** One silence may be about the name that was asked for; so many in a row are about the server. */
const silencesOfTheDead = 3;
const pauseMilliseconds = 10_000;

/** Throws TypeError for what is no address, and for none at all. */
export function openServers(texts: readonly string[]): readonly Server[] {
  if (texts.length === 0) throw new TypeError('a DNS server is needed, none was given');
  return texts.map((text) => {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined) throw new TypeError(`the address of a DNS server is needed, ${text} is none`);
    return { endpoint, udp: openUdp(endpoint), silences: 0, pausedUntil: -Infinity };
  });
}

/** The servers in the order in which a question goes to them: as given, but those that pause come last. */
export function inOrder(servers: readonly Server[], now: number): Server[] {
  const isPaused = (server: Server): boolean => now < server.pausedUntil;
  const order = [...servers.filter((server) => !isPaused(server)), ...servers.filter(isPaused)];
  // One question finds out whether the server is back; the others keep away until it has.
  const [first] = order;
  if (first !== undefined && first.pausedUntil > -Infinity) first.pausedUntil = now + pauseMilliseconds;
  return order;
}

export function wasSilent(server: Server, now: number): void {
  server.silences += 1;
  if (server.silences >= silencesOfTheDead) server.pausedUntil = now + pauseMilliseconds;
}

/** Nothing listens there, which is sure at once. */
export function wasAbsent(server: Server, now: number): void {
  server.silences = silencesOfTheDead;
  server.pausedUntil = now + pauseMilliseconds;
}

export function wasHeard(server: Server): void {
  server.silences = 0;
  server.pausedUntil = -Infinity;
}
