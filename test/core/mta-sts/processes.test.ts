import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { MtaSts, type MtaStsOptions, type StsResult } from '../../../plugins/core/mta-sts/mta-sts.ts';
import { brief, meet as meetIn, minutes, start } from './meeting.ts';
import { enforced, policyText, startWorld, txt, type World } from './world.ts';

void describe('the MTA-STS policies of several processes', () => {
  let world: World;
  before(async () => (world = await startWorld()));
  after(() => world.stop());

  const meet = () => meetIn(world);

  /** The same in a process of its own, at the given time. */
  const findElsewhere = async (domain: string, { dataDirectory }: MtaStsOptions, now = start) => {
    const module = (path: string) =>
      JSON.stringify(new URL(`../../../plugins/core/${path}`, import.meta.url).href);
    const program = `
        import { createDns } from ${module('dns/client.ts')};
        import { MtaSts } from ${module('mta-sts/mta-sts.ts')};
        const dns = createDns({ servers: [${JSON.stringify(world.dnsAddress)}] });
        const options = ${JSON.stringify({ dataDirectory, ca: world.ca, port: world.port, milliseconds: 5000 })};
        const sts = new MtaSts({ ...options, dns, log: console.error });
        console.log(JSON.stringify(await sts.find(${JSON.stringify(domain)}, new Date(${now.getTime()}))));
        dns.close();`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
    assert.equal(stderr, '');
    return brief(JSON.parse(stdout) as StsResult);
  };

  void it('is fetched by one, and known to the others', async () => {
    const { publish, find, domain, options, asked } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    assert.equal(await find(), 'enforce a1');
    assert.equal(await findElsewhere(domain, options), 'enforce a1');
    assert.equal(asked(), 1);
    publish({ txt: txt('a2'), policy: policyText({ mode: 'testing' }) });
    assert.equal(await findElsewhere(domain, options, minutes(1)), 'testing a2');
    assert.equal(await find(minutes(2)), 'testing a2');
    assert.equal(asked(), 2);
  });

  void it('is whole where several write it at once', async () => {
    const { publish, domain, options, files, told } = meet();
    publish({ txt: txt('a1'), policy: `${enforced}note: ${'x'.repeat(60_000)}` });
    const gateways = Array.from({ length: 20 }, () => new MtaSts(options));
    await Promise.all(
      gateways.map(async (sts) => assert.equal(brief(await sts.find(domain, start)), 'enforce a1')),
    );
    assert.equal(files().length, 1);
    assert.deepEqual(told, []);
    publish({ txt: 'SERVFAIL' });
    assert.equal(brief(await new MtaSts(options).find(domain, start)), 'enforce a1');
  });

  void it('is for its owner alone to read', async () => {
    const { publish, find, options } = meet();
    publish({ txt: txt('a1'), policy: enforced });
    await find();
    assert.equal(statSync(join(options.dataDirectory, 'mta-sts')).mode & 0o777, 0o700);
  });

  const damages: readonly { it: string; damage: (file: string) => void }[] = [
    { it: 'empty', damage: (file) => truncateSync(file, 0) },
    { it: 'cut short', damage: (file) => truncateSync(file, 50) },
    { it: 'no policy', damage: (file) => writeFileSync(file, '{"v":1}') },
    { it: 'of a later version', damage: (file) => changeIn(file, '"v":1', '"v":2') },
    { it: 'a policy that is none', damage: (file) => changeIn(file, 'mode: enforce', 'mode: maybe') },
    { it: 'that of another domain', damage: (file) => changeIn(file, '"domain":"', '"domain":"x') },
    {
      it: 'none that can be read',
      damage: (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    },
  ];
  for (const { it: what, damage } of damages)
    void it(`is fetched again where its file is ${what}`, async () => {
      const { publish, find, files, options, domain, told } = meet();
      publish({ txt: txt('a1'), policy: enforced });
      await find();
      damage(files()[0] ?? '');
      publish({ txt: [] });
      assert.equal(await find(), 'none');
      publish({ txt: txt('a1'), policy: policyText({ mode: 'testing' }) });
      assert.equal(brief(await new MtaSts(options).find(domain, start)), 'testing a1');
      assert.equal(told.length > 0, what !== 'that of another domain');
    });

  void it('is in use, and asked for once, where it cannot be written', async () => {
    const { publish, find, options, told, asked } = meet();
    writeFileSync(join(options.dataDirectory, 'mta-sts'), '');
    publish({ txt: txt('a1'), policy: enforced });
    assert.equal(await find(), 'enforce a1');
    assert.equal(await find(minutes(1)), 'enforce a1');
    assert.equal(asked(), 1);
    assert.match(told.join('\n'), /an MTA-STS policy in .* cannot be written: /);
  });
});

function changeIn(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to));
}
