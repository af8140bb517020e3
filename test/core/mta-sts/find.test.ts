import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Dns } from '../../../plugins/core/dns/dns.ts';
import type { MtaStsOptions } from '../../../plugins/core/mta-sts/mta-sts.ts';
import { brief, broken, days, meet as meetIn, minutes, start } from './meeting.ts';
import { enforced, policyText, startWorld, txt, type Answer, type World } from './world.ts';

void describe('the MTA-STS policy for mail to a domain', () => {
  let world: World;
  before(async () => (world = await startWorld()));
  after(() => world.stop());

  const meet = (changes?: Partial<MtaStsOptions>) => meetIn(world, changes);

  for (const mode of ['enforce', 'testing', 'none'])
    void it(`has the policy of mode ${mode} that is published, and keeps it`, async () => {
      const { publish, find, asked, sts, domain } = meet();
      publish({ txt: txt('a1'), policy: policyText({ mode }) });
      assert.equal(await find(), `${mode} a1`);
      assert.equal(await find(days(6)), `${mode} a1`);
      assert.equal(asked(), 1);
      const result = await sts.find(domain, start);
      assert.ok(result.kind === 'policy');
      assert.deepEqual(result.policy.text, [
        'version: STSv1',
        `mode: ${mode}`,
        'mx: mx.corp.example',
        'max_age: 604800',
      ]);
    });

  void it('reads a record that is in several strings', async () => {
    const { publish, find } = meet();
    publish({ txt: [['v=STS', 'v1; i', 'd=a1;']], policy: enforced });
    assert.equal(await find(), 'enforce a1');
  });

  const without = [
    { it: 'no record', txt: [] },
    { it: 'two records', txt: [...txt('a1'), ...txt('a2')] },
    { it: 'a record that is broken', txt: [['v=STSv1; id=a_1;']] },
    { it: 'a record of something else', txt: [['v=spf1 -all']] },
  ];
  for (const { it: what, txt: records } of without)
    void it(`is without a policy where there is ${what}, and asks no policy host`, async () => {
      const { publish, sts, domain, asked } = meet();
      publish({ txt: records, policy: enforced });
      assert.deepEqual(await sts.find(domain, start), { kind: 'none' });
      assert.equal(asked(), 0);
    });

  for (const { trouble, why } of [
    { trouble: 'SERVFAIL', why: /SERVFAIL/ },
    { trouble: 'TIMEOUT', why: /did not answer in time/ },
  ] as const)
    void it(`is without a policy where the DNS says ${trouble}, and says why`, async () => {
      const { publish, sts, domain } = meet();
      publish({ txt: trouble, policy: enforced });
      const result = await sts.find(domain, start);
      assert.ok(result.kind === 'none');
      assert.match(result.why ?? '', why);
    });

  void it('is without a policy where there is no such domain, or what is no domain', async () => {
    const { sts, options } = meet();
    for (const domain of [
      'nobody.example',
      '[192.0.2.1]',
      '192.0.2.1',
      '',
      '.',
      'a..b',
      'a b',
      'a%2eb',
      '\0',
    ])
      assert.deepEqual(await sts.find(domain, start), { kind: 'none' });
    assert.deepEqual(options.told, []);
  });

  void it('is that of the domain of the recipient, and none above it (§3.4)', async () => {
    const { publish, domain, sts, find } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    assert.equal(await find(), 'enforce a1');
    assert.deepEqual(await sts.find(`sub.${domain}`, start), { kind: 'none' });
  });

  void it('is the same for all spellings of a domain', async () => {
    const { sts } = meet();
    world.publish('xn--bcher-kva.example', { txt: txt('a1'), policy: enforced });
    for (const domain of [
      'bücher.example',
      'BÜCHER.Example',
      'xn--bcher-kva.example',
      'XN--BCHER-KVA.example.',
    ])
      assert.equal(brief(await sts.find(domain, start)), 'enforce a1');
    assert.equal(world.asked.filter((place) => place.startsWith('mta-sts.xn--bcher-kva.example/')).length, 1);
  });

  void it('is the new one where there is a new id', async () => {
    const { publish, find, asked } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    assert.equal(await find(), 'enforce a1');
    publish({ txt: txt('a2'), policy: policyText({ mode: 'none' }) });
    assert.equal(await find(minutes(1)), 'none a2');
    assert.equal(await find(minutes(2)), 'none a2');
    assert.equal(asked(), 2);
  });

  void it('is fetched again once it has expired', async () => {
    const { publish, find, asked } = meet();
    publish({ txt: txt('a1'), policy: policyText({ age: 3600 }) });
    assert.equal(await find(), 'enforce a1');
    assert.equal(await find(minutes(59)), 'enforce a1');
    assert.equal(asked(), 1);
    publish({ txt: txt('a1'), policy: policyText({ age: 3600, mode: 'testing' }) });
    assert.equal(await find(minutes(60)), 'testing a1');
    assert.equal(asked(), 2);
  });

  const troubles: readonly { it: string; what: Parameters<World['publish']>[1]; says: string }[] = [
    { it: 'the record is gone', what: { policy: enforced }, says: 'enforce a1' },
    { it: 'there are two records', what: { txt: [...txt('a2'), ...txt('a3')] }, says: 'enforce a1' },
    { it: 'the DNS fails', what: { txt: 'SERVFAIL' }, says: 'enforce a1' },
    { it: 'the DNS is silent', what: { txt: 'TIMEOUT' }, says: 'enforce a1' },
    {
      it: 'the new one cannot be fetched',
      what: { txt: txt('a2'), policy: broken },
      says: 'enforce a1 (sts-policy-fetch-error)',
    },
    {
      it: 'the new one is none',
      what: { txt: txt('a2'), policy: 'It works!' },
      says: 'enforce a1 (sts-policy-invalid)',
    },
  ];
  for (const { it: what, what: trouble, says } of troubles)
    void it(`stays in force while ${what}, until it expires`, async () => {
      const { publish, find, told } = meet();
      publish({ txt: txt('a1'), policy: enforced });
      await find();
      publish(trouble);
      assert.equal(await find(days(6)), says);
      assert.deepEqual(
        told.map((message) => message.replace(/d\d+/, 'd')),
        says.includes('(')
          ? [
              `the MTA-STS policy of d.example cannot be fetched anew (${says.slice(12, -1)}: ${what.includes('none') ? 'its line 1 is no field' : 'HTTP 500'}); the last one is in force until 2026-03-08T12:00:00.000Z`,
            ]
          : [],
      );
      assert.doesNotMatch(await find(days(7)), /enforce/);
    });

  void it('does not trouble anybody about a policy of mode none', async () => {
    const { publish, find, told } = meet();
    publish({ txt: txt('a1'), policy: policyText({ mode: 'none' }) });
    await find();
    publish({ txt: txt('a2'), policy: broken });
    assert.equal(await find(minutes(1)), 'none a1 (sts-policy-fetch-error)');
    assert.deepEqual(told, []);
  });

  void it('is one that was fetched by a clock in the future for a day at most', async () => {
    const { publish, find } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find(days(30));
    publish({ txt: [] });
    assert.equal(await find(days(29.5)), 'enforce a1');
    assert.equal(await find(days(20)), 'none');
  });

  void it('is unavailable while it cannot be fetched, and asked for once in five minutes for each id', async () => {
    const { publish, find, asked } = meet();
    publish({ txt: txt('a1'), policy: broken });
    assert.equal(await find(), 'sts-policy-fetch-error');
    publish({ txt: txt('a1'), policy: enforced });
    assert.equal(await find(minutes(4.9)), 'sts-policy-fetch-error');
    assert.equal(asked(), 1);
    publish({ txt: txt('a2'), policy: broken });
    assert.equal(await find(minutes(4.9)), 'sts-policy-fetch-error');
    assert.equal(asked(), 2);
    publish({ txt: txt('a2'), policy: enforced });
    assert.equal(await find(minutes(10)), 'enforce a2');
    assert.equal(asked(), 3);
  });

  void it('says that the certificate of the policy host proves nothing', async () => {
    const { publish, sts, domain } = meet();
    const certificate = world.mint.make({ name: 'x', extensions: [] });
    publish({ txt: txt('a1'), policy: enforced, certificate });
    const result = await sts.find(domain, start);
    assert.ok(result.kind === 'unavailable');
    assert.equal(result.type, 'sts-webpki-invalid');
    assert.match(result.why, /self-signed/);
  });

  void it('is not asked for with each message where it expires at once', async () => {
    const { publish, find, asked } = meet();
    publish({ txt: txt('a1'), policy: policyText({ age: 0 }) });
    assert.equal(await find(), 'enforce a1');
    assert.equal(await find(minutes(4)), 'enforce a1');
    assert.equal(asked(), 1);
    assert.equal(await find(minutes(6)), 'enforce a1');
    assert.equal(asked(), 2);
  });

  void it('is fetched once for many messages at once', async () => {
    const { publish, find, asked } = meet();
    const slow: Answer = (_request, response) => {
      response.setHeader('content-type', 'text/plain');
      setTimeout(() => response.end(enforced), 100);
    };
    publish({ txt: txt('a1'), policy: slow });
    const results = await Promise.all(Array.from({ length: 50 }, () => find()));
    assert.deepEqual(new Set(results), new Set(['enforce a1']));
    assert.equal(asked(), 1);
  });

  void it('is fetched by one request at a time, also where the id changes meanwhile', async () => {
    const { publish, find, asked } = meet();
    let release: () => unknown = () => assert.fail('nobody asked');
    const begun = new Promise<void>((resolve) => {
      publish({
        txt: txt('a1'),
        policy: (_request, response) => {
          release = () => response.setHeader('content-type', 'text/plain').end(enforced);
          resolve();
        },
      });
    });
    const first = find();
    await begun;
    publish({ txt: txt('a2'), policy: enforced });
    const second = find();
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    assert.deepEqual(await Promise.all([first, second]), ['enforce a1', 'enforce a1']);
    assert.equal(asked(), 1);
    assert.equal(await find(minutes(1)), 'enforce a2');
  });

  void it('keeps nobody waiting for a policy host or a DNS that is silent', async () => {
    const { publish, find } = meet({ milliseconds: 200 });
    publish({ txt: txt('a1'), policy: () => undefined });
    const began = performance.now();
    assert.equal(await find(), 'sts-policy-fetch-error');
    let calledOff = 0;
    const silent: Dns = { resolve: (_name, _type, signal) => untilAborted(signal, () => (calledOff += 1)) };
    const { sts, domain } = meet({ milliseconds: 200, dns: silent });
    const { kind } = await sts.find(domain, start);
    assert.deepEqual([kind, calledOff], ['none', 1]);
    assert.ok(performance.now() - began < 2000);
  });
});

function untilAborted(signal: Parameters<Dns['resolve']>[2], then: () => void): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      then();
      reject(signal.reason);
    });
  });
}
