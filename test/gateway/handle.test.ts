import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KnownIdentity } from '../../plugins/core/haraka/facts/told.ts';
import type { StandingVerdict } from '../../plugins/core/haraka/gatekeeper.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { root } from '../support/pages.ts';
import { alice, greeted, send } from './traffic.ts';

interface Read {
  readonly when: string;
  readonly changed: number;
  readonly version: string;
  readonly identity?: KnownIdentity;
  readonly verdicts: readonly StandingVerdict[];
}

type OfPlugins = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

interface Results {
  readonly session: OfPlugins;
  readonly message: OfPlugins;
}

void describe('the handle that other plugins find', () => {
  let test: TestGateway;
  before(async () => {
    const plugin = join(import.meta.dirname, '../haraka-plugins/reads-handle.js');
    test = await startTestGateway({ nodes: 1, first: [plugin] });
  });
  after(() => test.stop());

  const logged = (what: string): readonly unknown[] =>
    [...test.log().matchAll(new RegExp(`\\[reads-handle\\] ${what} (\\{.*\\})`, 'g'))].map(
      ([, json = '']) => JSON.parse(json) as unknown,
    );

  /** Runs a session, and gives what was logged of it. */
  async function during<T>(what: string, session: () => Promise<unknown>): Promise<readonly T[]> {
    const before = logged(what).length;
    await session();
    return eventually(what, () => {
      const all = logged(what).slice(before);
      return all.length > 0 && (all as readonly T[]);
    });
  }

  async function mail(): Promise<void> {
    const client = await alice({ port: test.ports.submission });
    const { text } = await send(client, { from: 'alice@corp.example', to: 'team@partner.example' });
    assert.match(text, /^250 /);
    await client.command('QUIT');
    client.destroy();
    await eventually('the end', () => test.events().some(({ check }) => check === 'audit/connection'));
  }

  void it('says who a client is, once it has logged in, and what has let its message go on', async () => {
    await during<Read>('read', mail);
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const all = await eventually('the last', () => {
      const found = logged('read') as readonly Read[];
      return found.some(({ when, identity }) => when === 'read_disconnect_last' && identity) && found;
    });
    assert.ok(all.every(({ changed, version: told }) => changed === 0 && told === version));
    const whoAt = (when: string) => all.filter((read) => read.when === when).map(({ identity }) => identity);
    for (const early of ['read_connect_last', 'read_ehlo_last'])
      assert.ok(whoAt(early).every((who) => who === undefined));
    for (const late of ['read_mail_first', 'read_rcpt_first', 'read_queue_outbound_first']) {
      assert.deepEqual(whoAt(late), [
        {
          ...{ proof: 'account', name: 'alice@corp.example' },
          id: 'uid=alice,ou=people,dc=corp,dc=example',
          addresses: [
            ...['alice@corp.example', 'alice.smith@corp.example', 'team@corp.example'],
            'alice@xn--bcher-kva.example',
          ],
        },
      ]);
    }
    const checksAt = (when: string) =>
      all.find((read) => read.when === when)?.verdicts.map(({ check, outcome }) => `${check} ${outcome}`) ??
      [];
    assert.deepEqual(checksAt('read_connect_last'), []);
    assert.deepEqual(checksAt('read_mail_first'), []);
    assert.ok(checksAt('read_mail_last').includes('sender/envelope pass'));
    assert.ok(!checksAt('read_mail_last').includes('sender/header pass'));
    assert.ok(checksAt('read_queue_outbound_first').includes('sender/header pass'));
    assert.deepEqual(checksAt('read_disconnect_last'), []);
  });

  void it('changes nothing, whatever is done with it: whoever may not send still may not', async () => {
    const client = await alice({ port: test.ports.submission });
    const reply = await client.command('MAIL FROM:<boss@corp.example>');
    assert.match(reply.text, /^553 5\.7\.1 /);
    client.destroy();
    const other = await greeted({ port: test.ports.implicit, implicitTls: true });
    assert.match((await other.command('MAIL FROM:<alice@corp.example>')).text, /^530 /);
    other.destroy();
  });

  void it('tells of every event of the process, to each listener, unchanged, and the log of those that fail', async () => {
    const client = await greeted({ port: test.ports.submission });
    const heard = async () => {
      const { text } = await client.command('HEARD');
      return JSON.parse(text.slice(text.indexOf('['))) as [string, string][];
    };
    await heard();
    const found = await heard();
    client.destroy();
    // Of settings tells the primary, which is another process.
    const stored = test.events().filter(({ kind }) => kind !== 'settings');
    const known = stored.map(({ check, verdict }) => [check, verdict]);
    assert.deepEqual(found.slice(0, known.length), known.slice(0, found.length));
    assert.ok(found.length >= 5 && known.length >= 5);
    assert.match(test.log(), /a listener to server\.notes\.gatekeeper\.events failed: Error: on purpose/);
  });

  void it('leaves results of each verdict, under the name of our plugin', async () => {
    const ofMessages = async (session: () => Promise<void>) => {
      await during('results', session);
      return (logged('results') as readonly Results[]).findLast(
        ({ message }) => message['gatekeeper/sender'],
      );
    };
    const good = await ofMessages(mail);
    assert.ok(good);
    const passed = (of: OfPlugins, name: string) => of[`gatekeeper/${name}`]?.['pass'];
    assert.deepEqual(passed(good.session, 'auth'), ['auth/login']);
    assert.deepEqual(passed(good.message, 'auth'), ['auth/required']);
    assert.deepEqual(passed(good.message, 'tls'), ['tls/required']);
    assert.ok((passed(good.message, 'sender') as string[]).includes('sender/envelope'));
    assert.ok((passed(good.message, 'outbound') as string[]).includes('outbound/gate'));
    const bad = await ofMessages(async () => {
      const client = await alice({ port: test.ports.submission });
      await client.command('MAIL FROM:<boss@corp.example>');
      client.destroy();
    });
    assert.deepEqual(bad?.message['gatekeeper/sender']?.['fail'], ['sender/envelope sender-not-owned']);
  });
});
