import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { windowsOf } from '../../plugins/core/limits/windows.ts';
import { limits as section } from '../../plugins/core/settings/limits.ts';
import { emptyTally, type Circle, type Tally } from '../../plugins/core/store/store.ts';
import { learningOf } from '../../plugins/core/suspension/acquaintances.ts';
import { countIn, spansOf, takeBack, type Terms } from '../../plugins/outbound/limits/tally.ts';

const start = 1_800_000_000_000;
const hour = 3_600_000;

const limits = section.parse({ messages_per_hour: 3, recipients_per_hour: 'none' });
const counts = [
  { cause: 'recipients-burst', span: { key: 'sign/recipients', milliseconds: hour }, most: 10 },
] as const;
const strangers = [
  { cause: 'new-recipients', span: { key: 'sign/new-recipients', milliseconds: hour }, most: 2 },
] as const;

interface Modes {
  readonly limits: 'enforce' | 'observe' | 'off';
  readonly watch: 'enforce' | 'observe' | 'off';
}

/** Three messages in an hour, and ten recipients. */
function termsOf(modes: Modes): Terms {
  return {
    limits,
    windows: modes.limits === 'off' ? [] : windowsOf(limits),
    isEnforced: modes.limits === 'enforce',
    watch:
      modes.watch === 'off'
        ? undefined
        : { counts, learning: undefined, isEnforced: modes.watch === 'enforce' },
  };
}

/** Messages of so many recipients, in a row: what each came to, and what is counted in the end. */
function count(terms: Terms, messages: readonly number[]) {
  let tallies: readonly Tally[] = spansOf(terms).map(() => emptyTally);
  const come = messages.map((recipients) => {
    const { write, result } = countIn({ found: tallies }, { messages: 1, recipients }, terms, start);
    const { verdict, signs, taken } = result;
    if (taken)
      assert.deepEqual(
        write?.map((tally) => tally?.marked),
        taken.of.map(({ since }) => since),
      );
    tallies = tallies.map((tally, at) => write?.[at] ?? tally);
    return [verdict.kind, ...signs.map(() => 'sign'), ...(taken ? [] : ['not counted'])].join(', ');
  });
  return { come, counted: tallies.map(({ level, others }) => [level, others]) };
}

void describe('a message', () => {
  const cases = [
    {
      it: 'counts for limits and for the watch alike',
      modes: { limits: 'enforce', watch: 'enforce' },
      messages: [2, 3],
      come: ['pass', 'pass'],
      counted: [
        [2, 5],
        [2, 5],
      ],
    },
    {
      it: 'that a limit refuses makes nobody look taken over',
      modes: { limits: 'enforce', watch: 'observe' },
      messages: [3, 3, 3, 3, 3],
      come: ['pass', 'pass', 'pass', 'defer, not counted', 'defer, not counted'],
      counted: [
        [3, 9],
        [3, 9],
      ],
    },
    {
      it: 'that shows a taken over account uses up none of its limits, and no smaller one passes after it',
      modes: { limits: 'enforce', watch: 'enforce' },
      messages: [9, 2, 2, 1],
      come: ['pass', ...Array<string>(3).fill('pass, sign, not counted')],
      counted: [
        [1, 9],
        [4, 14],
      ],
    },
    {
      it: 'counts although both would stop it, where they only look',
      modes: { limits: 'observe', watch: 'observe' },
      messages: [3, 3, 3, 3],
      come: ['pass', 'pass', 'pass', 'defer, sign'],
      counted: [
        [4, 12],
        [4, 12],
      ],
    },
    {
      it: 'is one that makes its account look taken over as long as it is beyond, not only the first',
      modes: { limits: 'off', watch: 'observe' },
      messages: [10, 1, 1],
      come: ['pass', 'pass, sign', 'pass, sign'],
      counted: [[3, 12]],
    },
    {
      it: 'counts for limits alone where nobody watches',
      modes: { limits: 'enforce', watch: 'off' },
      messages: [100],
      come: ['pass'],
      counted: [[1, 100]],
    },
    {
      it: 'counts for nothing where nobody asks',
      modes: { limits: 'off', watch: 'off' },
      messages: [100],
      come: ['pass'],
      counted: [],
    },
  ] as const;
  for (const { it: title, modes, messages, come, counted } of cases) {
    void it(title, () => assert.deepEqual(count(termsOf(modes), messages), { come, counted }));
  }

  void it('that was not queued is taken back of all, but for a time that is over', () => {
    const terms = termsOf({ limits: 'enforce', watch: 'enforce' });
    const amount = { messages: 1, recipients: 4 };
    const { write = [], result } = countIn({ found: [] }, amount, terms, start);
    const { taken } = result;
    assert.ok(taken);
    const found = write.map((tally) => tally ?? emptyTally);
    const back = takeBack({ found }, taken, start + 1);
    assert.deepEqual(
      back.write?.map((tally) => [tally?.level, tally?.others, tally?.marked]),
      [
        [0, 0, start],
        [0, 0, start],
      ],
    );
    assert.equal(takeBack({ found }, taken, start + hour).write, undefined);
  });
});

/** What a message to so many, of whom the first are known, comes to for who may write to two that are new within an hour. */
void describe('a message to people who are new to its account', () => {
  const learning = learningOf({ learning_days: 14, recipients_known_days: 90 });
  const terms = (isEnforced: boolean): Terms => ({
    ...termsOf({ limits: 'enforce', watch: 'off' }),
    watch: { counts: [...counts, ...strangers], learning, isEnforced },
  });
  const circleOf = (isNew: readonly boolean[]): Circle => ({
    since: start - 20 * 24 * hour,
    expires: start + hour,
    members: isNew.map((each) => (each ? 0 : start + hour)),
  });

  const cases = [
    { it: 'counts those alone', isEnforced: true, messages: [[true, false, true]], causes: [[]], counted: 2 },
    {
      it: 'counts in each message of the hour',
      isEnforced: true,
      messages: [[true], [false, true, false], [true]],
      causes: [[], [], ['new-recipients']],
      counted: 3,
    },
    {
      it: 'is followed by none that is let through, once it was too much',
      isEnforced: true,
      messages: [[true, true, true], [false]],
      causes: [['new-recipients'], ['new-recipients']],
      counted: 3,
    },
    {
      it: 'may be both signs',
      isEnforced: false,
      messages: [Array<boolean>(11).fill(true)],
      causes: [['recipients-burst', 'new-recipients']],
      counted: 11,
    },
  ] as const;
  for (const { it: title, isEnforced, messages, causes, counted } of cases) {
    void it(title, () => {
      let tallies: readonly Tally[] = spansOf(terms(isEnforced)).map(() => emptyTally);
      const seen = messages.map((isNew: readonly boolean[]) => {
        const known = { found: tallies, circle: circleOf(isNew) };
        const amount = { messages: 1, recipients: isNew.length };
        const { write, circle, result } = countIn(known, amount, terms(isEnforced), start);
        tallies = tallies.map((tally, at) => write?.[at] ?? tally);
        // Whom a message makes known that is not accepted, nobody has written to.
        assert.equal(circle !== undefined, result.taken !== undefined);
        return result.signs.map(({ cause }) => cause);
      });
      assert.deepEqual(seen, causes);
      assert.equal(tallies.at(-1)?.others, counted);
    });
  }

  void it('that a limit refuses makes nobody known, and counts none', () => {
    const found = [{ ...emptyTally, level: 3, marked: start, last: start }];
    const known = { found, circle: circleOf([true]) };
    const { write, circle } = countIn(known, { messages: 1, recipients: 1 }, terms(false), start);
    assert.deepEqual([write, circle], [undefined, undefined]);
  });

  void it('that was not queued takes them back, those that it made known and no others', () => {
    const amount = { messages: 1, recipients: 2 };
    const {
      write = [],
      circle,
      result,
    } = countIn({ found: [], circle: circleOf([true, false]) }, amount, terms(true), start);
    assert.ok(circle && result.taken);
    const until = start + 90 * 24 * hour;
    assert.deepEqual(
      [circle.members, result.taken.met],
      [
        [until, until],
        [until, 0],
      ],
    );
    const found = write.map((tally) => tally ?? emptyTally);
    const now = { ...circle, members: [until, until] };
    const back = takeBack({ found, circle: now }, result.taken, start + 1);
    assert.deepEqual(back.circle?.members, [0, undefined]);
    assert.equal(back.write?.at(-1)?.others, 0);
  });

  void it('counts for nothing where no store can tell who they are', () => {
    const { result, circle } = countIn({ found: [] }, { messages: 1, recipients: 9 }, terms(true), start);
    assert.deepEqual([result.signs, circle], [[], undefined]);
  });
});
