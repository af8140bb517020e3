import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { zone as demoZone } from '../../scripts/demo/zone.ts';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, sessionIn, type SmtpClient } from '../support/smtp.ts';
import { inForce, Operator } from './operator.ts';

/** Each asks the DNS for what the sender has put into his address. */
const zone = {
  ...demoZone,
  'local.example': [{ TXT: 'v=spf1 exists:%{l}._spf.local.example -all' }],
  'parts.example': [{ TXT: 'v=spf1 exists:%{l1r-}.%{d}._spf.parts.example -all' }],
  'helo.example': [{ TXT: 'v=spf1 exists:%{h}._spf.helo.example -all' }],
  'explains.example': [{ TXT: 'v=spf1 -all exp=why.explains.example' }],
  'why.explains.example': [{ TXT: '%{l} must not, see %{s}' }],
};

void describe('attacks on the border', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ zone });
  });
  after(() => gateway.stop());

  async function stranger(helo = 'other.example'): Promise<{ client: SmtpClient; session: string }> {
    const client = await connectAs('203.0.113.5', { port: gateway.ports.mx });
    const session = sessionIn(await client.reply());
    await client.command(`EHLO ${helo}`);
    return { client, session };
  }

  function eventsOf(session: string, wanted: string): GatekeeperEvent[] {
    return gateway
      .events()
      .filter(({ connection, check }) => connection?.startsWith(session) && check === wanted);
  }

  const macros = [
    { from: 'aaaa%{l}@local.example', asks: 'aaaa%{l}._spf.local.example' },
    { from: '%{d}.%{i}%%%_%-@local.example', asks: '%{d}.%{i}%%%_%-._spf.local.example' },
    { from: '"a\\"b c"@local.example', asks: 'a"b c._spf.local.example' },
    { from: 'x-%{s}-last@parts.example', asks: 'x.parts.example._spf.parts.example' },
    { from: 'a@helo.example', helo: '%{h}.%{s}.example', asks: '%{h}.%{s}.example._spf.helo.example' },
  ] as const;
  for (const { from, asks, ...rest } of macros) {
    void it(`what a client says is no macro: <${from}> asks for ${asks}, and for nothing else there`, async () => {
      const { helo = 'other.example' } = rest as { helo?: string };
      const { client } = await stranger(helo);
      const before = gateway.dns.queries.length;
      assert.match((await client.command(`MAIL FROM:<${from}>`)).text, /^250 /);
      assert.match((await client.command('RCPT TO:<alice@corp.example>')).text, /^550 5\.7\.23 /);
      client.destroy();
      const asked = gateway.dns.queries.slice(before).filter(({ name }) => name.includes('._spf.'));
      assert.deepEqual(
        asked.map(({ name, type }) => `${type} ${name}`),
        [`A ${asks}`],
      );
    });
  }

  void it('what a domain explains with the words of the client is one line, and told as its words', async () => {
    const { client } = await stranger();
    await client.command('MAIL FROM:<"a 250 b"@explains.example>');
    const { lines, text } = await client.command('RCPT TO:<alice@corp.example>');
    client.destroy();
    assert.equal(lines.length, 1);
    assert.match(
      text,
      /^550 5\.7\.23 .* explains\.example explains: a 250 b must not, see a 250 b@explains\.example/,
    );
  });

  void it('a hundred recipients are refused one by one, for one event', async () => {
    const { client, session } = await stranger();
    await client.command('MAIL FROM:<boss@corp.example>');
    for (let count = 0; count < 100; count += 1) client.write(`RCPT TO:<user-${count}@corp.example>\r\n`);
    for (let count = 0; count < 100; count += 1) {
      assert.match((await client.reply()).text, /^550 5\.7\.23 .*sender\/impersonation\)/);
    }
    assert.match((await client.command('DATA')).text, /^[45]\d\d /);
    await client.command('QUIT');
    client.destroy();
    // Of the next session, so that whatever this one has written is there.
    const next = await stranger();
    await next.client.command('MAIL FROM:<friend@partner.example>');
    next.client.destroy();
    await eventually('the next event', () => eventsOf(next.session, 'sender/spf').length === 1);
    assert.deepEqual(
      eventsOf(session, 'sender/impersonation').map(({ verdict }) => verdict),
      ['refuse'],
    );
  });

  void it('settings that change between MAIL and RCPT are those of the next message', async () => {
    const operator = new Operator(gateway);
    const partner = { name: 'late', owner: 'it@corp.example', forwarder: true, expires: '2999-12-31' };
    const changes = [
      { it: 'a mode that is off is too late', to: { spf: { mode: 'off' } }, is: /^550 5\.7\.23 / },
      { it: 'a mode that enforces is too late', to: {}, is: /^250 / },
      {
        it: 'an entry of partners is too late',
        to: { partners: [{ ...partner, addresses: ['203.0.113.5'] }] },
        is: /^550 5\.7\.23 /,
      },
    ];
    const { client } = await stranger();
    const rcpt = async () => (await client.command('RCPT TO:<alice@corp.example>')).text;
    for (const { it: title, to, is } of changes) {
      await client.command('MAIL FROM:<friend@partner.example>');
      await operator.and(() => operator.write(to), inForce);
      assert.match(await rcpt(), is, title);
    }
    await client.command('MAIL FROM:<friend@partner.example>');
    assert.match(await rcpt(), /^250 /, 'the last change counts for the next message');
    client.destroy();
  });
});
