import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { eventWith } from '../support/gateway.ts';
import { refusals, strangers } from './tenant-refusals.ts';
import {
  assertDelivered,
  call,
  delivered,
  failingName,
  gateway,
  guid,
  proven,
  referenceIn,
  remote,
  send,
  startScene,
  stopScene,
  stranger,
} from './tenant-scene.ts';

void describe('a tenant of a provider', () => {
  before(startScene);
  after(stopScene);

  void it('relays, and the trail names it', async () => {
    const client = await call();
    const { text, subject } = await send(client);
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    const who = { identity: 'tenant:corp', identity_id: 'tenant:corp' };
    await eventWith(gateway, {
      check: 'outbound/relay',
      verdict: 'skip',
      detail: 'accepted until DATA: it may be of corp',
    });
    await eventWith(gateway, { check: 'sender/tenant', verdict: 'pass', ...who });
    await eventWith(gateway, { check: 'outbound/gate', verdict: 'pass', proof: 'tenant', ...who });
    await eventWith(gateway, { check: 'outbound/delivery', outcome: 'delivered', proof: 'tenant', ...who });
    client.destroy();
  });

  void it('relays to some, and sends to others that are local, in one message', async () => {
    const client = await call();
    const { text, subject } = await send(client, { to: [remote, 'alice@corp.example'] });
    assert.match(text, /^250 /);
    await assertDelivered(subject, 2);
    client.destroy();
  });

  void it('sends to local recipients as everybody does', async () => {
    const client = await call();
    const { text, subject } = await send(client, { to: ['alice@corp.example'] });
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    await eventWith(gateway, { check: 'outbound/inbound', verdict: 'pass', identity: 'tenant:corp' });
    client.destroy();
  });

  void it('sends reports of non-delivery', async () => {
    const client = await call();
    const { text, subject } = await send(client, { sender: '' });
    assert.match(text, /^250 /);
    await assertDelivered(subject);
    client.destroy();
  });

  void it('is judged message by message', async () => {
    const client = await call();
    const foreign = proven.map((field) => field.replace(guid, stranger));
    for (const [fields, reply] of [
      [proven, /^250 /],
      [foreign, /^550 5\.7\.1 Message is not proven to be of a tenant/],
      [proven, /^250 /],
    ] as const) {
      assert.match((await send(client, { fields })).text, reply);
    }
    client.destroy();
  });

  void it('has a server of its own that sends through the provider', async () => {
    const client = await call();
    const from = (address: string) => [
      ...proven.map((field) => field.replace('Internal', 'Anonymous').replace('Hosted', 'HybridOnPrem')),
      `X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp: TenantId=${guid};Ip=[${address}];Helo=[x]`,
    ];
    assert.match((await send(client, { fields: from('192.0.2.10') })).text, /^250 /);
    assert.match((await send(client, { fields: from('192.0.2.11') })).text, /^550 5\.7\.1 Message/);
    client.destroy();
  });

  void it('goes on in a TLS session that is resumed, of either protocol', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { minVersion: version, maxVersion: version };
      const first = await call({ tls });
      const socket = first.tls;
      assert.ok(socket);
      let session: Buffer | undefined = socket.getSession();
      socket.on('session', (fresh: Buffer) => (session = fresh));
      assert.match((await send(first)).text, /^250 /);
      first.destroy();
      const again = await call({ tls: { ...tls, session } });
      assert.ok(again.tls?.isSessionReused());
      assert.match((await send(again)).text, /^250 /);
      again.destroy();
    }
  });

  void it('is nobody in a resumed session that had no certificate', async () => {
    const first = await call({ certificate: undefined, tls: { maxVersion: 'TLSv1.3' } });
    await send(first);
    const session = first.tls?.getSession();
    first.destroy();
    const again = await call({ tls: { session } });
    assert.ok(again.tls?.isSessionReused());
    assert.match((await send(again, { sender: 'x@unsure.example' })).text, /^550 5\.7\.1 Relaying/);
    again.destroy();
  });

  for (const { it: title, is, says, ...caller } of strangers) {
    void it(`is a stranger ${title}`, async () => {
      const client = await call(caller);
      const { text } = await send(client, { sender: 'x@unsure.example' });
      assert.match(text, is);
      const event = await eventWith(gateway, { reference: referenceIn(text), check: 'outbound/relay' });
      assert.ok(event.detail?.startsWith(`${remote}: ${says}`), event.detail);
      client.destroy();
    });
  }

  for (const { it: title, is, says, ...letter } of refusals) {
    void it(`does not relay with ${title}, to local recipients beside them neither`, async () => {
      const client = await call();
      const { text, subject, recipients } = await send(client, {
        ...letter,
        to: [remote, 'alice@corp.example'],
      });
      assert.ok(
        recipients.every((each) => each.startsWith('250 ')),
        recipients.join(),
      );
      assert.match(text, is);
      const event = await eventWith(gateway, { reference: referenceIn(text), check: 'sender/tenant' });
      assert.ok(event.detail?.includes(says), event.detail);
      assert.equal(event.identity, undefined);
      assert.deepEqual(delivered(subject), []);
      client.destroy();
    });
  }

  void it('is no disguise for strangers who pose as local users', async () => {
    const client = await call({ address: '192.0.2.201' });
    const fields = proven.map((field) => field.replace(guid, stranger));
    const asOurs = await send(client, { fields, to: ['alice@corp.example'], sender: 'boss@corp.example' });
    assert.match(asOurs.text, /^550 5\.7\.23 SPF does not .*sender\/late_impersonation/);
    await eventWith(gateway, {
      check: 'sender/impersonation',
      client: '192.0.2.201',
      detail: 'judged after DATA, unless it is of corp',
    });
    const ordinary = await send(client, {
      fields,
      to: ['alice@corp.example'],
      sender: 'x@partner.example',
      from: 'x@partner.example',
      signer: '',
    });
    assert.match(ordinary.text, /^250 /);
    await eventWith(gateway, { check: 'sender/late_spf', would_refuse: true, client: '192.0.2.201' });
    await eventWith(gateway, { check: 'outbound/inbound', verdict: 'skip', client: '192.0.2.201' });
    const toPostmaster = await send(client, {
      fields,
      to: ['postmaster@corp.example'],
      sender: 'boss@corp.example',
    });
    assert.match(toPostmaster.text, /^250 /);
    client.destroy();
  });

  void it('tries again, as a sender of its own domain too, where its provider cannot be asked for', async () => {
    const client = await call({ certificate: failingName });
    for (const to of [remote, 'alice@corp.example']) {
      assert.match((await send(client, { to: [to] })).text, /^451 4\.7\.24 /);
    }
    client.destroy();
  });

  void it('has to log in on a port for submission', async () => {
    const client = await call({ port: 'submission' });
    assert.match((await send(client)).text, /^530 5\.7\.0 Auth/);
    client.destroy();
  });

  void it('has limits', async () => {
    const client = await call();
    const to = ['a', 'b', 'c', 'd'].map((local) => `${local}@far.example`);
    assert.match((await send(client, { to })).text, /^452 4\.5\.3 /);
    assert.match((await send(client, { to: to.slice(1) })).text, /^250 /);
    client.destroy();
  });

  void it('may be suspended', async () => {
    const suspended = await gatekeeper(['suspend', 'tenant:corp'], { haraka: gateway.dir });
    assert.equal(suspended.code, 0, suspended.err);
    const client = await call();
    assert.match((await send(client)).text, /^421 4\.7\.1 /);
    const released = await gatekeeper(['release', 'tenant:corp'], { haraka: gateway.dir });
    assert.equal(released.code, 0, released.err);
    client.destroy();
  });
});
