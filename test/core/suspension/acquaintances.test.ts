import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Circle } from '../../../plugins/core/store/store.ts';
import { circleKey, learningOf, meet, part } from '../../../plugins/core/suspension/acquaintances.ts';

const day = 86_400_000;
const now = 1_800_000_000_000;
const learning = learningOf({ learning_days: 14, recipients_known_days: 90 });
/** When whom an account writes to now is forgotten. */
const latest = now + 90 * day;

/** The record of an account that began so many days ago, and those it writes to, who are known for so many days more. */
const circle = (began: number, ...days: readonly number[]): Circle => ({
  since: now - began * day,
  expires: now + Math.max(1, ...days) * day,
  members: days.map((each) => (each === 0 ? 0 : now + each * day)),
});

void describe('whom an account writes to', () => {
  const cases: readonly {
    it: string;
    circle: Circle | undefined;
    strangers: number;
    /** Who is written down as known from now on; `undefined` where nothing is. */
    noted: readonly boolean[] | undefined;
    /** That the record began now. */
    begins?: true;
  }[] = [
    {
      it: 'is new where it was never written to, and then known',
      circle: circle(30, 0, 0, 89.5),
      strangers: 2,
      noted: [true, true, false],
    },
    {
      it: 'is not written down again within a day',
      circle: circle(30, 89.5, 90),
      strangers: 0,
      noted: undefined,
    },
    {
      it: 'is written down again after a day',
      circle: circle(30, 88.5, 89.5),
      strangers: 0,
      noted: [true, false],
    },
    {
      it: 'is new again when it was forgotten',
      circle: circle(200, -0.5, 30),
      strangers: 1,
      noted: [true, true],
    },
    {
      it: 'is nobody new to an account that was never seen',
      circle: { since: 0, expires: 0, members: [0, 0] },
      strangers: 0,
      noted: [true, true],
      begins: true,
    },
    {
      it: 'is nobody new on the thirteenth day',
      circle: circle(13.9, 0, 0),
      strangers: 0,
      noted: [true, true],
    },
    { it: 'is new on the fourteenth day', circle: circle(14, 0, 0), strangers: 2, noted: [true, true] },
    {
      it: 'is nobody new to one that was silent until all was forgotten',
      circle: { since: now - 400 * day, expires: now - 1, members: [0] },
      strangers: 0,
      noted: [true],
      begins: true,
    },
    {
      it: 'is nobody new where a clock that was wrong began the record',
      circle: circle(-5, 0),
      strangers: 0,
      noted: [true],
      begins: true,
    },
    { it: 'is nobody new where no store can tell', circle: undefined, strangers: 0, noted: undefined },
  ];
  for (const { it: title, circle: found, strangers, noted, begins } of cases) {
    void it(title, () => {
      const { change, ...met } = meet(found, learning, now);
      assert.equal(met.strangers, strangers);
      assert.deepEqual(
        change?.members,
        noted?.map((isNoted) => (isNoted ? latest : undefined)),
      );
      if (change) assert.equal(change.since, begins ? now : found?.since);
    });
  }

  void it('is one mailbox, however it is spelled, and no other tag', () => {
    const spelled = ['Bob@One.Example', 'bob@one.example', '"bob"@one.example', 'bob+x@one.example'];
    assert.deepEqual(circleKey('alice', spelled).members, ['bob@one.example', 'bob+x@one.example']);
  });
});

void describe('a message that was not queued', () => {
  /** It wrote to one who was new, to one who was forgotten, and to one who was known. */
  const { met } = meet(circle(30, 0, -0.5, 30), learning, now);
  const cases = [
    {
      it: 'makes nobody known',
      members: [latest, latest, latest],
      dropped: [0, 0, undefined],
    },
    {
      it: 'leaves those known whom another one has reached since',
      members: [latest + 1, latest, latest],
      dropped: [undefined, 0, undefined],
    },
    { it: 'drops nobody who is forgotten already', members: [0, 0, latest], dropped: undefined },
  ];
  for (const { it: title, members, dropped } of cases) {
    void it(title, () => {
      const found = { since: now - 30 * day, expires: latest, members };
      assert.deepEqual(part(found, met)?.members, dropped);
      if (dropped) assert.equal(part(found, met)?.since, found.since);
    });
  }

  void it('changes nothing where no store can tell', () => assert.equal(part(undefined, met), undefined));
});
