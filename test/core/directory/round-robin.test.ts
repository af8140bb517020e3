import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { client, fake } from './fixtures.ts';

void describe('directory: servers in round robin', () => {
  void it('are asked in turn, on connections that are kept', async () => {
    const servers = [await fake(), await fake()];
    const urls = servers.map(({ url }) => url);
    const { verify } = client(urls, { server_order: 'round-robin' });
    for (let n = 0; n < 20; n += 1) assert.equal(await verify(), 'alice@corp.example');
    for (const server of servers) {
      const count = (wanted: string) => server.kinds().filter((kind) => kind === wanted).length;
      assert.deepEqual([count('search'), count('bind'), server.accepted()], [10, 10, 2]);
    }
    await servers[0]?.close();
    for (let n = 0; n < 4; n += 1) assert.equal(await verify(), 'alice@corp.example');
  });
});
