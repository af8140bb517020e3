import { messageContestants, type MessageContestantName } from './message-contestants.ts';
import type { ReadingAnswer, ReadingRequest } from './message-evaluator.ts';
import { header } from './message-header.ts';
import { startProcess, type Answering } from './process.ts';
import { inRounds, type Rounds } from './rounds.ts';

/** All turns of one contestant. */
export interface MessageEntry {
  readonly name: MessageContestantName;
  readonly title: string;
  /** Microseconds of CPU time for one header, turn by turn. */
  readonly turns: readonly number[];
}

export interface MessageFigures {
  /** Octets of the header. */
  readonly octets: number;
  readonly entries: readonly MessageEntry[];
}

interface Caller extends Rounds {
  /** For one contestant, in one round. */
  readonly seconds: number;
}

interface Race {
  readonly contestant: Answering<ReadingRequest, ReadingAnswer>;
  readonly entry: MessageEntry & { readonly turns: number[] };
}

/** Has everybody read the same header, by turns. Rejects when anybody finds another author. */
export async function measureMessage(caller: Caller): Promise<MessageFigures> {
  const races: Race[] = [];
  try {
    for (const name of Object.keys(messageContestants) as MessageContestantName[]) {
      const { process } = await startProcess<ReadingRequest, ReadingAnswer>('message-evaluator.ts', name);
      const { title } = messageContestants[name];
      races.push({ contestant: process, entry: { name, title, turns: [] } });
    }
    await inRounds(caller, (counts) => takeTurns(races, 1000 * caller.seconds, counts));
    return { octets: header.length, entries: races.map(({ entry }) => entry) };
  } finally {
    for (const { contestant } of races) contestant.end();
  }
}

async function takeTurns(races: readonly Race[], milliseconds: number, counts: boolean): Promise<void> {
  for (const { contestant, entry } of races) {
    const { microseconds } = await contestant.ask({ milliseconds });
    if (counts) entry.turns.push(microseconds);
  }
}
