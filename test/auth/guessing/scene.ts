import assert from 'node:assert/strict';
import { Guard, type Answer, type Rules, type Try } from '../../../plugins/auth/guessing/guard.ts';
import { limitsOf, type GuessingSettings } from '../../../plugins/core/guessing/limits.ts';
import { parseMailbox } from '../../../plugins/core/mailbox.ts';
import type { Refusal, Verification } from '../../../plugins/core/directory/directory.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { MemoryStore } from '../../../plugins/core/store/memory.ts';
import type { Store } from '../../../plugins/core/store/store.ts';

const settings: GuessingSettings = {
  window_seconds: 1800,
  account_failures: 10,
  network_failures: 20,
  directory_failures: 0,
  longest_delay_seconds: 0,
  known_days: 30,
  shared_networks: [],
};

export const rulesOf = (changed: Partial<GuessingSettings> = {}): Rules => ({
  limits: limitsOf({ ...settings, ...changed }),
  subaddressSeparator: '+',
  isShared: (address) => address === '203.0.113.99',
});

export const alice = 'alice@corp.example';
export const home = '192.0.2.10';
export const minute = 60_000;

const mailbox = parseMailbox(alice);
assert.ok(mailbox);
const right: Verification = { kind: 'account', account: { id: alice, name: alice, addresses: [mailbox] } };
export const wrong = (cause: Refusal = 'wrong-password'): Verification => ({ kind: 'refused', cause });

/** A gateway of one or more processes, in front of a directory in which everybody's password is "right". */
export class Scene {
  now = Date.UTC(2026, 10, 24, 10);
  asked = 0;
  readonly patterns: string[] = [];
  readonly #guards: Guard[];
  rules: Rules;

  constructor(store: Store = new MemoryStore(), rules = rulesOf(), processes = 1) {
    this.rules = rules;
    this.#guards = Array.from({ length: processes }, () => new Guard(store, () => this.now));
  }

  /** What came of a login: `go` when it was tried and right, `no` when wrong, else `wait`. */
  async try(client: string, password = 'right', login = alice, process = 0): Promise<'go' | 'no' | 'wait'> {
    return this.end(
      { client, login, password: Secret.fromText(password) },
      password === 'right' ? right : wrong(),
      process,
    );
  }

  /** The same, with a directory that takes a few milliseconds. */
  async slowly(client: string, password = 'right'): Promise<'go' | 'no' | 'wait'> {
    const answer = await this.admit({ client, login: alice, password: Secret.fromText(password) });
    if (answer.kind === 'wait') return 'wait';
    await new Promise((resolve) => setTimeout(resolve, 5));
    await answer.settle(password === 'right' ? right : wrong());
    return password === 'right' ? 'go' : 'no';
  }

  admit(attempt: Try, process = 0): Promise<Answer> {
    const guard = this.#guards[process];
    assert.ok(guard);
    return guard.admit(attempt, this.rules);
  }

  async end(
    attempt: Try,
    verification: Verification | undefined,
    process = 0,
  ): Promise<'go' | 'no' | 'wait'> {
    const answer = await this.admit(attempt, process);
    if (answer.kind === 'wait') return 'wait';
    this.asked += 1;
    this.patterns.push(...(await answer.settle(verification)));
    return verification?.kind === 'account' ? 'go' : 'no';
  }

  /** As a login by a token: `wait` where its account has to. */
  async prove(client: string, login = alice): Promise<'go' | 'wait'> {
    const [guard] = this.#guards;
    assert.ok(guard);
    const decision = await guard.look({ client, login }, this.rules);
    if (decision.kind === 'go') await guard.note({ client, login }, this.rules);
    return decision.kind;
  }

  /** How many of so many guesses were tried. */
  async guess(
    times: number,
    attempt: (number: number) => readonly [client: string, password?: string, login?: string | undefined],
  ) {
    let tried = 0;
    for (let number = 0; number < times; number += 1) {
      const [client, password = `guess-${number}`, login] = attempt(number);
      if ((await this.try(client, password, login)) === 'no') tried += 1;
    }
    return tried;
  }
}

export const far = (number: number) => `${10 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}.1`;
