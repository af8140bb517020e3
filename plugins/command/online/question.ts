import { Deadline } from '../../core/deadline.ts';
import { messageOf } from '../../core/message-of.ts';

/** A question to one server that the settings name. */
export interface Question {
  /** What it is to the gateway: a key of the settings, or in words. */
  readonly what: string;
  readonly name: string;
  /** Longest time that it may take by itself. */
  readonly milliseconds: number;
  /** Names an account with its password, where these are shown to the server. */
  readonly login?: string | undefined;
  /** Resolves to what came of it, in words; rejects with why it came to nothing. */
  readonly ask: () => Promise<string>;
}

/** The server does not let an account in, which may count against it. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What came of a question. */
export interface Answer {
  readonly what: string;
  readonly name: string;
  /** `null`: it cannot be asked from here. */
  readonly ok: boolean | null;
  readonly says: string;
}

/** What came of all of them, and what is worth a look. */
export interface Online {
  readonly answers: readonly Answer[];
  readonly warnings: readonly string[];
}

/** What is known of an account with its password: which question was refused with it, if any was. */
type Standing = { readonly kind: 'unknown' | 'accepted' } | { readonly kind: 'refused'; readonly by: string };

interface Asked {
  readonly answer: Answer;
  readonly standing: Standing;
}

/** For what a question does beyond its own deadlines. */
const graceMs = 2000;

/**
 * Asks all of them at the same time; whatever one of them throws is its answer. An account is shown to one server after the other
 * until one takes it, and to no further one after one has refused it: servers of one directory count failures together, and a
 * wrong password at each of them would lock the account that the gateway lives by.
 */
export function askAll(questions: readonly Question[]): Promise<readonly Answer[]> {
  const standings = new Map<string, Promise<Standing>>();
  return Promise.all(
    questions.map(async (question) => {
      const { login } = question;
      if (login === undefined) return (await askOne(question)).answer;
      const before = standings.get(login) ?? Promise.resolve<Standing>({ kind: 'unknown' });
      const asked = before.then((standing) => askUnlessRefused(question, standing));
      standings.set(login, standingAfter(before, asked));
      return (await asked).answer;
    }),
  );
}

/** Of what is known already nobody has to wait for another answer. */
async function standingAfter(before: Promise<Standing>, asked: Promise<Asked>): Promise<Standing> {
  const standing = await before;
  return standing.kind === 'unknown' ? (await asked).standing : standing;
}

async function askUnlessRefused(question: Question, standing: Standing): Promise<Asked> {
  if (standing.kind !== 'refused') return askOne(question);
  const { what, name } = question;
  const says = `not asked: ${standing.by} has refused the same account, and each try may count against it`;
  return { answer: { what, name, ok: false, says }, standing };
}

/** Never rejects. */
async function askOne({ what, name, milliseconds, ask }: Question): Promise<Asked> {
  const late = () => new Error(`it hangs: nothing came of it within ${(milliseconds + graceMs) / 1000} s`);
  const deadline = new Deadline(milliseconds + graceMs, late);
  try {
    const says = await deadline.race(ask());
    return { answer: { what, name, ok: true, says }, standing: { kind: 'accepted' } };
  } catch (error) {
    const answer = { what, name, ok: false, says: messageOf(error) };
    return {
      answer,
      standing: error instanceof Refused ? { kind: 'refused', by: name } : { kind: 'unknown' },
    };
  } finally {
    deadline.meet();
  }
}
