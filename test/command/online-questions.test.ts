import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identitySourceAnswers } from '../../plugins/command/online/directories.ts';
import { askAll, Refused, type Question } from '../../plugins/command/online/question.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';

const question = (name: string, ask: Question['ask'], login?: string): Question => ({
  ...{ what: 'server', name, milliseconds: 100, ask, login },
});

const fails = (error: unknown) => () => {
  throw error;
};

/** What is said of each, and whether it is good. */
async function told(questions: readonly Question[]): Promise<readonly string[]> {
  return (await askAll(questions)).map(({ name, ok, says }) => `${name} ${ok}: ${says}`);
}

void describe('questions to servers', () => {
  const cases: readonly { it: string; ask: Question['ask']; told: string }[] = [
    { it: 'an answer', ask: () => Promise.resolve('well'), told: 'a true: well' },
    { it: 'a reason', ask: () => Promise.reject(new Error('down')), told: 'a false: down' },
    {
      it: 'what is thrown at once',
      ask: fails(new TypeError('x is undefined')),
      told: 'a false: x is undefined',
    },
    { it: 'what is no error', ask: fails('a text'), told: 'a false: a text' },
    { it: 'nothing at all', ask: fails(undefined), told: 'a false: undefined' },
    {
      ...{ it: 'silence', ask: () => new Promise(() => undefined) },
      told: 'a false: it hangs: nothing came of it within 2.1 s',
    },
  ];
  for (const { it: title, ask, told: says } of cases) {
    void it(`tells of ${title}, and asks the others`, async () => {
      const others = question('b', () => Promise.resolve('well'));
      assert.deepEqual(await told([question('a', ask), others]), [says, 'b true: well']);
    });
  }

  /** Asks servers one account, each of which does as told, and notes who was asked. */
  async function shownTo(does: readonly ('takes' | 'refuses' | 'fails')[]) {
    const asked: string[] = [];
    const says = await told(
      does.map((what, index) =>
        question(
          `${index}`,
          async () => {
            asked.push(`${index}`);
            await new Promise((resolve) => setTimeout(resolve, 5));
            if (what === 'refuses') throw new Refused('refused');
            if (what === 'fails') throw new Error('down');
            return 'well';
          },
          'account',
        ),
      ),
    );
    return { asked: asked.join(' '), good: says.map((line) => line.split(/[ :]/)[1]).join(' ') };
  }

  const accounts = [
    {
      it: 'to no second server that may refuse it',
      does: ['refuses', 'takes', 'takes'],
      asked: '0',
      good: 'false false false',
    },
    {
      it: 'to the next where one says nothing of it',
      does: ['fails', 'refuses', 'takes'],
      asked: '0 1',
      good: 'false false false',
    },
    {
      it: 'to all once one takes it',
      does: ['takes', 'refuses', 'fails', 'takes'],
      asked: '0 1 2 3',
      good: 'true false false true',
    },
  ] as const;
  for (const { it: title, does, asked, good } of accounts) {
    void it(`show an account ${title}`, async () => {
      assert.deepEqual(await shownTo(does), { asked, good });
    });
  }

  void it('keep accounts apart', async () => {
    const refused = question('a', () => Promise.reject(new Refused('refused')), 'one');
    const other = question('b', () => Promise.resolve('well'), 'two');
    assert.deepEqual(await told([refused, other]), ['a false: refused', 'b true: well']);
  });

  void it('are none where a plugin of the gateway has the accounts, which is said', () => {
    const policy = { identity_sources: [{ name: 'sql' }] } as unknown as Policy;
    const [{ name, ok, says } = { name: '', ok: true, says: '' }] = identitySourceAnswers(policy);
    assert.deepEqual([name, ok], ['sql', null]);
    assert.match(says, /^cannot be asked from here: its accounts are known to the gateway alone/);
  });
});
