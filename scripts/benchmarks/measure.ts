import { createSecureContext } from 'node:tls';
import { cpuMs } from './cpu.ts';
import { load, type Load } from './load.ts';
import { LogCounter } from './log-counter.ts';
import type { OpenScene } from './scene.ts';
import type { Server } from './server.ts';
import type { Visitor } from './visit.ts';

/** What clients do with the TLS sessions that servers offer for later: resume them, or shake hands in full each time. */
export const manners = ['resumed', 'full'] as const;

export type Manner = (typeof manners)[number];

/** One turn of one server. The CPU times are in ms, for one session. */
export interface Turn extends Load {
  readonly serverMs: number;
  readonly directoryMs: number;
  /** Of all clients. */
  readonly clientMs: number;
}

/** The clients of one server; what it wrote to its log is held against what they sent. */
export class Audience {
  readonly #server: Server;
  readonly #scene: OpenScene;
  readonly #visitors: Readonly<Record<Manner, readonly Visitor[]>>;
  readonly #log: LogCounter;
  #sent = 0;

  constructor(server: Server, scene: OpenScene, clients: number) {
    this.#server = server;
    this.#scene = scene;
    this.#log = new LogCounter(server.log.file, server.log.words);
    this.#visitors = {
      resumed: visitorsOf(server, scene, clients, true),
      full: visitorsOf(server, scene, clients, false),
    };
  }

  /** Lets the clients come for so long; rejects unless each session succeeds and each message is told of in the log. */
  async come(manner: Manner, seconds: number): Promise<Turn> {
    const before = this.#cpu();
    const done = await load(this.#visitors[manner], seconds, this.#scene.signal);
    this.#sent += done.sessions;
    await this.#log.reaches(this.#sent);
    const after = this.#cpu();
    return {
      ...done,
      serverMs: (after.server - before.server) / done.sessions,
      directoryMs: (after.directory - before.directory) / done.sessions,
      clientMs: (after.clients - before.clients) / done.sessions,
    };
  }

  #cpu() {
    const { user, system } = process.cpuUsage();
    return {
      server: cpuMs(this.#server.pids),
      directory: cpuMs([this.#scene.directoryPid]),
      clients: (user + system) / 1000,
    };
  }
}

function visitorsOf(
  { port, loginOf }: Server,
  { accounts, certificate }: OpenScene,
  clients: number,
  resumes: boolean,
): Visitor[] {
  const trust = createSecureContext({ ca: certificate.cert });
  return Array.from({ length: clients }, (_, index) => {
    const account = accounts[index % accounts.length];
    if (!account) throw new RangeError('nobody may log in');
    const { password, addresses } = account;
    const tls = { trust, servername: 'gw.corp.example', resumes };
    return { port, login: loginOf(account), password, address: addresses[0], ...tls };
  });
}
