import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatMailbox } from '../mailbox.ts';
import { Secret } from '../secret.ts';
import { findCases, injections, loginCases, spellings, type ContractPeople } from './contract-cases.ts';
import type { Account, Verification } from './directory.ts';
import { defineIdentitySource, type IdentitySource, type SourceAccount } from './identity-source.ts';
import { SourceDirectory, type AskingSettings } from './source-directory.ts';

export interface SourceContract {
  /** Opens a source that knows the people; asked once. */
  readonly open: () => IdentitySource | Promise<IdentitySource>;
  readonly people: ContractPeople;
  /** What is said of alice and bob; of what is absent nothing is asserted. */
  readonly accounts?: { readonly alice?: Partial<SourceAccount>; readonly bob?: Partial<SourceAccount> };
  /** Opens one whose database, server or file is not there, or does not answer as it should. */
  readonly openBroken?: () => IdentitySource | Promise<IdentitySource>;
  /** Runs at the end. */
  readonly close?: () => unknown;
}

/** Time for machines that are slow, and hashes that are meant to be. */
const patient: AskingSettings = {
  ...{ password_preparation: 'none' as const, questions: 8, queue: 1000 },
  login_timeout_seconds: 120,
};

/** As the settings have it where they say nothing. */
const usualSeconds = 10;

/** Declares what every identity source has to do as tests of the process that calls it, asked as the gateway asks. */
export function identitySourceContract(name: string, contract: SourceContract): void {
  void describe(`identity source: ${name}`, () => {
    const asked = new Asked(contract);
    before(() => asked.open());
    after(() => contract.close?.());
    declareLogins(asked);
    declareIdentities(asked);
    declareHostile(asked);
    declareConcurrency(asked);
    if (contract.openBroken) declareBroken(contract.openBroken, contract.people);
  });
}

/** The source in the hands of the gateway. */
class Asked {
  readonly people: ContractPeople;
  readonly accounts: NonNullable<SourceContract['accounts']>;
  readonly #open: SourceContract['open'];
  #directory: SourceDirectory | undefined;

  constructor({ open, people, accounts = {} }: SourceContract) {
    this.#open = open;
    this.people = people;
    this.accounts = accounts;
  }

  async open(): Promise<void> {
    this.#directory = new SourceDirectory(defineIdentitySource(await this.#open()), patient);
  }

  get directory(): SourceDirectory {
    assert.ok(this.#directory, 'open has given no source');
    return this.#directory;
  }

  verify(login: string, password: string): Promise<Verification> {
    return this.directory.verify(login, Secret.fromText(password));
  }

  async account(who: 'alice' | 'bob'): Promise<Account> {
    const { login, password } = this.people[who];
    const verification = await this.verify(login, password);
    assert.ok(verification.kind === 'account', `${who} is refused: ${inBrief(verification)}`);
    return verification.account;
  }
}

function inBrief(verification: Verification): string {
  return verification.kind === 'refused' ? verification.cause : verification.account.id;
}

function isAccount({ kind }: Verification): boolean {
  return kind === 'account';
}

function declareLogins(asked: Asked): void {
  const { people } = asked;
  for (const { it: what, login, password, is } of loginCases(people)) {
    void it(what, async () => {
      const brief = inBrief(await asked.verify(login, password));
      // One that says nothing but yes and no cannot say which of both is wrong.
      const isBlunt = is === 'no-such-account' && brief === 'wrong-password';
      assert.equal(brief, is === 'alice' ? (await asked.account('alice')).id : isBlunt ? brief : is);
    });
  }
  for (const { it: what, login, is } of findCases(people)) {
    void it(what, async () => {
      const brief = inBrief(await asked.directory.find(login));
      assert.equal(brief, is === 'alice' ? (await asked.account('alice')).id : is);
    });
  }
  void it('would answer now', () => asked.directory.probe());
}

function declareIdentities(asked: Asked): void {
  const { people, accounts } = asked;
  void it('finds the same account that it verifies', async () => {
    for (const who of ['alice', 'bob'] as const) {
      const account = await asked.account(who);
      assert.deepEqual(await asked.directory.find(people[who].login), { kind: 'account', account });
    }
  });
  void it('gives each account an id of its own, in whatever case it is written', async () => {
    const ids = [await asked.account('alice'), await asked.account('bob')].map(({ id }) => id.toLowerCase());
    assert.notEqual(ids[0], ids[1]);
  });
  for (const who of ['alice', 'bob'] as const) {
    const { id, addresses } = accounts[who] ?? {};
    void it(`gives ${who} what is hers or his`, { skip: id === undefined && !addresses }, async () => {
      const account = await asked.account(who);
      if (id !== undefined) assert.equal(account.id, id);
      if (addresses) assert.deepEqual(account.addresses.map(formatMailbox), addresses);
    });
  }
  void it('gives the identity that it has, or refuses, however a login is written', async () => {
    const { login, password } = people.alice;
    const { id } = await asked.account('alice');
    const wanted = spellings(login).map((spelling) => [spelling, password] as const);
    for (const found of await answersTo(asked, wanted)) {
      if (found.kind === 'account') assert.equal(found.account.id, id);
    }
  });
}

/** What `verify` says of each, and what `find` says. */
async function answersTo(
  { directory }: Asked,
  wanted: readonly (readonly [login: string, password: string])[],
): Promise<readonly Verification[]> {
  const answers: Verification[] = [];
  for (const [login, password] of wanted) {
    answers.push(await directory.verify(login, Secret.fromText(password)), await directory.find(login));
  }
  return answers;
}

function declareHostile(asked: Asked): void {
  const { people } = asked;
  void it('takes whatever a login holds for a name', async () => {
    const { password } = people.alice;
    const wanted = injections(people).map((login) => [login, password] as const);
    const found = await answersTo(asked, wanted);
    const somebody = wanted.filter((_, at) => found.slice(2 * at, 2 * at + 2).some(isAccount));
    assert.deepEqual(
      somebody.map(([login]) => login),
      [],
    );
    await asked.account('alice');
  });
  void it('takes whatever a password holds for a password', async () => {
    for (const password of injections(people)) {
      const found = await asked.verify(people.alice.login, password);
      assert.equal(inBrief(found), 'wrong-password', JSON.stringify(password));
    }
  });
  for (const [what, octets] of [
    ['is no UTF-8', Buffer.from([0xff, 0xc0, 0x80, 0xfe])],
    ['has 4096 octets', Buffer.alloc(4096, 'x')],
  ] as const) {
    void it(`refuses a password that ${what}`, async () => {
      const found = await asked.directory.verify(people.alice.login, new Secret(Buffer.from(octets)));
      assert.equal(inBrief(found), 'wrong-password');
    });
  }
  void it(`answers within ${usualSeconds} s whom it knows and whom it does not`, async () => {
    const { login, password } = people.alice;
    for (const each of [login, `mallory.${login}`]) {
      const began = performance.now();
      await asked.verify(each, password);
      assert.ok(performance.now() - began < usualSeconds * 1000);
    }
  });
}

function declareConcurrency(asked: Asked): void {
  const { people } = asked;
  void it('gives each of 100 logins at once its own answer', async () => {
    const ids = { alice: (await asked.account('alice')).id, bob: (await asked.account('bob')).id };
    const logins = Array.from({ length: 100 }, (_, n) => ({
      who: n % 4 < 2 ? ('alice' as const) : ('bob' as const),
      right: n % 2 === 0,
    }));
    const answers = await Promise.all(
      logins.map(({ who, right }) => asked.verify(people[who].login, right ? people[who].password : 'wrong')),
    );
    const expected = logins.map(({ who, right }) => (right ? ids[who] : 'wrong-password'));
    assert.deepEqual(answers.map(inBrief), expected);
  });
}

function declareBroken(openBroken: NonNullable<SourceContract['openBroken']>, people: ContractPeople): void {
  const { login, password } = people.alice;
  void it('refuses nobody, and lets nobody in, when it is broken; what it says then is not the password', async () => {
    const source = defineIdentitySource(await openBroken());
    const directory = new SourceDirectory(source, { ...patient, login_timeout_seconds: usualSeconds });
    const failed = (error: Error) => {
      assert.equal(error.name, 'Unavailable');
      assert.ok(!error.message.includes(password), 'the password is in what it says');
      assert.doesNotMatch(error.message, /kept back/, 'what it says may hold the password');
      return true;
    };
    await assert.rejects(directory.verify(login, Secret.fromText(password)), failed);
    await assert.rejects(directory.find(login), failed);
    if (source.probe) await assert.rejects(directory.probe(), failed);
  });
}
