import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Renewals } from '../../plugins/auth/renewal/renewals.ts';
import { Unavailable, type Account, type Verification } from '../../plugins/core/directory/directory.ts';
import type { SessionLogin } from '../../plugins/core/haraka/session.ts';
import { identityOfAccount, type Identity } from '../../plugins/core/identity.ts';
import { formatMailbox } from '../../plugins/core/mailbox.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { Verdict } from '../../plugins/core/verdict.ts';
import { mailbox } from '../support/mailbox.ts';

const alice: Account = {
  id: 'uid=alice,dc=corp',
  name: 'alice@corp.example',
  addresses: ['alice@corp.example', 'sales@corp.example'].map(mailbox),
};
const found: Verification = { kind: 'account', account: alice };

const policyWith = (more: string) =>
  parseSettings(
    `roles: [submission]
protected_domains: [corp.example]
directory: { urls: ['ldaps://a.example'], bind_dn: cn=x, base: dc=corp${more} }
mail_servers: [{ name: mx, owner: dave, account: mx@corp.example, domains: [], addresses: [10.0.0.1] }]`,
    'test',
  ).policy;

/** Sessions of alice, a directory that says `state.found`, and a clock that the test moves. */
function scene(more = ', cache_seconds: 60') {
  const policy = policyWith(more);
  const state = { now: 0, found, isDown: false, isSlow: false };
  const asked: string[] = [];
  const stale: string[] = [];
  const waiting: (() => void)[] = [];
  const renewals = new Renewals(
    () => state.now,
    (name, { message }) => stale.push(`${name}: ${message}`),
  );
  const refused: Promise<never> = Promise.reject(new Unavailable('no test needs it'));
  refused.catch(() => undefined);
  const directory = {
    ...{ verify: () => refused, verifier: () => refused, probe: () => refused, close: () => undefined },
    byCertificate: () => refused,
    listen: () => undefined,
    find: async (login: string) => {
      asked.push(login);
      if (state.isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
      if (state.isDown) throw new Unavailable('nobody is there');
      return state.found;
    },
  };
  renewals.use(directory, policy, () => refused);
  const session = (credential?: string) => new Session(renewals, policy, state.now, credential);
  return { state, asked, stale, waiting, renewals, session, directory, policy };
}

class Session implements SessionLogin {
  readonly login = 'Alice@corp.example';
  identity: Identity;
  since: number;
  readonly clearances = new Map();
  hasEnded = false;
  readonly #decide: () => Verdict | Promise<Verdict>;

  constructor(renewals: Renewals, policy: ReturnType<typeof policyWith>, since: number, credential?: string) {
    this.since = since;
    this.identity = identityOfAccount({ ...alice, ...(credential && { credential: { name: credential } }) });
    const client = { address: '192.0.2.1' };
    this.#decide = () => renewals.decide(this.hasEnded ? { client } : { login: this, client }, policy);
  }

  readonly renew = (identity: Identity, since: number) => void Object.assign(this, { identity, since });
  readonly end = () => void (this.hasEnded = true);

  /** What MAIL comes to, in words. */
  async mail(): Promise<string> {
    const verdict = await this.#decide();
    const { kind, reason = '', detail = '' } = verdict as { kind: string; reason?: string; detail?: string };
    return [kind, reason, detail].filter(Boolean).join(' ');
  }

  /** Whether MAIL waits for nothing. */
  decidesAtOnce(): boolean {
    return !(this.#decide() instanceof Promise);
  }
}

const gone: Verification = { kind: 'refused', cause: 'account-disabled' };

void describe('a login of a session', () => {
  void it('asks nobody, and waits for nothing, while it is fresh', () => {
    const { session, state, asked } = scene();
    const client = session();
    state.now = 59_999;
    assert.ok(client.decidesAtOnce());
    assert.deepEqual(asked, []);
  });

  void it('is looked up once it is as old as another one may be, and then counts as long again', async () => {
    const { session, state, asked } = scene();
    const client = session();
    state.found = { kind: 'account', account: { ...alice, addresses: [mailbox('alice@corp.example')] } };
    state.now = 60_000;
    assert.equal(await client.mail(), 'pass');
    assert.deepEqual(client.identity.addresses.map(formatMailbox), ['alice@corp.example']);
    state.now = 119_999;
    assert.ok(client.decidesAtOnce());
    state.now = 120_000;
    assert.equal(await client.mail(), 'pass');
    assert.deepEqual(asked, ['Alice@corp.example', 'Alice@corp.example']);
  });

  void it('counts from when the directory was asked, and not from its answer', async () => {
    const { session, state, waiting } = scene();
    const client = session();
    Object.assign(state, { now: 60_000, isSlow: true });
    const mail = client.mail();
    state.now = 65_000;
    waiting.pop()?.();
    assert.equal(await mail, 'pass');
    assert.equal(client.since, 60_000);
  });

  for (const [what, verification, detail] of [
    ['an account that is disabled', gone, 'account-disabled'],
    ['one that is gone', { kind: 'refused', cause: 'no-such-account' }, 'no-such-account'],
    [
      'another account of that login',
      { kind: 'account', account: { ...alice, id: 'uid=alice,ou=b,dc=corp' } },
      'the login is that of another account now, uid=alice,ou=b,dc=corp',
    ],
    [
      'one that may log in elsewhere only by now',
      { kind: 'account', account: { ...alice, name: 'mx@corp.example' } },
      'mail-server-elsewhere',
    ],
  ] as const satisfies readonly (readonly [string, Verification, string])[]) {
    void it(`ends with ${what}`, async () => {
      const { session, state } = scene();
      const client = session();
      Object.assign(state, { now: 60_000, found: verification });
      assert.equal(await client.mail(), `refuse auth-required ${detail}`);
      assert.ok(client.hasEnded);
      assert.equal(await client.mail(), 'skip');
    });
  }

  const printer = { name: 'printer' };
  for (const [what, credentials, result] of [
    ['as long as it is there', [{ name: 'x' }, printer], 'pass'],
    ['not once it is gone', [{ name: 'x' }], 'refuse auth-required the application password printer is gone'],
    ['not once there are none', undefined, 'refuse auth-required the application password printer is gone'],
    [
      'not after its last day',
      [{ ...printer, expires: '2020-01-01' }],
      'refuse auth-required app-password-expired',
    ],
    [
      'not elsewhere',
      [{ ...printer, networks: ['10.0.0.0/8'] }],
      'refuse auth-required app-password-elsewhere',
    ],
    ['while it is exchanged', [{ ...printer, expires: '2020-01-01' }, printer], 'pass'],
  ] as const) {
    void it(`by an application password counts ${what}`, async () => {
      const { session, state } = scene();
      const client = session('printer');
      state.found = { kind: 'account', account: { ...alice, ...(credentials && { credentials }) } };
      state.now = 60_000;
      assert.equal(await client.mail(), result);
      assert.equal(client.identity.credential, 'printer');
    });
  }

  void it('is looked up at once when it was to be forgotten, by any of its names, and others are not', async () => {
    for (const name of ['ALICE@corp.example', 'uid=alice,dc=corp']) {
      const { session, state, renewals, asked } = scene();
      const client = session();
      state.now = 1000;
      renewals.forget('bob@corp.example');
      assert.ok(client.decidesAtOnce());
      renewals.forget(name);
      state.now = 1001;
      assert.equal(await client.mail(), 'pass');
      assert.equal(asked.length, 1);
      assert.ok(client.decidesAtOnce(), 'and is fresh again');
    }
  });

  void it('is looked up for each message where nothing is remembered', async () => {
    const { session, asked } = scene(', cache_seconds: 0');
    const client = session();
    for (let message = 0; message < 3; message += 1) assert.equal(await client.mail(), 'pass');
    assert.equal(asked.length, 3);
  });
});

void describe('sessions of one login', () => {
  void it('ask once, while it is under way and while it is fresh', async () => {
    const { session, state, asked, waiting } = scene();
    const clients = [session(), session(), session()];
    Object.assign(state, { now: 60_000, isSlow: true });
    const mails = clients.map((client) => client.mail());
    waiting.pop()?.();
    assert.deepEqual(await Promise.all(mails), ['pass', 'pass', 'pass']);
    const late = session();
    late.since = 30_000;
    state.now = 90_000;
    assert.equal(await late.mail(), 'pass');
    assert.equal(late.since, 60_000, 'as of when it was asked');
    assert.equal(asked.length, 1);
  });

  void it('ask again after it was to be forgotten, whatever is under way', async () => {
    const { session, state, asked, waiting, renewals } = scene();
    const [first, second] = [session(), session()];
    Object.assign(state, { now: 60_000, isSlow: true });
    const before = first.mail();
    state.now = 60_001;
    renewals.forget('alice@corp.example');
    state.now = 60_002;
    const after = second.mail();
    for (const go of waiting) go();
    assert.deepEqual([await before, await after], ['pass', 'pass']);
    assert.equal(asked.length, 2);
    state.isSlow = false;
    assert.equal(await first.mail(), 'pass');
    assert.equal(first.since, 60_002, 'what was known before does not count');
  });

  void it('hear at once that it counts again', async () => {
    const { session, state } = scene();
    const [first, second] = [session(), session()];
    Object.assign(state, { now: 60_000, found: gone });
    assert.match(await first.mail(), /^refuse /);
    state.found = found;
    assert.equal(await second.mail(), 'pass');
  });
});

void describe('while no server answers', () => {
  void it('a login that is no longer fresh has to wait, and goes on when one does', async () => {
    const { session, state, stale } = scene();
    const client = session();
    Object.assign(state, { now: 60_000, isDown: true });
    assert.equal(await client.mail(), 'defer account-unconfirmed');
    assert.ok(!client.hasEnded);
    state.isDown = false;
    assert.equal(await client.mail(), 'pass');
    assert.deepEqual(stale, []);
  });

  void it('it goes on with what it had, as long as others may log in, and says so', async () => {
    const { session, state, stale } = scene(', cache_stale_seconds: 3600');
    const client = session();
    Object.assign(state, { now: 3_599_999, isDown: true });
    assert.equal(await client.mail(), 'pass');
    assert.deepEqual(stale, ['alice@corp.example: nobody is there']);
    state.now = 3_600_000;
    assert.equal(await client.mail(), 'defer account-unconfirmed');
  });

  void it('it does not once it was to be forgotten', async () => {
    const { session, state, renewals } = scene(', cache_stale_seconds: 3600');
    const client = session();
    Object.assign(state, { now: 1000, isDown: true });
    renewals.forget('alice@corp.example');
    assert.equal(await client.mail(), 'defer account-unconfirmed');
  });

  void it('what fails otherwise is no answer, either', async () => {
    const { session, state, renewals, directory, policy } = scene(', cache_stale_seconds: 3600');
    renewals.use({ ...directory, find: () => Promise.reject(new TypeError('broken')) }, policy, () =>
      Promise.reject(new TypeError('broken')),
    );
    const client = session();
    state.now = 60_000;
    await assert.rejects(client.mail(), TypeError);
  });
});
