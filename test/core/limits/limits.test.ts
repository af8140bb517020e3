import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limitsOf, type Limits } from '../../../plugins/core/limits/limits.ts';
import { readLimits } from '../../../plugins/core/limits/read-limits.ts';
import { isFree, isOf, left, seated, seatsOf } from '../../../plugins/core/limits/seats.ts';
import {
  crossingsOf,
  excessOf,
  givenBack,
  taken,
  useOf,
  windowsOf,
  type Use,
} from '../../../plugins/core/limits/windows.ts';
import { limits as section } from '../../../plugins/core/settings/limits.ts';
import { emptyTally, type Tally } from '../../../plugins/core/store/store.ts';

const all = Object.fromEntries(Object.keys(section.shape).map((key) => [key, 'none']));
const limited = (some: Partial<Limits>): Limits => ({ ...section.parse({ ...all, mode: 'off' }), ...some });

const minute = 60_000;
const hour = 60 * minute;
const start = 1_800_000_000_000;

void describe('limits in a directory', () => {
  const cases = [
    { it: 'a limit', values: ['messages_per_hour=500'], limits: { messages_per_hour: 500 } },
    { it: 'none', values: ['sessions=none'], limits: { sessions: 'none' } },
    { it: 'a soft one', values: ['soft_message_bytes=1000'], limits: { soft_message_bytes: 1000 } },
    { it: 'nothing at all', values: ['messages_per_day=0'], limits: { messages_per_day: 0 } },
    { it: 'spaces and capitals', values: [' Messages_Per_Hour = 5 '], limits: { messages_per_hour: 5 } },
    { it: 'the same twice', values: ['sessions=3', 'SESSIONS=3'], limits: { sessions: 3 } },
    { it: 'no name of ours', values: ['messages=5'], problem: '"messages=5" is no limit' },
    { it: 'a name of objects', values: ['constructor=5'], problem: '"constructor=5" is no limit' },
    { it: 'a negative number', values: ['sessions=-1'], problem: '"sessions=-1" is no limit' },
    { it: 'no number', values: ['sessions='], problem: '"sessions=" is no limit' },
    {
      it: 'more sessions than can be counted',
      values: ['sessions=1001'],
      problem: '"sessions=1001" is no limit',
    },
    {
      it: 'two values',
      values: ['sessions=3', 'sessions=4'],
      problem: 'there are several values for sessions',
    },
    {
      it: 'one that cannot be read beside one that can',
      values: ['sessions=3', 'x'],
      limits: { sessions: 3 },
      problem: '"x" is no limit',
    },
  ];
  for (const { it: title, values, limits = {}, problem } of cases) {
    void it(`reads ${title}: ${values.join(', ')}`, () => {
      assert.deepEqual(readLimits(values), { limits, problems: problem === undefined ? [] : [problem] });
    });
  }

  void it('take the place of those of the settings, each by itself', () => {
    const { messages_per_hour, sessions } = limitsOf(limited({ messages_per_hour: 5, sessions: 2 }), {
      sessions: 'none',
    });
    assert.deepEqual([messages_per_hour, sessions], [5, 'none']);
  });
});

/** What a row of messages came to: each at a minute, for so many recipients. */
function sent(
  some: Partial<Limits>,
  messages: readonly (readonly [minute: number, recipients: number])[],
): string[] {
  const limits = limited(some);
  const windows = windowsOf(limits);
  let tallies: Tally[] = windows.map(() => emptyTally);
  return messages.map(([at, recipients]) => {
    const now = start + at * minute;
    const amount = { messages: 1, recipients };
    const uses: readonly Use[] = windows.map((window, index) => useOf(window, tallies[index], now));
    const excess = excessOf(uses, amount, limits, now);
    if (excess) return `${excess.key} ${excess.used}/${excess.most}, ${excess.waitMs / minute} min`;
    tallies = uses.map((use) => taken(use, amount, now));
    const crossed = crossingsOf(uses, amount, limits, now);
    return ['sent', ...crossed.map(({ key, reached, most }) => `${key} ${reached}/${most}`)].join(' ');
  });
}

void describe('a window', () => {
  const cases = [
    {
      it: 'begins with the first message, and ends for all of them at once',
      limits: { messages_per_hour: 2 },
      messages: [
        [10, 1],
        [60, 1],
        [65, 1],
        [69, 1],
        [70, 1],
        [71, 1],
        [72, 1],
      ],
      come: [
        'sent',
        'sent',
        'messages_per_hour 2/2, 5 min',
        'messages_per_hour 2/2, 1 min',
        'sent',
        'sent',
        'messages_per_hour 2/2, 58 min',
      ],
    },
    {
      it: 'counts recipients, and takes a smaller message where a larger one does not fit',
      limits: { recipients_per_hour: 10 },
      messages: [
        [0, 8],
        [1, 3],
        [2, 2],
        [3, 1],
      ],
      come: ['sent', 'recipients_per_hour 8/10, 59 min', 'sent', 'recipients_per_hour 10/10, 57 min'],
    },
    {
      it: 'of an hour is full, and that of a day goes on',
      limits: { messages_per_hour: 1, messages_per_day: 2 },
      messages: [
        [0, 1],
        [30, 1],
        [60, 1],
        [120, 1],
        [1440, 1],
      ],
      come: ['sent', 'messages_per_hour 1/1, 30 min', 'sent', 'messages_per_day 2/2, 1320 min', 'sent'],
    },
    {
      it: 'of a limit of 0 lets nothing through',
      limits: { messages_per_hour: 0 },
      messages: [[0, 1]],
      come: ['messages_per_hour 0/0, 60 min'],
    },
    {
      it: 'tells once of a soft limit, and again in the next',
      limits: { soft_messages_per_hour: 1, soft_recipients_per_hour: 10 },
      messages: [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 9],
        [4, 9],
        [60, 1],
        [61, 1],
      ],
      come: [
        'sent',
        'sent soft_messages_per_hour 2/1',
        'sent',
        'sent soft_recipients_per_hour 12/10',
        'sent',
        'sent',
        'sent soft_messages_per_hour 2/1',
      ],
    },
    {
      it: 'that was begun by a clock far ahead holds nobody up, and one that is set back a little is kept',
      limits: { messages_per_hour: 1 },
      messages: [
        [100_000, 1],
        [0, 1],
        [-30, 1],
      ],
      come: ['sent', 'sent', 'messages_per_hour 1/1, 90 min'],
    },
    { it: 'is none without limits', limits: {}, messages: [[0, 1e6]], come: ['sent'] },
  ] as const;
  for (const { it: title, limits, messages, come } of cases) {
    void it(title, () => assert.deepEqual(sent(limits, messages), come));
  }

  const [window] = windowsOf(limited({ messages_per_hour: 1 }));
  assert.ok(window);
  const amount = { messages: 1, recipients: 3 };
  const full = taken(useOf(window, emptyTally, start), amount, start);

  void it('takes back what was not queued', () => {
    const back = givenBack(useOf(window, full, start + minute), amount, start, start + minute);
    assert.deepEqual([back?.level, back?.others, back?.marked, back?.last], [0, 0, start, start + minute]);
  });

  void it('takes nothing back that was counted in one before', () => {
    const next = taken(useOf(window, full, start + hour), amount, start + hour);
    assert.equal(givenBack(useOf(window, next, start + hour), amount, start, start + hour), undefined);
    assert.equal(givenBack(useOf(window, full, start + hour), amount, start, start + hour), undefined);
  });

  void it('never holds less than nothing', () => {
    const lifted = { ...full, level: 0, others: 1 };
    const back = givenBack(useOf(window, lifted, start), amount, start, start);
    assert.deepEqual([back?.level, back?.others], [0, 0]);
  });
});

void describe('a seat', () => {
  const cases = [
    { it: 'nobody', tally: emptyTally, at: 0, free: true },
    { it: 'a session', tally: seated(7, start), at: 0, free: false },
    { it: 'a session that was heard of 44 s ago', tally: seated(7, start), at: 44_000, free: false },
    { it: 'a session of a process that died 45 s ago', tally: seated(7, start), at: 45_000, free: true },
    { it: 'a session that left', tally: left(start), at: 0, free: true },
    { it: 'a clock an hour ahead', tally: seated(7, start + hour), at: 0, free: true },
  ];
  for (const { it: title, tally, at, free } of cases) {
    void it(`of ${title} is ${free ? 'free' : 'taken'}`, () => assert.equal(isFree(tally, start + at), free));
  }

  void it('is kept by whoever has its ticket', () => {
    assert.deepEqual(
      [isOf(seated(7, start), 7), isOf(seated(8, start), 7), isOf(left(start), 0)],
      [true, false, false],
    );
  });

  const numbers = [
    { some: {}, seats: undefined },
    { some: { sessions: 5 }, seats: 5 },
    { some: { sessions: 5, soft_sessions: 2 }, seats: 5 },
    { some: { soft_sessions: 2 }, seats: 3 },
  ] as const;
  for (const { some, seats } of numbers) {
    void it(`is one of ${seats ?? 'any number'} with ${JSON.stringify(some)}`, () =>
      assert.equal(seatsOf(limited(some)), seats));
  }
});
