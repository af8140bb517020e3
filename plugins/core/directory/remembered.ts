import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Secret } from '../secret.ts';
import { Unavailable, type Account, type RememberingDirectory, type Verification } from './directory.ts';

/** For how long answers are remembered, in milliseconds. */
export interface MemoryOptions {
  readonly acceptedMs: number;
  readonly refusedMs: number;
  /** So long an accepted login still counts when no server answers; 0 for never. */
  readonly staleMs: number;
  /** Most answers that are kept. */
  readonly entries: number;
  /** A clock in milliseconds that only moves forward. */
  readonly now: () => number;
  /** Told when a login is accepted because it was accepted before, and no server answers. */
  readonly onStale: (account: Account, problem: Unavailable) => void;
}

interface Question {
  /** By what it logs in; absent for a certificate. */
  readonly login?: string;
  readonly name: string;
  readonly question: () => Promise<Verification>;
}

interface Answer {
  readonly login: string | undefined;
  readonly verification: Verification;
  readonly at: number;
}

/** Refused logins have a place of their own: somebody who guesses must not crowd out those who are welcome. */
const mostRefused = 1000;

/**
 * Answers a login as it was answered a moment ago. Nothing in memory is a password: an answer is found by a keyed hash of
 * login and password (HMAC-SHA-256, under a key of this process), so that finding it tells nothing by its time either.
 */
export function remember(directory: RememberingDirectory, options: MemoryOptions): RememberingDirectory {
  const key = randomBytes(32);
  const accepted = new LRUCache<string, Answer>({ max: options.entries });
  const refused = new LRUCache<string, Answer>({ max: mostRefused });
  let forgettings = 0;

  const ask = async ({ login, name, question }: Question): Promise<Verification> => {
    const [before, at] = [forgettings, options.now()];
    const verification = await question();
    accepted.delete(name);
    const place = verification.kind === 'account' ? accepted : refused;
    // What is forgotten while it is asked for must not come back with the answer.
    if (before === forgettings) place.set(name, { login, verification, at });
    return verification;
  };

  const answer = async (question: Question): Promise<Verification> => {
    const known = accepted.get(question.name) ?? refused.get(question.name);
    if (known && isFresh(known, options)) return asOf(known);
    try {
      return await ask(question);
    } catch (error) {
      // Not what was known before: it may have been forgotten meanwhile.
      return staleOr(error, accepted.get(question.name), options);
    }
  };

  return {
    verify: (login, password) => {
      const name = nameOf(key, login, password);
      return answer({ login, name, question: () => directory.verify(login, password) });
    },
    byCertificate: (names) =>
      // Nothing in there is secret, and no hash in base64 begins like that.
      answer({ name: JSON.stringify(names), question: () => directory.byCertificate(names) }),
    find: (login) => directory.find(login),
    verifier: (login) => directory.verifier(login),
    probe: () => directory.probe(),
    close: () => {
      accepted.clear();
      refused.clear();
      directory.close();
    },
    forget: (account) => {
      forgettings += 1;
      for (const place of [accepted, refused]) drop(place, account);
      directory.forget(account);
    },
  };
}

/** The length keeps `a` with password `bc` from being `ab` with password `c`. */
function nameOf(key: Buffer, login: string, password: Secret): string {
  const hmac = createHmac('sha256', key).update(`${Buffer.byteLength(login)} ${login} `);
  return password.reveal((bytes) => hmac.update(bytes).digest('base64'));
}

function isFresh({ verification, at }: Answer, { now, acceptedMs, refusedMs }: MemoryOptions): boolean {
  return now() < at + (verification.kind === 'account' ? acceptedMs : refusedMs);
}

function asOf({ verification, at }: Answer): Verification {
  return verification.kind === 'account' ? { ...verification, since: at } : verification;
}

function staleAccount(answer: Answer | undefined, { now, acceptedMs, staleMs }: MemoryOptions) {
  if (answer?.verification.kind !== 'account' || staleMs === 0) return undefined;
  const { verification, at } = answer;
  return now() < at + Math.max(acceptedMs, staleMs) ? { ...verification, since: at } : undefined;
}

/** What was accepted before, while no server answers; throws `error` where nothing was, or may not count. */
function staleOr(error: unknown, answer: Answer | undefined, options: MemoryOptions): Verification {
  const stale = staleAccount(answer, options);
  if (!stale || !(error instanceof Unavailable)) throw error;
  options.onStale(stale.account, error);
  return stale;
}

function drop(answers: LRUCache<string, Answer>, account: string | undefined): void {
  for (const [name, answer] of [...answers]) {
    if (account === undefined || isAbout(answer, account)) answers.delete(name);
  }
}

function isAbout({ login, verification }: Answer, account: string): boolean {
  // Whose a certificate is that was refused, nobody knows.
  if (login === undefined && verification.kind === 'refused') return true;
  const known = verification.kind === 'account' ? [verification.account.name, verification.account.id] : [];
  const wanted = account.toLowerCase();
  return [login ?? '', ...known].some((name) => name.toLowerCase() === wanted);
}
