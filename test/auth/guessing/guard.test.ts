import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Refusal } from '../../../plugins/core/directory/directory.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { MemoryStore } from '../../../plugins/core/store/memory.ts';
import { alice, far, home, minute, rulesOf, Scene, wrong } from './scene.ts';

const stranger = (number: number) => `198.18.${number >> 8}.${number & 255}`;

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
      Array.from({ length: 200 }, (_, number) => scene.slowly('192.0.2.66', `guess-${number}`)),
    );
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
    assert.equal(await scene.try(home), 'wait');
    assert.equal(await scene.try('198.51.100.1'), 'go');
  });

  void it('between logins of its owner in the same network does not go on for ever', async () => {
    let tried = 0;
    for (let second = 0; second < 1800; second += 1) {
      scene.now += 1000;
      if ((await scene.try(home)) !== 'go') continue;
      tried += await scene.guess(9, (number) => [home, `guess-${second}-${number}`]);
    }
    assert.ok(tried <= 220, `${tried} in half an hour`);
  });

  void it('is forgiven who mistypes, and whose telephone has an old password that only it knows to be the same', async () => {
    await scene.try(home);
    for (let minutes = 0; minutes < 24 * 60; minutes += 1) {
      scene.now += minute;
      await scene.end({ client: home, login: alice }, wrong());
      if (minutes % 5 === 0) assert.equal(await scene.try(home), 'go');
    }
  });

  void it('lets in, where it is known, all who log in at once with the right password, and at once', async () => {
    const alive = setInterval(() => undefined, 1000);
    const busy = new Scene(new MemoryStore(), rulesOf({ longest_delay_seconds: 8 }));
    assert.equal(await busy.try(home), 'go');
    const began = performance.now();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => busy.slowly(home)));
    assert.deepEqual([...new Set(outcomes)], ['go']);
    assert.ok(performance.now() - began < 1000, `${performance.now() - began} ms`);
    clearInterval(alive);
  });

  void it('lets nobody wait for ever behind logins that take long', async (test) => {
    await scene.try(home);
    const attempt = { client: home, login: alice };
    const under = await Promise.all(Array.from({ length: 10 }, () => scene.admit(attempt)));
    assert.ok(under.every(({ kind }) => kind === 'admitted'));
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const late = scene.admit(attempt);
    await new Promise((resolve) => setImmediate(resolve));
    test.mock.timers.tick(10_000);
    const answer = await late;
    assert.ok(answer.kind === 'wait');
    assert.equal(answer.because, 'other logins of the account in this network, which are under way');
    for (const each of under) if (each.kind === 'admitted') await each.settle();
    assert.equal(await scene.try(home), 'go', 'all places are free again');
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

  for (const cause of [
    ...(['empty-password', 'malformed-password', 'foreign-authzid', 'channel-binding'] as const),
    ...(['app-password-expired', 'app-password-elsewhere'] as const),
  ]) {
    void it(`is ${cause}`, async () => {
      for (let number = 0; number < 100; number += 1) {
        const password = Secret.fromText(`guess-${number}`);
        await scene.end({ client: home, login: alice, password }, wrong(cause));
      }
      assert.equal(await scene.try(home), 'go');
    });
  }

  void it('makes nobody known by an application password that does not count there', async () => {
    const attempt = { client: '198.51.100.1', login: alice, password: Secret.fromText('app-printer') };
    await scene.end(attempt, wrong('app-password-elsewhere'));
    await scene.guess(10, (number) => [far(number)]);
    assert.equal(await scene.try('198.51.100.1'), 'wait');
  });

  void it('a failure is, where no password shows whether it comes again', async () => {
    const outcomes = [];
    for (let number = 0; number < 20; number += 1) {
      outcomes.push(await scene.end({ client: far(number), login: alice }, wrong()));
    }
    assert.equal(outcomes.filter((each) => each === 'no').length, 10);
  });
});

void describe('who logs in by a token', () => {
  void it('waits where strangers guess, and is known from then on where not', async () => {
    const scene = new Scene();
    assert.equal(await scene.prove(home), 'go');
    assert.equal(await scene.guess(100, (number) => [far(number)]), 10);
    assert.equal(await scene.prove('198.51.100.1'), 'wait');
    assert.equal(await scene.prove(home), 'go');
    assert.equal(await scene.try(home), 'go');
  });

  void it('crowds out nobody, however many there are at once', async () => {
    const scene = new Scene();
    const all = await Promise.all(
      Array.from({ length: 200 }, (_each, number) => scene.prove(home, `user-${number}@x`)),
    );
    assert.ok(all.every((each) => each === 'go'));
    assert.equal(await scene.try(home), 'go');
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

void describe('such a directory, asked by two processes at once', () => {
  void it('hears of no more either, new rules and names that are spelled otherwise included', async () => {
    const store = new MemoryStore();
    const scene = new Scene(store, rulesOf({ directory_failures: 6, account_failures: 1000 }), 2);
    const times: number[] = [];
    const names = [alice, 'ALICE@corp.example', 'alice+x@corp.example'];
    for (let round = 0; round < 240; round += 1) {
      scene.now += minute;
      if (round === 100) scene.rules = rulesOf({ directory_failures: 6, network_failures: 50 });
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, number) => {
          const password = number % 2 === 0 ? 'the-same' : `guess-${round}-${number}`;
          return scene.try(far(round * 20 + number), password, names[number % 3], number % 2);
        }),
      );
      times.push(...outcomes.filter((each) => each === 'no').map(() => scene.now));
    }
    const most = Math.max(
      ...times.map((at) => times.filter((other) => other > at - 30 * minute && other <= at).length),
    );
    assert.ok(most <= 6 && times.length > 20, `${most} within half an hour, ${times.length} altogether`);
  });
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
  const year = 365 * 24 * 60 * minute;

  void it('makes nobody known for years, nor keeps an attack from being told', async () => {
    const scene = new Scene();
    scene.now += 10 * year;
    await scene.try('198.51.100.1');
    await scene.guess(20, (number) => ['203.0.113.5', 'x', `user-${number}@corp.example`]);
    scene.now -= 10 * year;
    await scene.guess(10, (number) => [far(number)]);
    assert.equal(await scene.try('198.51.100.1'), 'wait');
    await scene.guess(20, (number) => ['203.0.113.5', 'x', `user-${number}@corp.example`]);
    assert.deepEqual(scene.patterns, ['spraying', 'spraying']);
  });

  void it('by an hour or two keeps the owner known', async () => {
    const scene = new Scene();
    scene.now += 2 * 60 * minute;
    await scene.try(home);
    scene.now -= 2 * 60 * minute;
    await scene.guess(20, (number) => [far(number)]);
    assert.equal(await scene.try(home), 'go');
    scene.now += 30 * 24 * 60 * minute - 1000;
    await scene.guess(20, (number) => [far(number)]);
    assert.equal(await scene.try(home), 'go', 'and it is noted when');
  });

  void it('locks nobody out when it is right again', async () => {
    const scene = new Scene();
    scene.now += 365 * 24 * 60 * minute;
    await scene.guess(20, (number) => [far(number)]);
    scene.now -= 365 * 24 * 60 * minute;
    assert.equal(await scene.try(home), 'go');
  });
});
