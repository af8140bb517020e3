import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CountRequest } from './spf-server.ts';
import { startSpfContestants, type SpfContestant } from './spf-contestants.ts';
import { domainOf, mostAtOnce, type Shape, shapes } from './spf-shapes.ts';

/** How many evaluations run at once: one after the other, or as many mails as a busy server has in hand. */
export const crowds = [1, mostAtOnce] as const;

/** All turns of one contestant with one shape of record. */
export interface SpfEntry {
  readonly name: string;
  readonly title: string;
  readonly shape: string;
  /** Counted at the server, for one evaluation. */
  readonly queries: number;
  /** Microseconds for one evaluation, turn by turn, by how many ran at once. */
  readonly turns: Readonly<Record<number, readonly number[]>>;
}

export interface SpfFigures {
  readonly entries: readonly SpfEntry[];
}

interface Caller {
  readonly rounds: number;
  /** For one contestant, in one round. */
  readonly seconds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Evaluates by turns, round after round. Rejects when any evaluation finds another result than it must. */
export async function measureSpf(caller: Caller): Promise<SpfFigures> {
  const server = await startServer();
  const contestants = await startSpfContestants(server.port);
  try {
    const races = await prepare(contestants, server);
    await takeTurns(races, caller);
    return { entries: races.map(({ entry }) => entry) };
  } finally {
    for (const contestant of contestants) contestant.close();
    server.process.kill();
  }
}

interface Race {
  readonly contestant: SpfContestant;
  readonly shape: Shape;
  readonly entry: SpfEntry & { readonly turns: Record<number, number[]> };
}

/** In the order of the turns: what is compared is measured close together. */
async function prepare(contestants: readonly SpfContestant[], server: Server): Promise<Race[]> {
  const races: Race[] = [];
  for (const shape of shapes) {
    for (const contestant of contestants) {
      const queries = await countQueries(contestant, shape, server);
      const turns = Object.fromEntries(crowds.map((crowd) => [crowd, []]));
      const { name, title } = contestant;
      races.push({ contestant, shape, entry: { name, title, shape: shape.name, queries, turns } });
    }
  }
  return races;
}

async function countQueries(contestant: SpfContestant, shape: Shape, server: Server): Promise<number> {
  const evaluations = 20;
  await evaluate(contestant, shape, 0);
  await server.count();
  for (let done = 0; done < evaluations; done += 1) await evaluate(contestant, shape, 0);
  return (await server.count()) / evaluations;
}

/** A first round is for the compiler, and is not counted. */
async function takeTurns(races: readonly Race[], { rounds, seconds, say, signal }: Caller): Promise<void> {
  const milliseconds = (1000 * seconds) / (shapes.length * crowds.length);
  const turns = races.flatMap((race) => crowds.map((crowd) => [race, crowd] as const));
  const takeRound = async (counts: boolean): Promise<void> => {
    for (const [race, crowd] of turns) {
      const microseconds = await evaluateFor(race, crowd, milliseconds);
      if (counts) race.entry.turns[crowd]?.push(microseconds);
    }
  };
  for (let round = 0; round <= rounds; round += 1) {
    signal.throwIfAborted();
    say(round === 0 ? 'everybody warms up' : `round ${round} of ${rounds}`);
    await takeRound(round > 0);
  }
}

/** Microseconds of the clock for one evaluation. */
async function evaluateFor(
  { contestant, shape }: Race,
  crowd: number,
  milliseconds: number,
): Promise<number> {
  const start = performance.now();
  let evaluations = 0;
  const walk = async (slot: number): Promise<void> => {
    while (performance.now() - start < milliseconds) {
      await evaluate(contestant, shape, slot);
      evaluations += 1;
    }
  };
  await Promise.all(Array.from({ length: crowd }, (_, slot) => walk(slot)));
  return (1000 * (performance.now() - start)) / evaluations;
}

async function evaluate(contestant: SpfContestant, shape: Shape, slot: number): Promise<void> {
  const result = await contestant.evaluate(domainOf(shape, slot));
  if (result === undefined || result === shape.result) return;
  throw new Error(`${contestant.name}: ${shape.name} gave ${result}`);
}

interface Server {
  readonly port: number;
  readonly process: ChildProcess;
  /** Questions since it was asked before. */
  count(): Promise<number>;
}

async function startServer(): Promise<Server> {
  const child = fork(join(import.meta.dirname, 'spf-server.ts'), { execArgv: ['--import', 'tsx'] });
  const next = async <T>(): Promise<T> => {
    const [message] = (await once(child, 'message')) as [T];
    return message;
  };
  const { port } = await next<{ port: number }>();
  const count = async (): Promise<number> => {
    child.send('count and begin again' satisfies CountRequest);
    return (await next<{ queries: number }>()).queries;
  };
  return { port, process: child, count };
}
