import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RequestDesk } from '../../../plugins/core/requests/desk.ts';
import type { Request } from '../../../plugins/core/requests/request.ts';

const now = new Date('2026-11-24T09:30:00Z');

const request: Request = {
  ...{ v: 1, time: now.toISOString(), by: 'alice@corp.example', client: '127.0.0.1' },
  act: { action: 'forget', account: 'bob@corp.example' },
};

void describe('requests to the gateway', () => {
  let data: string;
  let desk: RequestDesk;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'gatekeeper-desk-'));
    desk = new RequestDesk(data);
  });
  afterEach(() => rmSync(data, { recursive: true }));

  void it('are found as they were asked, and are gone when they were answered', async () => {
    const name = await desk.ask(request);
    assert.deepEqual((await desk.pending(now)).requests, [{ name, request }]);
    assert.equal(await desk.take(name), true);
    await desk.answer(name, { v: 1, request, time: now.toISOString(), outcome: 'done', says: 'forgotten' });
    assert.deepEqual((await desk.pending(now)).requests, []);
    assert.deepEqual(
      (await desk.answers(5)).map(({ says }) => says),
      ['forgotten'],
    );
  });

  void it('are taken by one alone, however many try', async () => {
    const name = await desk.ask(request);
    const takers = Array.from({ length: 8 }, () => new RequestDesk(data).take(name));
    assert.equal((await Promise.all(takers)).filter((isTaken) => isTaken).length, 1);
    assert.deepEqual((await desk.pending(now)).requests, [], 'nor by who comes after one that died');
  });

  void it('are set aside where they are too old, or not of the form', async () => {
    await desk.ask({ ...request, time: new Date(now.getTime() - 3_600_000).toISOString() });
    const { requests, strange } = await desk.pending(now);
    assert.deepEqual(
      [requests, strange.map(({ problem }) => problem)],
      [[], ['is too old: nobody carried it out in time']],
    );
  });

  const hostile: readonly (readonly [what: string, put: (path: string) => void])[] = [
    ['is no JSON', (path) => writeFileSync(path, '{', { mode: 0o600 })],
    [
      'has more than it should',
      (path) => writeFileSync(path, JSON.stringify({ ...request, more: 1 }), { mode: 0o600 }),
    ],
    [
      'asks for something else',
      (path) => writeFileSync(path, JSON.stringify({ ...request, act: { action: 'x' } }), { mode: 0o600 }),
    ],
    [
      'names a path',
      (path) =>
        writeFileSync(path, JSON.stringify({ ...request, act: { action: 'drop-held', held: '../../x' } }), {
          mode: 0o600,
        }),
    ],
    ['is too long', (path) => writeFileSync(path, ' '.repeat(20_000), { mode: 0o600 })],
    [
      'others may write to',
      (path) => {
        writeFileSync(path, JSON.stringify(request));
        chmodSync(path, 0o666);
      },
    ],
    [
      'is a link',
      (path) => {
        writeFileSync(`${path}.real`, JSON.stringify(request), { mode: 0o600 });
        symlinkSync(`${path}.real`, path);
      },
    ],
  ];
  for (const [what, put] of hostile) {
    void it(`are not carried out from a file that ${what}`, async () => {
      const asked = await desk.ask(request);
      await desk.take(asked);
      put(join(data, 'requests', '000001795512600-0123456789abcdef.pending.json'));
      const { requests, strange } = await desk.pending(now);
      assert.deepEqual([requests.length, strange.length], [0, 1]);
      assert.ok(readdirSync(join(data, 'requests')).some((file) => file.endsWith('.refused')));
    });
  }
});
