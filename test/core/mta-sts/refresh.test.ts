import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { broken, days, meet as meetIn, minutes, start } from './meeting.ts';
import { enforced, policyText, startWorld, txt, type World } from './world.ts';

void describe('an MTA-STS policy is kept fresh', () => {
  let world: World;
  before(async () => (world = await startWorld()));
  after(() => world.stop());

  const meet = () => meetIn(world);

  void it('where it was fetched over a day ago, whatever the DNS says', async () => {
    const { publish, find, sts, asked } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find();
    await sts.refresh(days(0.9));
    assert.equal(asked(), 1);
    publish({ txt: 'SERVFAIL', policy: policyText({ mode: 'testing' }) });
    await sts.refresh(days(1.1));
    assert.equal(asked(), 2);
    assert.equal(await find(days(8)), 'testing a1');
  });

  void it('where it expires within a day', async () => {
    const { publish, find, sts, asked } = meet();
    publish({ txt: txt('a1'), policy: policyText({ age: 90_000 }) });
    await find();
    await sts.refresh(minutes(50));
    assert.equal(asked(), 1);
    await sts.refresh(minutes(70));
    assert.equal(asked(), 2);
    assert.equal(await find(days(1.08)), 'enforce a1');
    assert.equal(asked(), 2);
  });

  void it('with the id that is published by then', async () => {
    const { publish, find, sts, asked } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find();
    publish({ txt: txt('a2'), policy: enforced });
    await sts.refresh(days(2));
    assert.equal(await find(days(3)), 'enforce a2');
    assert.equal(asked(), 2);
  });

  void it('and stays in force where that fails, which somebody hears of', async () => {
    const { publish, find, sts, told } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find();
    publish({ txt: txt('a1'), policy: broken });
    await sts.refresh(days(2));
    assert.match(told.join('\n'), /cannot be fetched anew \(sts-policy-fetch-error: HTTP 500\)/);
    assert.equal(await find(days(6)), 'enforce a1');
  });

  void it('while somebody has mail for the domain, and not for ever', async () => {
    const { publish, find, sts, asked } = meet();
    publish({ txt: txt('a1'), policy: policyText({ age: 31_557_600 }) });
    await find();
    for (let day = 2; day <= 80; day += 3) await sts.refresh(days(day));
    assert.equal(asked(), 21);
    await find(days(81));
    await sts.refresh(days(82));
    assert.equal(asked(), 22);
  });

  void it('and forgotten once it has expired', async () => {
    const { publish, find, sts, asked, files } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find();
    await sts.refresh(days(7));
    assert.deepEqual(files(), []);
    assert.equal(asked(), 1);
  });

  void it('past files that are broken, of many domains', async () => {
    const { sts, folder, files } = meet();
    const names = Array.from({ length: 12 }, (_, at) => `many${at}.example`);
    for (const name of names) {
      world.publish(name, { txt: txt('a1'), policy: enforced });
      await sts.find(name, start);
    }
    const [first = ''] = files();
    truncateSync(first, 10);
    writeFileSync(join(folder, 'notes.txt'), 'x');
    world.asked.length = 0;
    await sts.refresh(days(2));
    assert.equal(world.asked.length, 11);
  });

  void it('where there are none', async () => {
    const { sts, told } = meet();
    await sts.refresh(start);
    assert.deepEqual(told, []);
  });
});
