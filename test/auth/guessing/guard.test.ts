import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Guard, type Rules, type Try } from '../../../plugins/auth/guessing/guard.ts';
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
  longest_delay_seconds: 0,
  known_days: 30,
  shared_networks: [],
};

const rulesOf = (changed: Partial<GuessingSettings> = {}): Rules => ({
  limits: limitsOf({ ...settings, ...changed }),
  subaddressSeparator: '+',
  isShared: (address) => address === '203.0.113.99',
});

const alice = 'alice@corp.example';
const home = '192.0.2.10';
const minute = 60_000;

const mailbox = parseMailbox(alice);
assert.ok(mailbox);
const right: Verification = { kind: 'account', account: { id: alice, name: alice, addresses: [mailbox] } };
const wrong = (cause: Refusal = 'wrong-password'): Verification => ({ kind: 'refused', cause });

/** A gateway of one or more processes, in front of a directory in which everybody's password is "right". */
class Scene {
  now = Date.UTC(2026, 10, 24, 10);
  asked = 0;
  readonly patterns: string[] = [];
  readonly #guards: Guard[];
  readonly rules: Rules;

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

  async end(
    attempt: Try,
    verification: Verification | undefined,
    process = 0,
  ): Promise<'go' | 'no' | 'wait'> {
    const guard = this.#guards[process];
    assert.ok(guard);
    const answer = await guard.admit(attempt, this.rules);
    if (answer.kind === 'wait') return 'wait';
    this.asked += 1;
    this.patterns.push(...(await answer.settle(verification)));
    return verification?.kind === 'account' ? 'go' : 'no';
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

const stranger = (number: number) => `198.18.${number >> 8}.${number & 255}`;
const far = (number: number) => `${10 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}.1`;

void describe('guessing at one account', () => {
  let scene: Scene;
  beforeEach(() => (scene = new Scene()));

  void it('from 1,000 networks does not lock out its owner at home, and is heard of ten times', async () => {
    assert.equal(await scene.try(home), 'go');
    assert.equal(await scene.guess(1000, (number) => [far(number)]), 10);
    assert.equal(await scene.try(home), 'go');
    assert.equal(await scene.try('192.0.2.99'), 'go', 'with another address of the same network');
    assert.equal(await scene.try('198.51.100.1'), 'wait', 'where nobody knows the owner');
  });

  void it('keeps the owner known for thirty days', async () => {
    await scene.try(home);
    for (const [days, outcome] of [
      [29.9, 'go'],
      [29.9, 'go'],
      [30.1, 'wait'],
    ] as const) {
      scene.now += days * 24 * 60 * minute;
      await scene.guess(20, (number) => [far(number)]);
      assert.equal(await scene.try(home), outcome);
    }
  });

  void it('is forgotten as time goes: one more in three minutes, all of it in thirty', async () => {
    await scene.guess(10, (number) => [far(number)]);
    assert.equal(await scene.try('198.51.100.1'), 'wait');
    scene.now += 3 * minute;
    assert.equal(await scene.try('198.51.100.1', 'mistyped'), 'no');
    assert.equal(await scene.try('198.51.100.1'), 'wait');
    scene.now += 30 * minute;
    assert.equal(await scene.guess(99, (number) => [far(number), `more-${number}`]), 10);
  });

  void it('by many logins at once is heard of no more often', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, number) => scene.try(far(number), `guess-${number}`)),
    );
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
    await scene.try(home);
  });

  void it('where it is known, at once too, ends there and not elsewhere', async () => {
    await scene.try(home);
    await scene.try('198.51.100.1');
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, number) => scene.try('192.0.2.66', `guess-${number}`)),
    );
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
    assert.equal(await scene.try(home), 'wait');
    assert.equal(await scene.try('198.51.100.1'), 'go');
  });

  void it('under other spellings counts as one', async () => {
    const names = [
      alice,
      'ALICE@corp.example',
      ' alice@corp.example',
      'alice+x@corp.example',
      'ａlice@CORP.example',
    ];
    const tried = await scene.guess(100, (number) => [
      far(number),
      `guess-${number}`,
      names[number % names.length],
    ]);
    assert.equal(tried, 10);
  });

  void it('that does not exist ends in the same way', async () => {
    const tried = async (cause: Refusal, login: string) => {
      const outcomes = [];
      for (let number = 0; number < 30; number += 1) {
        const password = Secret.fromText(`guess-${number}`);
        outcomes.push(await scene.end({ client: far(number), login, password }, wrong(cause)));
      }
      return outcomes.join();
    };
    const existing = await tried('wrong-password', alice);
    assert.equal(await tried('no-such-account', 'nobody@corp.example'), existing);
    assert.equal(await tried('malformed-login', 'x'.repeat(300)), existing);
    assert.equal(await tried('account-disabled', 'retired@corp.example'), existing);
  });

  void it('is slowed down beyond half of the limit', async () => {
    // The delay of a login keeps no process alive.
    const alive = setInterval(() => undefined, 1000);
    const slow = new Scene(new MemoryStore(), rulesOf({ longest_delay_seconds: 0.05 }));
    const began = performance.now();
    await slow.guess(5, (number) => [far(number)]);
    assert.ok(performance.now() - began < 50);
    await slow.guess(5, (number) => [far(number), `more-${number}`]);
    assert.ok(performance.now() - began > 5 * 49);
    clearInterval(alive);
  });
});

void describe('what is no guess', () => {
  let scene: Scene;
  beforeEach(() => (scene = new Scene()));

  void it('is the same wrong password again: it counts once', async () => {
    assert.equal(await scene.guess(1000, () => [home, 'old-password']), 1000);
    assert.equal(await scene.try(home), 'go');
    assert.equal(await scene.guess(1000, () => [home, 'old-password']), 1000);
    assert.equal(await scene.try(home), 'go');
  });

  void it('is the same wrong password a hundred times at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => scene.try(home, 'old-password')));
    assert.equal(await scene.guess(9, (number) => [home, `guess-${number}`]), 9);
  });

  void it('is a failure of ours or of the directory', async () => {
    for (let number = 0; number < 100; number += 1) {
      const password = Secret.fromText(`guess-${number}`);
      assert.equal(await scene.end({ client: home, login: alice, password }, undefined), 'no');
    }
    assert.equal(await scene.try(home), 'go');
    assert.equal(await scene.guess(100, (number) => [far(number)]), 10);
  });

  for (const cause of ['empty-password', 'foreign-authzid', 'channel-binding'] as const) {
    void it(`is ${cause}`, async () => {
      for (let number = 0; number < 100; number += 1) {
        const password = Secret.fromText(`guess-${number}`);
        await scene.end({ client: home, login: alice, password }, wrong(cause));
      }
      assert.equal(await scene.try(home), 'go');
    });
  }

  void it('a failure is, where no password shows whether it comes again', async () => {
    const outcomes = [];
    for (let number = 0; number < 20; number += 1) {
      outcomes.push(await scene.end({ client: far(number), login: alice }, wrong()));
    }
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
  });
});

void describe('guessing from one network', () => {
  let scene: Scene;
  beforeEach(() => (scene = new Scene()));
  const account = (number: number) => `user-${number}@corp.example`;

  void it('at many accounts ends after twenty, and is told as spraying once', async () => {
    assert.equal(await scene.guess(100, (number) => ['198.51.100.1', 'Summer2026', account(number)]), 20);
    assert.deepEqual(scene.patterns, ['spraying']);
  });

  void it('by one bad device does not lock out the office', async () => {
    const office = Array.from({ length: 50 }, (_, number) => account(number));
    for (const person of office) await scene.try(home, 'right', person);
    await scene.guess(500, (number) => [home, `guess-${number}`, 'scanner@corp.example']);
    await scene.guess(500, (number) => [home, `guess-${number}`, account(0)]);
    assert.equal(await scene.try(home, 'right', account(0)), 'wait', 'whose device it is');
    for (const person of office.slice(1)) assert.equal(await scene.try(home, 'right', person), 'go');
  });

  void it('by a device of somebody who is known there lets a newcomer in', async () => {
    await scene.try(home);
    await scene.guess(500, () => [home]);
    assert.equal(await scene.try(home, 'right', 'newcomer@corp.example'), 'go');
  });

  void it('with the addresses of a /64 is that of one', async () => {
    const tried = await scene.guess(500, (number) => [
      `2001:db8:0:1:${number.toString(16)}::1`,
      `guess-${number}`,
      account(number),
    ]);
    assert.equal(tried, 20);
  });

  const wider = [
    {
      it: 'the /64 of a /56',
      tried: 80,
      client: (number: number) => `2001:db8:0:1${hex(number % 256, 2)}::1`,
    },
    { it: 'the /64 of a /48', tried: 320, client: (number: number) => `2001:db8:0:${hex(number * 7, 4)}::1` },
    { it: 'the addresses of a /24', tried: 80, client: (number: number) => `198.51.100.${number % 256}` },
  ];
  for (const { it: networks, tried, client } of wider) {
    void it(`with ${networks} is bounded, too`, async () => {
      assert.equal(await scene.guess(1000, (number) => [client(number), 'x', account(number)]), tried);
    });
  }

  void it('that many share counts by account alone', async () => {
    assert.equal(await scene.guess(100, (number) => ['203.0.113.99', 'x', account(number)]), 100);
    assert.equal(await scene.guess(100, (number) => ['203.0.113.99', `guess-${number}`]), 10);
  });

  void it('that cannot be told is counted by account', async () => {
    assert.equal(await scene.guess(100, () => ['unknown']), 10);
  });
});

void describe('stuffing', () => {
  void it('is told once: many accounts from many networks, each once', async () => {
    const scene = new Scene();
    await scene.guess(200, (number) => [far(number), 'leaked', `user-${number}@corp.example`]);
    assert.deepEqual(scene.patterns, ['stuffing']);
  });

  void it('is not what people mistype where they are known', async () => {
    const scene = new Scene();
    const person = (number: number) => `user-${number}@corp.example`;
    for (let number = 0; number < 200; number += 1) await scene.try(far(number), 'right', person(number));
    await scene.guess(200, (number) => [far(number), 'mistyped', person(number)]);
    assert.deepEqual(scene.patterns, []);
  });
});

void describe('a directory that locks accounts itself', () => {
  for (const failures of [2, 5, 6, 20]) {
    void it(`after ${failures} failures hears of fewer in any half hour, repeats included`, async () => {
      const scene = new Scene(new MemoryStore(), rulesOf({ directory_failures: failures - 1 || 2 }));
      const times: number[] = [];
      for (let second = 0; second < 4 * 3600; second += 20) {
        scene.now += 20_000;
        if ((await scene.try(stranger(second), 'the-same')) === 'no') times.push(scene.now);
      }
      const most = Math.max(
        ...times.map((at) => times.filter((other) => other > at - 30 * minute && other <= at).length),
      );
      assert.ok(most <= Math.max(2, failures - 1), `${most} within half an hour`);
      assert.ok(times.length >= 8, 'and is not cut off for ever');
    });
  }
});

void describe('several processes', () => {
  void it('share what they count', async () => {
    const scene = new Scene(new MemoryStore(), rulesOf(), 2);
    const outcomes = [];
    for (let number = 0; number < 40; number += 1) {
      outcomes.push(await scene.try(far(number), `guess-${number}`, alice, number % 2));
    }
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
  });
});

void describe('a clock that was wrong', () => {
  void it('locks nobody out when it is right again', async () => {
    const scene = new Scene();
    scene.now += 365 * 24 * 60 * minute;
    await scene.guess(20, (number) => [far(number)]);
    scene.now -= 365 * 24 * 60 * minute;
    assert.equal(await scene.try(home), 'go');
  });
});

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0').slice(-digits);
}
