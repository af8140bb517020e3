import { type AuthContestantName, authContestants } from './auth-contestants.ts';
import type { ContestAnswer, ContestRequest } from './auth-evaluator.ts';
import { type AuthTask, kinds, type Kind, openAuthScene, securities, type Security } from './auth-scene.ts';
import { type Answering, startProcess } from './process.ts';
import { inRounds, type Rounds } from './rounds.ts';

/** All turns of one contestant with one kind of login, over one kind of connection. */
export interface AuthEntry {
  readonly name: AuthContestantName;
  readonly title: string;
  readonly security: Security;
  readonly kind: Kind;
  /** Logins in a second, turn by turn. */
  readonly rates: readonly number[];
}

export interface AuthFigures {
  readonly crowd: number;
  readonly entries: readonly AuthEntry[];
}

interface Caller extends Rounds {
  /** For one turn. */
  readonly seconds: number;
  readonly clients: number;
  /** Who takes part; all of them where absent. */
  readonly names?: readonly AuthContestantName[];
}

/** Lets each log in by turns, round after round. Rejects when any login fails. */
export async function measureAuth(caller: Caller): Promise<AuthFigures> {
  const { names = namesOf(authContestants) } = caller;
  const scene = await openAuthScene(caller.signal, names.includes('libldap'));
  const running = new Map<AuthContestantName, Contestant>();
  try {
    for (const name of names) {
      running.set(
        name,
        (await startProcess<ContestRequest, ContestAnswer>('auth-evaluator.ts', name)).process,
      );
    }
    const races = prepare(running, scene.tasks);
    await takeTurns(races, caller);
    return { crowd: caller.clients, entries: races.map(({ entry }) => entry) };
  } finally {
    for (const contestant of running.values()) contestant.end();
    await scene.close();
  }
}

type Contestant = Answering<ContestRequest, ContestAnswer>;

interface Race {
  readonly contestant: Contestant;
  readonly task: AuthTask;
  readonly entry: AuthEntry & { readonly rates: number[] };
}

/** What is compared is measured close together. */
function prepare(
  running: ReadonlyMap<AuthContestantName, Contestant>,
  tasks: Readonly<Record<Security, AuthTask>>,
): Race[] {
  const turns = securities.flatMap((security) => kinds.map((kind) => ({ security, kind })));
  return turns.flatMap(({ security, kind }) =>
    [...running].flatMap(([name, contestant]) => {
      const { title, takesPart } = authContestants[name];
      const entry = { name, title, security, kind, rates: [] };
      return takesPart(security, kind) ? [{ contestant, task: tasks[security], entry }] : [];
    }),
  );
}

function takeTurns(races: readonly Race[], caller: Caller): Promise<void> {
  return inRounds(caller, async (counts) => {
    for (const race of races) await takeTurn(race, counts, caller);
  });
}

async function takeTurn(
  { contestant, task, entry }: Race,
  counts: boolean,
  { clients, seconds }: Caller,
): Promise<void> {
  const request = { task, kind: entry.kind, crowd: clients, milliseconds: seconds * 1000 };
  const answer = await contestant.ask(request);
  if (counts) entry.rates.push(answer.logins / answer.seconds);
}

function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table) as Name[];
}
