import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { limitAccount } from '../../plugins/core/limits/windows.ts';
import { openStore } from '../../plugins/core/store/sqlite.ts';
import type { Tally } from '../../plugins/core/store/store.ts';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { startGateway } from '../../scripts/demo/gateway.ts';
import type { Listening } from '../../scripts/demo/listening.ts';
import { entries } from '../../scripts/demo/people.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventsWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { loggedIn, plain, type SmtpClient } from '../support/smtp.ts';
import { knownTo } from './circles.ts';
import { sized } from './accepted-traffic.ts';
import { contentOf, greeted, send } from './traffic.ts';

const person = (gateway: TestGateway, name: string): Promise<SmtpClient> =>
  loggedIn({ port: gateway.ports.submission }, `${name}@corp.example`, `pw-${name}`);

const letter = (name: string, to = 'somebody@partner.example') => ({ from: `${name}@corp.example`, to });

/** One message in a session of its own. */
async function sendAs(gateway: TestGateway, name: string): Promise<string> {
  const client = await person(gateway, name);
  const { text } = await send(client, letter(name));
  client.destroy();
  return text;
}

for (const nodes of [0, 4]) {
  void describe(`a gateway with nodes=${nodes}, and 20 messages an hour for each identity`, () => {
    let gateway: TestGateway;
    before(async () => {
      const limits = { messages_per_hour: 20, soft_messages_per_hour: 10, sessions: 40 };
      gateway = await startTestGateway({ nodes, settings: { limits } });
    });
    after(() => gateway.stop());

    void it('takes exactly 20 messages of 40 sessions at once, and says to the others how long to wait', async () => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => person(gateway, 'alice')));
      // All of them have asked for room before any message is counted.
      for (const line of ['MAIL FROM:<alice@corp.example>', 'RCPT TO:<somebody@partner.example>', 'DATA']) {
        const replies = await Promise.all(clients.map((client) => client.command(line)));
        assert.ok(replies.every(({ code }) => code < 400));
      }
      const answers = await Promise.all(
        clients.map((client) => {
          client.write(contentOf(letter('alice')));
          return client.reply(15_000);
        }),
      );
      assert.equal(answers.filter(({ code }) => code === 250).length, 20);
      for (const { text } of answers.filter(({ code }) => code !== 250)) {
        assert.match(
          text,
          /^450 4\.7\.1 Sending limit is reached \(\S+\.1 outbound\/count\) At most 20 messages in one hour\. Try again in 60 minutes\. See/,
        );
      }
      const many = await greeted({ port: gateway.ports.implicit, implicitTls: true });
      const login = await many.command(`AUTH PLAIN ${plain('alice@corp.example', 'pw-alice')}`);
      assert.match(login.text, /^421 4\.7\.0 Too many sessions at once /);
      // Whoever has gone has left a seat.
      for (const client of clients) await client.command('QUIT');
      for (const client of clients) assert.ok(await client.closed());
    });

    void it('tells once that the soft limit was crossed, and refuses nobody for it', async () => {
      const told = await eventsWith(gateway, { check: 'outbound/soft' }, 1);
      assert.deepEqual(
        told.map(({ verdict, identity, detail }) => [verdict, identity, detail]),
        [['skip', 'alice@corp.example', 'soft_messages_per_hour: 11, with a limit of 10']],
      );
      assert.equal(gateway.log().match(/outbound\/soft: soft_messages/g)?.length, 1);
    });

    void it('refuses the next message at MAIL, with the reason in one line of the log', async () => {
      assert.match(await sendAs(gateway, 'alice'), /^450 4\.7\.1 .*\.1 outbound\/limits\)/);
      assert.match(
        gateway.log(),
        /defer ref="\S+ outbound\/limits" check="outbound\/limits" reason="rate-limited" identity="alice@corp\.example" client="127\.0\.0\.1" value="messages_per_hour: 20 of 20 are used, and 1 wanted; the hour ends in 3\d{3} s"/,
      );
    });

    void it('lets another account send as if nothing were', async () => {
      assert.match(await sendAs(gateway, 'bob'), /^250 /);
    });

    void it('still knows all that after a restart', async () => {
      await gateway.gateway.stop();
      const { dir, ports } = gateway;
      const again = await startGateway({ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true });
      try {
        assert.match(await sendAs(gateway, 'alice'), /^450 4\.7\.1 /);
        assert.match(await sendAs(gateway, 'bob'), /^250 /);
      } finally {
        await again.stop();
      }
    });
  });
}

/** Accounts of the sample directory with limits of their own. */
const own: Readonly<Record<string, readonly string[]>> = {
  alice: ['messages_per_hour=3'],
  bob: ['messages_per_session=2', 'message_bytes=2000'],
  carol: ['recipients_per_message=2', 'recipients_per_hour = 5'],
  dave: ['messages_per_hour=none', 'recipients_per_hour=many', 'sessions=2', 'soft_sessions=1'],
  lists: ['messages_per_hour=0'],
  exchange: ['messages_per_hour=3'],
};

/** Refuses a message after it was counted. */
const late = `exports.register = function () {
  this.register_hook('queue_outbound', 'late', 50)
}
exports.late = function (next, connection) {
  const to = connection.transaction.rcpt_to[0].user
  if (to === 'late-soft') return next(DENYSOFT, 'not now')
  if (to === 'late-hard') return next(DENY, 'never')
  if (to === 'late-slow') return setTimeout(next, 300)
  next()
}
`;

void describe('a gateway whose directory gives accounts limits of their own', () => {
  let directory: Listening;
  let gateway: TestGateway;
  before(async () => {
    const all = entries().map((entry) => {
      const limits = own[entry.attributes['uid']?.[0] ?? ''];
      return limits ? { ...entry, attributes: { ...entry.attributes, gatekeeperLimit: limits } } : entry;
    });
    directory = await startDirectory({ port: 0, entries: all });
    const file = join(tmpdir(), `gatekeeper-late-${process.pid}.js`);
    writeFileSync(file, late);
    gateway = await startTestGateway({
      directoryUrl: `ldap://127.0.0.1:${directory.port}`,
      settings: {
        directory: { limits_attribute: 'gatekeeperLimit' },
        limits: { messages_per_hour: 1 },
        suspension: { new_recipients: 9 },
      },
      last: [file],
    });
    rmSync(file);
  });
  after(async () => {
    await gateway.stop();
    await directory.stop();
  });

  void it('counts no message that was not queued: refused later, by others or us, or left by its client', async () => {
    const client = await person(gateway, 'alice');
    for (let round = 0; round < 4; round += 1) {
      assert.match((await send(client, letter('alice', 'late-soft@partner.example'))).text, /^450 /);
      assert.match((await send(client, letter('alice', 'late-hard@partner.example'))).text, /^550 /);
      assert.match(
        (await send(client, { ...letter('alice'), author: 'bob@corp.example' })).text,
        /^550 5\.7\.1 /,
      );
      for (const line of ['MAIL FROM:<alice@corp.example>', 'RCPT TO:<x@partner.example>', 'RSET']) {
        await client.command(line);
      }
    }
    const queue = join(gateway.dir, 'queue');
    rmSync(queue, { recursive: true });
    for (let round = 0; round < 4; round += 1) {
      assert.match((await send(client, letter('alice', 'unqueued@partner.example'))).text, /^451 4\.3\.0 /);
    }
    mkdirSync(queue);
    for (let round = 0; round < 3; round += 1) assert.equal((await send(client, letter('alice'))).code, 250);
    assert.match((await send(client, letter('alice'))).text, /^450 4\.7\.1 /);
    client.destroy();
    const tallies = await talliesOf('uid=alice,ou=people,dc=corp,dc=example');
    assert.deepEqual(
      ['limit/hour', 'sign/recipients'].map((name) => [tallies.get(name)?.level, tallies.get(name)?.others]),
      [
        [3, 3],
        [3, 3],
      ],
    );
    const asked = ['late-soft', 'late-hard', 'x', 'unqueued', 'somebody'].map(
      (name) => `${name}@partner.example`,
    );
    assert.deepEqual(await knownTo(gateway, 'alice', asked), ['somebody@partner.example']);
  });

  /** What is counted of an account, for limits and for whoever looks whether it was taken over. */
  async function talliesOf(id: string): Promise<ReadonlyMap<string, Tally>> {
    const store = openStore(join(gateway.dir, 'var/gatekeeper'));
    const found = await store.ofAccount(limitAccount(id));
    store.close();
    return found;
  }

  void it('counts what leaves although its client did not wait for the answer, and nothing else', async () => {
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const client = await person(gateway, 'exchange');
        for (const line of ['MAIL FROM:<exchange@corp.example>', 'RCPT TO:<gone@partner.example>', 'DATA']) {
          await client.command(line);
        }
        client.write(contentOf(letter('exchange')));
        client.destroy();
      }),
    );
    for (let round = 0; round < 4; round += 1) await sendAs(gateway, 'exchange');
    await eventually('three messages', () => deliveredOf(gateway, 'exchange') === 3);
    assert.match(await sendAs(gateway, 'exchange'), /^450 4\.7\.1 /);
    assert.equal(deliveredOf(gateway, 'exchange'), 3);
  });

  void it('counts a message whose client leaves while another plugin may be queueing it', async () => {
    const client = await person(gateway, 'scanner');
    await client.command('MAIL FROM:<scanner@corp.example>');
    await client.command('RCPT TO:<late-slow@partner.example>');
    await client.command('DATA');
    client.write(contentOf(letter('scanner')));
    const isCounted = (check: string) =>
      gateway.events().some((event) => event.identity?.startsWith('scanner') && event.check === check);
    await eventually('the count', () => isCounted('outbound/count'));
    client.destroy();
    assert.match(await sendAs(gateway, 'scanner'), /^450 4\.7\.1 /);
    assert.equal(isCounted('outbound/queue'), false);
  });

  void it('counts the messages of a session, and refuses one by what MAIL says of its size, and by its size, which dots of SMTP do not add to', async () => {
    const client = await person(gateway, 'bob');
    const large = await client.command('MAIL FROM:<bob@corp.example> SIZE=2001');
    assert.match(
      large.text,
      /^552 5\.3\.4 Message is too large \(\S+ outbound\/limits\) At most 2000 octets\./,
    );
    assert.match((await send(client, sized(letter('bob'), 2001))).text, /^552 5\.3\.4 .* outbound\/count\)/);
    assert.match((await send(client, sized(letter('bob'), 2000))).text, /^250 /);
    client.destroy();
  });

  void it('refuses recipients beyond those of a message by 452, and of the hour by 450, and sends to the others', async () => {
    const client = await person(gateway, 'carol');
    const recipient = (name: string) => client.command(`RCPT TO:<${name}@partner.example>`);
    await client.command('MAIL FROM:<carol@corp.example>');
    const codes = [];
    for (const name of ['a', 'b', 'c', 'd']) codes.push((await recipient(name)).text.slice(0, 9));
    assert.deepEqual(codes, ['250 recip', '250 recip', '452 4.5.3', '452 4.5.3']);
    await client.command('DATA');
    client.write(contentOf(letter('carol')));
    assert.equal((await client.reply()).code, 250);
    const wanted = { check: 'outbound/recipients', identity: 'carol@corp.example' };
    const mine = await eventsWith(gateway, wanted, 2);
    assert.deepEqual(
      mine.map(({ verdict, reason, detail }) => [verdict, reason, detail].join(' ').trim()),
      [...Array<string>(2).fill('defer too-many-recipients recipients_per_message: 2 of 2 are used')],
    );
    client.destroy();
  });

  void it('takes what the directory says for the default, and complains of what it cannot read', async () => {
    for (let round = 0; round < 2; round += 1) assert.match(await sendAs(gateway, 'dave'), /^250 /);
    assert.match(await sendAs(gateway, 'lists'), /^450 4\.7\.1 /);
    const complaint =
      /directory: uid=dave,ou=people,dc=corp,dc=example: gatekeeperLimit: "recipients_per_hour=many" is no limit; the default stays in force/g;
    assert.equal(gateway.log().match(complaint)?.length, 1);
  });

  void it('lets an identity have two sessions at once, tells of the second, and sends a third away', async () => {
    const open = await Promise.all([person(gateway, 'dave'), person(gateway, 'dave')]);
    const third = await greeted({ port: gateway.ports.implicit, implicitTls: true });
    const answer = await third.command(`AUTH PLAIN ${plain('dave@corp.example', 'pw-dave')}`);
    assert.match(
      answer.text,
      /^421 4\.7\.0 Too many sessions at once \(\S+ auth\/sessions\) At most 2 sessions at once\./,
    );
    assert.ok(await third.closed());
    const before = gateway.log().length;
    open[0].destroy();
    await eventually('the end of a session', () => gateway.log().slice(before).includes(' disconnect '));
    const again = await person(gateway, 'dave');
    const { out } = await gatekeeper(['login', 'dave@corp.example', '--no-password', '--json'], {
      haraka: gateway.dir,
    });
    const { limits } = JSON.parse(out) as { limits: Record<string, Record<string, unknown>> };
    assert.deepEqual(limits['sessions'], { limit: 2, soft: 1, from: 'own', used: 2 });
    assert.equal(limits['messages_per_hour']?.['used'], 2);
    const shown = await gatekeeper(['login', 'dave@corp.example', '--no-password'], { haraka: gateway.dir });
    assert.match(
      shown.out,
      /^limits +messages_per_hour: 2 of no limit, told of above 300, its own, until \S+Z\n +recipients_per_hour: 2 of 10000, told of above 1000, until \S+Z$/m,
    );
    for (const client of [again, open[1]]) client.destroy();
    const told = await eventsWith(gateway, { check: 'auth/soft' }, 1);
    assert.deepEqual(
      told.map(({ detail }) => detail),
      ['dave@corp.example: soft_sessions: 2, with a limit of 1'],
    );
  });

  void it('refuses nobody whom it only observes, and counts all the same', async () => {
    const file = join(gateway.dir, 'config/gatekeeper.yaml');
    const text = readFileSync(file, 'utf8').replace(/^limits:\n/m, 'limits:\n  mode: observe\n');
    assert.match(text, /observe/);
    writeFileSync(file, text);
    await eventually('the new settings', () => /settings: .* in force/.test(gateway.log()));
    assert.match(await sendAs(gateway, 'alice'), /^250 /);
    const observed = await eventsWith(gateway, { mode: 'observe', would_refuse: true }, 3);
    assert.deepEqual(
      observed.map(({ check, detail }) => `${check} ${detail?.split(';')[0]}`),
      ['outbound/limits', 'outbound/recipients', 'outbound/count'].map(
        (check) => `${check} messages_per_hour: 3 of 3 are used, and 1 wanted`,
      ),
    );
    const haraka = { haraka: gateway.dir };
    const { out } = await gatekeeper(['login', 'alice@corp.example', '--no-password'], haraka);
    assert.match(out, /messages_per_hour: 4 of 3, /);
  });
});

function deliveredOf(gateway: TestGateway, name: string): number {
  return gateway.delivered().filter(({ envelope }) => envelope.from === `${name}@corp.example`).length;
}
