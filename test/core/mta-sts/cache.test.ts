import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { StsCache } from '../../../plugins/core/mta-sts/cache.ts';
import { parsePolicy } from '../../../plugins/core/mta-sts/policy.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { enforced } from './world.ts';

const start = new Date('2026-03-01T12:00:00Z');
const days = (count: number) => new Date(start.getTime() + count * 86_400_000);
const policy = parsePolicy(enforced);

void describe('the policies that a machine keeps', () => {
  const root = mkdtempSync(join(tmpdir(), 'gatekeeper-sts-cache-'));
  after(() => rmSync(root, { recursive: true }));

  const open = (most?: number) => {
    const data = mkdtempSync(join(root, 'data-'));
    const told: string[] = [];
    const cache = new StsCache(data, (message) => told.push(message), most);
    const keep = (domain: string, used = start) =>
      cache.write({ domain, id: 'a1', fetched: start, policy, used });
    const has = async (domain: string) => (await cache.read(domain)) !== undefined;
    return { cache, keep, has, told, folder: join(data, 'mta-sts') };
  };

  void it('come back as they went', async () => {
    const { cache, keep } = open();
    await keep('corp.example');
    assert.deepEqual(await cache.read('corp.example'), {
      ...{ domain: 'corp.example', id: 'a1', fetched: start, policy, used: start },
    });
  });

  void it('are so many at most: the ones that nobody asked for the longest go', async () => {
    const { cache, keep, has, folder } = open(20);
    for (let at = 0; at < 20; at += 1) await keep(`d${at}.example`, days(at / 100));
    assert.equal(readdirSync(folder).length, 20);
    const oldest = await cache.read('d0.example');
    assert.ok(oldest);
    await cache.use(oldest, days(2));
    await keep('new.example', days(2));
    assert.equal(readdirSync(folder).length, 19);
    const left = await Promise.all(['d0', 'd1', 'd2', 'd3', 'new'].map((name) => has(`${name}.example`)));
    assert.deepEqual(left, [true, false, false, true, true]);
  });

  void it('are so many with what a process left that died while it wrote', async () => {
    const { keep, has, folder } = open(5);
    await keep('d0.example');
    for (let at = 0; at < 9; at += 1) {
      const file = join(folder, `half.json.${at}`);
      writeFileSync(file, '{');
      utimesSync(file, days(-1), days(-1));
    }
    await keep('d1.example');
    assert.equal(readdirSync(folder).length, 5);
    assert.deepEqual([await has('d0.example'), await has('d1.example')], [true, true]);
  });

  void it('remember to a day when they were asked for', async () => {
    const { cache, keep } = open();
    await keep('corp.example');
    const used = async (now: Date) => {
      const kept = await cache.read('corp.example');
      assert.ok(kept);
      await cache.use(kept, now);
      return (await cache.read('corp.example'))?.used;
    };
    assert.deepEqual(await used(days(0.9)), start);
    assert.deepEqual(await used(days(1.1)), days(1.1));
  });

  void it('stay as they were where the disk is full', async () => {
    const { cache, keep, told, folder } = open();
    await keep('corp.example');
    rmSync(folder, { recursive: true });
    const unmount = mountTmpfs(join(folder, '..'), '64k');
    try {
      await keep('corp.example');
      const long = parsePolicy(`${enforced}note: ${'x'.repeat(65_000)}`);
      await cache.write({ domain: 'corp.example', id: 'a2', fetched: start, policy: long, used: start });
      assert.match(told.join('\n'), /cannot be written: ENOSPC/);
      assert.equal((await cache.read('corp.example'))?.id, 'a1');
      assert.equal(readdirSync(folder).length, 1);
    } finally {
      unmount();
    }
  });

  void it('are none where there is no folder', async () => {
    const { cache, has, told } = open();
    assert.equal(await has('corp.example'), false);
    for await (const kept of cache.all()) assert.fail(kept.domain);
    assert.deepEqual(told, []);
  });
});
