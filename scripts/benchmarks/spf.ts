import { type SpfContestantName, spfContestants } from './spf-contestants.ts';
import type { EvaluationAnswer, EvaluationRequest } from './spf-evaluator.ts';
import { type Answering, startProcess } from './process.ts';
import type { CountAnswer, ServerGreeting } from './spf-server.ts';
import { mostAtOnce, shapes } from './spf-shapes.ts';
import { inRounds, type Rounds } from './rounds.ts';

/** How many evaluations run at once: one after the other, or as many mails as a busy server has in hand. */
export const crowds = [1, mostAtOnce] as const;

/** All turns of one contestant with one shape of record. */
export interface SpfEntry {
  readonly name: SpfContestantName;
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

interface Caller extends Rounds {
  /** For one contestant, in one round. */
  readonly seconds: number;
}

/** Evaluates by turns, round after round. Rejects when any evaluation finds another result than it must. */
export async function measureSpf(caller: Caller): Promise<SpfFigures> {
  const server = await startProcess<object, CountAnswer>('spf-server.ts');
  const running: { end(): void }[] = [server.process];
  const address = `127.0.0.1:${(server.greeting as ServerGreeting).port}`;
  try {
    const races: Race[] = [];
    for (const name of Object.keys(spfContestants) as SpfContestantName[]) {
      const started = await startProcess<EvaluationRequest, EvaluationAnswer>(
        'spf-evaluator.ts',
        name,
        address,
      );
      running.push(started.process);
      races.push(...(await prepare(name, started.process, server.process)));
    }
    const inOrder = inOrderOfTurns(races);
    await takeTurns(inOrder, caller);
    return { entries: inOrder.map(({ entry }) => entry) };
  } finally {
    for (const each of running) each.end();
  }
}

type Contestant = Answering<EvaluationRequest, EvaluationAnswer>;

interface Race {
  readonly contestant: Contestant;
  readonly entry: SpfEntry & { readonly turns: Record<number, number[]> };
}

async function prepare(
  name: SpfContestantName,
  contestant: Contestant,
  server: Answering<object, CountAnswer>,
): Promise<Race[]> {
  const races: Race[] = [];
  for (const { name: shape } of shapes) {
    const evaluations = 20;
    await contestant.ask({ shape, crowd: 1, evaluations: 1 });
    await server.ask({});
    await contestant.ask({ shape, crowd: 1, evaluations });
    const { queries } = await server.ask({});
    const turns = Object.fromEntries(crowds.map((crowd) => [crowd, []]));
    const { title } = spfContestants[name];
    races.push({ contestant, entry: { name, title, shape, queries: queries / evaluations, turns } });
  }
  return races;
}

/** What is compared is measured close together. */
function inOrderOfTurns(races: readonly Race[]): Race[] {
  return shapes.flatMap(({ name }) => races.filter(({ entry }) => entry.shape === name));
}

async function takeTurns(races: readonly Race[], caller: Caller): Promise<void> {
  const milliseconds = (1000 * caller.seconds) / (shapes.length * crowds.length);
  const turns = crowds.flatMap((crowd) => races.map((race) => [race, crowd] as const));
  await inRounds(caller, (counts) => takeRound(turns, milliseconds, counts));
}

async function takeRound(
  turns: readonly (readonly [Race, number])[],
  milliseconds: number,
  counts: boolean,
): Promise<void> {
  for (const [{ contestant, entry }, crowd] of turns) {
    const { microseconds } = await contestant.ask({ shape: entry.shape, crowd, milliseconds });
    if (counts) entry.turns[crowd]?.push(microseconds);
  }
}
