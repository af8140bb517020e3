import { setTimeout as delay } from 'node:timers/promises';
import type { IdentitySource, SourceAnswer } from '../../../plugins/core/directory/identity-source.ts';
import { identitySourceContract } from '../../../plugins/api/testing.ts';

// A source of people in memory, with the fault that FAULT names; source-contract.test.ts runs it.

const { FAULT: fault } = process.env;

const people = {
  alice: { login: 'alice@corp.example', password: 'pw-alice' },
  bob: { login: 'bob@corp.example', password: 'pw-bob-bob' },
  disabled: { login: 'left@corp.example', password: 'pw-of-left' },
};

type Row = (typeof people)['alice'];

let last: Row | undefined;

function rowOf(login: string): Row | undefined {
  const wanted = login.toLowerCase();
  const pattern = wanted.replaceAll('*', '.*').replaceAll('%', '.*');
  const isMatch = (known: string): boolean => {
    if (fault !== 'pattern') return known === wanted;
    return /^[\w.*%@]+$/.test(pattern) && new RegExp(`^${pattern}$`).test(known);
  };
  return Object.values(people).find((row) => isMatch(row.login));
}

function isRight(given: string, { password }: Row): boolean {
  if (fault === 'prefix') return password.startsWith(given);
  if (fault === 'truncates') return given.startsWith(password);
  return fault === 'folds' ? given.toLowerCase() === password : given === password;
}

function answerOf(row: Row | undefined, login: string): SourceAnswer {
  if (!row) return { refused: 'no-such-account' };
  if (row === people.disabled && fault !== 'forgets-state') return { refused: 'account-disabled' };
  const id = fault === 'typed-id' ? login : fault === 'one-id' ? 'somebody' : row.login;
  return { account: { id, addresses: [row.login] } };
}

const source: IdentitySource = {
  name: 'memory',
  async verify(login, password) {
    const row = rowOf(login);
    if (!row) return { refused: 'no-such-account' };
    const given = password.reveal(String);
    last = row;
    await delay(1);
    const found = fault === 'mixes-up' ? last : row;
    if (!isRight(given, found)) return { refused: 'wrong-password' };
    const answer = answerOf(found, login);
    if (fault !== 'not-the-same' || !('account' in answer)) return answer;
    return { account: { ...answer.account, domains: ['corp.example'] } };
  },
  find: (login) => answerOf(rowOf(login), login),
};

function broken(text: string): SourceAnswer {
  if (fault === 'refuses-when-down') return { refused: 'no-such-account' };
  throw new Error(fault === 'tells' ? `no table for ${text}` : 'no table');
}

identitySourceContract('one in memory', {
  open: () => source,
  people,
  accounts: { bob: { id: 'bob@corp.example', addresses: ['bob@corp.example'] } },
  openBroken: () => ({
    name: 'broken',
    verify: (_login, password) => broken(password.reveal(String)),
    find: () => broken(''),
  }),
});
