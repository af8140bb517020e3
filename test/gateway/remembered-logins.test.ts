import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Attribute, Change, Client } from 'ldapts';
import { entries, gatekeeper as service, peopleBase, suffix } from '../../scripts/demo/people.ts';
import { ldif } from '../../scripts/demo/ldif.ts';
import { gatekeeper } from '../support/command.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { plain } from '../support/smtp.ts';
import { greeted } from './traffic.ts';

const access =
  'access to attrs=userPassword by self write by anonymous auth by * none\naccess to * by users read by * none';

/** The first words of the answer to a login in a session of its own. */
async function login(gateway: TestGateway, who: string, password: string): Promise<string> {
  const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
  const { text } = await client.command(`AUTH PLAIN ${plain(`${who}@corp.example`, password)}`);
  client.destroy();
  return text.slice(0, 9);
}

/** As a user does it for herself. */
async function changePassword(slapd: Slapd, uid: string, before: string, password: string): Promise<void> {
  const client = new Client({ url: slapd.url });
  const dn = `uid=${uid},${peopleBase}`;
  await client.bind(dn, before);
  const modification = new Attribute({ type: 'userPassword', values: [password] });
  await client.modify(dn, new Change({ operation: 'replace', modification }));
  await client.unbind();
}

void describe('a login that was accepted a moment ago', () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ ldif: ldif(entries()), access });
  });
  after(() => slapd.stop());

  void it('is accepted again while the directory is away, but no longer than it is remembered', async () => {
    const directory = { cache_seconds: 5 };
    const gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    try {
      assert.equal(await login(gateway, 'alice', 'pw-alice'), '235 2.7.0');
      const until = performance.now() + 5000;
      await slapd.kill();
      assert.equal(await login(gateway, 'alice', 'pw-alice'), '235 2.7.0');
      assert.equal(await login(gateway, 'bob', 'pw-bob'), '454 4.7.0');
      await delay(until - performance.now());
      assert.equal(await login(gateway, 'alice', 'pw-alice'), '454 4.7.0');
      await slapd.start();
    } finally {
      await gateway.stop();
    }
  });

  void it('still counts after the password was changed, for that time, and the new one counts at once', async () => {
    const directory = { cache_seconds: 5 };
    const gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    try {
      assert.equal(await login(gateway, 'bob', 'pw-bob'), '235 2.7.0');
      const until = performance.now() + 5000;
      await changePassword(slapd, 'bob', 'pw-bob', 'pw-new');
      assert.equal(await login(gateway, 'bob', 'pw-new'), '235 2.7.0');
      await delay(until - performance.now());
      assert.equal(await login(gateway, 'bob', 'pw-bob'), '535 5.7.8');
    } finally {
      await gateway.stop();
      await changePassword(slapd, 'bob', 'pw-new', 'pw-bob');
    }
  });

  void it('counts for longer while no server answers, where that is set, and the log says so', async () => {
    const directory = { cache_seconds: 0, cache_stale_seconds: 3600 };
    const gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    try {
      assert.equal(await login(gateway, 'alice', 'pw-alice'), '235 2.7.0');
      await slapd.kill();
      assert.equal(await login(gateway, 'alice', 'pw-alice'), '235 2.7.0');
      assert.equal(await login(gateway, 'alice', 'pw-wrong'), '454 4.7.0');
      assert.equal(await login(gateway, 'bob', 'pw-bob'), '454 4.7.0');
      assert.match(gateway.log(), /logins are accepted as before, "alice@corp\.example" among them: /);
      await slapd.start();
    } finally {
      await gateway.stop();
    }
  });
});

void describe('the groups of an account', () => {
  void it('are asked for anew once it was forgotten by the command', async () => {
    const group = `cn=senders,ou=people,${suffix}`;
    const member = [`uid=alice,${peopleBase}`, `uid=bob,${peopleBase}`];
    const attributes = { objectClass: ['groupOfNames'], cn: ['senders'], member };
    const slapd = await startSlapd({
      ldif: ldif([...entries(), { dn: group, attributes }]),
      access: 'access to attrs=userPassword by anonymous auth by * none\naccess to * by users write',
    });
    const directory = { required_groups: [group], group_base: suffix };
    const gateway = await startTestGateway({ directoryUrl: slapd.url, settings: { directory } });
    const answer = () => login(gateway, 'alice', 'pw-alice');
    try {
      assert.equal(await answer(), '235 2.7.0');
      const admin = new Client({ url: slapd.url });
      await admin.bind(service.dn, service.password);
      const modification = new Attribute({ type: 'member', values: member.slice(0, 1) });
      await admin.modify(group, new Change({ operation: 'delete', modification }));
      await admin.unbind();
      assert.equal(await answer(), '235 2.7.0', 'it is remembered');
      assert.equal((await gatekeeper(['forget', 'alice@corp.example'], { haraka: gateway.dir })).code, 0);
      assert.equal(await answer(), '535 5.7.8');
    } finally {
      await gateway.stop();
      await slapd.stop();
    }
  });
});
