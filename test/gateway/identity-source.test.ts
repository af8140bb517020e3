import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { loggedIn, plain, type SmtpClient } from '../support/smtp.ts';
import { inForce, Operator, refused } from './operator.ts';
import { plugin } from './other-haraka.ts';
import { alice, greeted, send } from './traffic.ts';

const carol = { id: '7', password: 'pw-carol', addresses: ['carol@table.example'] };

const table = (more: object = {}) => ({
  'carol@table.example': carol,
  'left@table.example': { ...carol, id: '8', disabled: true },
  ...more,
});

const sources = [
  { name: 'table', login_domains: ['table.example'], cache_seconds: 0, cache_refused_seconds: 0 },
  { name: 'ways', login_domains: ['ways.example'], login_timeout_seconds: 1, cache_seconds: 0 },
];

/** Two workers, each with sources of its own. */
void describe('accounts of identity sources, beside a directory', () => {
  let gateway: TestGateway;
  let operator: Operator;
  before(async () => {
    gateway = await startTestGateway({
      nodes: 2,
      first: [plugin('identity-sources')],
      settings: { identity_sources: sources },
      config: { 'accounts.json': JSON.stringify(table()) },
    });
    operator = new Operator(gateway);
  });
  after(() => gateway.stop());

  const submission = () => ({ port: gateway.ports.submission });
  const asCarol = () => loggedIn(submission(), 'carol@table.example', 'pw-carol');
  const letter = { from: 'carol@table.example', to: 'x@one.example' };

  async function login(who: string, password: string): Promise<string> {
    const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
    const { text } = await client.command(`AUTH PLAIN ${plain(who, password)}`);
    client.destroy();
    return text.slice(0, 9);
  }
  const change = (more: object) => writeFileSync(operator.file('accounts.json'), JSON.stringify(table(more)));
  const command = async (...args: readonly string[]) => {
    const { code, out, err } = await gatekeeper([...args, '--json'], { haraka: gateway.dir });
    return { code, answer: JSON.parse(out || err) as Record<string, unknown> };
  };

  const logins = [
    { login: 'carol@table.example', password: 'pw-carol', is: '235 2.7.0' },
    { login: 'CAROL@Table.Example', password: 'pw-carol', is: '235 2.7.0' },
    {
      login: 'carol@table.example',
      password: 'pw-alice',
      is: '535 5.7.8',
      because: 'wrong-password: row of 7',
    },
    { login: 'dave@table.example', password: 'pw-carol', is: '535 5.7.8', because: 'no-such-account' },
    { login: 'left@table.example', password: 'pw-carol', is: '535 5.7.8', because: 'account-disabled' },
    { login: 'alice@table.example', password: 'pw-alice', is: '535 5.7.8', because: 'no-such-account' },
    { login: 'alice@corp.example', password: 'pw-alice', is: '235 2.7.0' },
    { login: 'carol@corp.example', password: 'wrong', is: '535 5.7.8', because: 'wrong-password' },
  ] as const;
  for (const { login: who, password, is, ...more } of logins) {
    void it(`answers ${who} with ${password}: ${is}`, async () => {
      assert.equal(await login(who, password), is);
      const detail = 'because' in more ? { detail: more.because } : {};
      await eventWith(gateway, { check: 'auth/login', login: who, ...detail });
    });
  }

  void it('sends mail as its address, by an identity of the source, and as nobody else', async () => {
    const client = await asCarol();
    for (const from of ['alice@corp.example', 'bob@table.example'])
      assert.equal((await client.command(`MAIL FROM:<${from}>`)).code, 553);
    assert.match((await send(client, letter)).text, /^250 /);
    client.destroy();
    await eventWith(gateway, { check: 'outbound/gate', verdict: 'pass', identity_id: 'table:7' });
    await eventually('the message', () => gateway.delivered().length > 0);
  });

  const bad: readonly [login: string, says: RegExp][] = [
    ['throws', /^identity_sources\.ways: what it says is kept back: it may hold the password$/],
    ['rejects', /^identity_sources\.ways: database is locked$/],
    ['rejects-nothing', /^identity_sources\.ways: it does not say what failed$/],
    ['hangs', /^identity_sources\.ways: a login was not decided within 1 s$/],
    ['late', /^identity_sources\.ways: a login was not decided within 1 s$/],
    ['nothing', /^identity_sources\.ways: the answer is no object$/],
    ['says-true', /^identity_sources\.ways: the answer is no object$/],
    ['no-id', /account\.id is no text/],
    ['bad-address', /account\.addresses\[0\] is no mailbox/],
    ['odd-cause', /refused is no cause that is known/],
    ['both', /not one of account and refused/],
    ['not-there', /^identity_sources\.ways: .* is not a function$/],
  ];
  for (const [how, says] of bad) {
    void it(`answers 454 where a source does what it must not: ${how}`, async () => {
      const who = `${how}@ways.example`;
      assert.equal(await login(who, 'hunter-2000'), '454 4.7.0');
      const { verdict, reason, detail } = await eventWith(gateway, { check: 'auth/login', login: who });
      assert.deepEqual([verdict, reason], ['defer', 'directory-unavailable']);
      assert.match(detail ?? '', says);
      assert.doesNotMatch(`${JSON.stringify(gateway.events())} ${gateway.log()}`, /hunter-2000/);
    });
  }

  void it('answers 454 while a source is down, and lets in all others', async () => {
    const [from, to] = [operator.file('accounts.json'), operator.file('accounts.away')];
    renameSync(from, to);
    try {
      assert.equal(await login('carol@table.example', 'pw-carol'), '454 4.7.0');
      assert.equal(await login('alice@corp.example', 'pw-alice'), '235 2.7.0');
      const down = () => gateway.events().findLast(({ verdict }) => verdict === 'defer')?.detail ?? '';
      await eventually('the event', () => down().startsWith('identity_sources.table: ENOENT'));
    } finally {
      renameSync(to, from);
    }
    assert.equal(await login('carol@table.example', 'pw-carol'), '235 2.7.0');
  });

  /** What a session hears at its next message; by then its login is looked up again. */
  async function nextMail(client: SmtpClient): Promise<number> {
    const { code } = await client.command(`MAIL FROM:<${letter.from}>`);
    client.destroy();
    return code;
  }

  void it('ends a session whose account the source has no more, or disables', async () => {
    for (const row of [undefined, { ...carol, disabled: true }]) {
      const client = await asCarol();
      change({ 'carol@table.example': row });
      assert.equal(await nextMail(client), 530);
      change({});
    }
    const client = await asCarol();
    change({ 'carol@table.example': { ...carol, addresses: ['other@table.example'] } });
    assert.equal(await nextMail(client), 553);
    change({});
  });

  void it('stops an account that is suspended by its id', async () => {
    const client = await asCarol();
    assert.equal((await command('suspend', 'table:7', '--because', 'phishing')).code, 0);
    assert.equal(await nextMail(client), 421);
    assert.equal(await login('carol@table.example', 'pw-carol'), '535 5.7.8');
    assert.equal((await command('release', 'table:7')).code, 0);
    assert.equal(await login('carol@table.example', 'pw-carol'), '235 2.7.0');
  });

  void it('are known to the gateway alone: a command says so, and asks for no password', async () => {
    const error =
      'identity_sources.table: its accounts are known to the gateway alone, which loads the plugin that offers it';
    const calls = [
      ['login', 'carol@table.example'],
      ['login', 'carol@table.example', '--no-password'],
      ['sender', 'carol@table.example', 'carol@table.example'],
      ['suspend', 'carol@table.example'],
    ];
    for (const call of calls) assert.deepEqual(await command(...call), { code: 69, answer: { error } });
    const { code, answer } = await command('login', 'alice@corp.example', '--no-password');
    assert.deepEqual([code, answer['directory']], [0, 'directory']);
    assert.equal((await command('forget', 'table:7', '--recipients')).code, 0);
  });

  void it('are listed by `gatekeeper check`, with a source that no setting names', async () => {
    const unused = 'a plugin offers the identity source nobody, which identity_sources does not name';
    const { code, answer } = await command('check', '--timeout', '60');
    assert.deepEqual([code, answer['identity_sources']], [0, ['table', 'ways']], JSON.stringify(answer));
    assert.ok((answer['warnings'] as string[]).includes(unused));
    assert.ok(gateway.log().includes(unused));
  });

  void it('are refused by a name that no plugin offers, and what was stays in force', async () => {
    await operator.and(
      () =>
        operator.write({ identity_sources: [...sources, { name: 'sqlite', login_domains: ['x.example'] }] }),
      refused,
    );
    assert.match(gateway.log(), /identity_sources\.sqlite: no plugin in config\/plugins offers it/);
    assert.equal(await login('carol@table.example', 'pw-carol'), '235 2.7.0');
  });

  void it('are remembered as long as the settings say, and forgotten by the command', async () => {
    const [first, second] = sources;
    await operator.and(
      () => operator.write({ identity_sources: [{ ...first, cache_seconds: 3600 }, second] }),
      inForce,
    );
    // Each worker by itself.
    const all = async (password: string) => {
      const answers = [];
      for (let turn = 0; turn < 4; turn += 1) answers.push(await login('carol@table.example', password));
      return [...new Set(answers)];
    };
    assert.deepEqual(await all('pw-carol'), ['235 2.7.0']);
    change({ 'carol@table.example': { ...carol, password: 'pw-new' } });
    assert.deepEqual(await all('pw-carol'), ['235 2.7.0']);
    assert.equal((await command('forget', 'table:7')).code, 0);
    assert.deepEqual(await all('pw-carol'), ['535 5.7.8']);
    assert.deepEqual(await all('pw-new'), ['235 2.7.0']);
    change({});
  });

  void it('answer all logins where there is no directory', async () => {
    await operator.and(
      () => operator.write({ directory: undefined, identity_sources: [{ name: 'table', cache_seconds: 0 }] }),
      inForce,
    );
    assert.equal(await login('carol@table.example', 'pw-carol'), '235 2.7.0');
    assert.equal(await login('alice@corp.example', 'pw-alice'), '535 5.7.8');
    await operator.and(() => operator.write({}), inForce);
    const client = await alice(submission());
    client.destroy();
  });
});
