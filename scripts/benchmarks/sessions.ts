import type { Shares } from './cpu-profile.ts';
import { Audience, type Manner, manners, type Turn } from './measure.ts';
import type { Options } from './options.ts';
import { profileGatekeeper } from './profile.ts';
import { openScene, type OpenScene } from './scene.ts';
import type { Contestant } from './server.ts';

/** All turns of one server. */
export interface Entry {
  readonly name: string;
  readonly title: string;
  /** How many came at once. */
  readonly clients: number;
  readonly turns: Readonly<Record<Manner, readonly Turn[]>>;
}

export interface Result {
  readonly entries: readonly Entry[];
  /** Of Gatekeeper, where it is measured at all. */
  readonly shares?: Shares;
}

/** What hears how far it is, and what ends it early. */
interface Caller {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts all servers and visits them in turn, round after round. Rejects when any session fails. */
export async function measureSessions(options: Options, { say, signal }: Caller): Promise<Result> {
  const scene = await openScene(signal);
  const stops: (() => Promise<void>)[] = [scene.close];
  try {
    const running: Running[] = [];
    for (const contestant of options.contestants) {
      const one = await startOne(contestant, scene, options.clients);
      stops.unshift(one.stop);
      say(`${contestant.name} warms up`);
      await comeTo(one, options.warmUpSeconds / manners.length);
      running.push(one);
    }
    await takeTurns(running, options, say);
    const entries = running.map(({ entry }) => entry);
    if (!entries.some(({ name }) => name === 'gatekeeper')) return { entries };
    say('gatekeeper is profiled');
    return { entries, shares: await profileGatekeeper(scene, options.clients, options.warmUpSeconds) };
  } finally {
    for (const stop of stops) await stop();
  }
}

interface Running {
  readonly entry: Entry & { readonly turns: Record<Manner, Turn[]> };
  readonly audience: Audience;
  readonly stop: () => Promise<void>;
}

async function startOne(
  { name, title, mostClients = Infinity, start }: Contestant,
  scene: OpenScene,
  wanted: number,
): Promise<Running> {
  const server = await start(scene);
  const clients = Math.min(wanted, mostClients);
  return {
    entry: { name, title, clients, turns: { resumed: [], full: [] } },
    audience: new Audience(server, scene, clients),
    stop: () => server.stop(),
  };
}

async function takeTurns(running: readonly Running[], options: Options, say: Caller['say']): Promise<void> {
  for (let round = 1; round <= options.rounds; round += 1) {
    say(`round ${round} of ${options.rounds}`);
    for (const one of running) {
      const { resumed, full } = await comeTo(one, options.seconds);
      one.entry.turns.resumed.push(resumed);
      one.entry.turns.full.push(full);
    }
  }
}

/** A session that fails is no session: whose it was stands in the error. */
async function comeTo({ entry, audience }: Running, seconds: number): Promise<Record<Manner, Turn>> {
  try {
    const resumed = await audience.come('resumed', seconds);
    return { resumed, full: await audience.come('full', seconds) };
  } catch (error) {
    throw new Error(`${entry.name}: ${(error as Error).message}`, { cause: error });
  }
}
