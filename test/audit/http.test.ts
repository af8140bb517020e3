import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpServer } from '../../plugins/audit/http.ts';
import { eventually } from '../support/gateway.ts';

void describe('the HTTP port', () => {
  void it('is tried again when another process has it, until it is free', { timeout: 30_000 }, async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const faults: string[] = [];
    const server = new HttpServer(
      { metrics: () => Promise.resolve(''), unstored: () => undefined },
      (problem) => faults.push(problem),
    );
    server.listenOn({ host: '127.0.0.1', port });
    server.begin();
    await eventually('a word about it', () => faults.length === 1);
    assert.match(faults[0] ?? '', /^no HTTP on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    other.close();
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/x`).then(
        ({ status }) => status,
        () => undefined,
      );
    while ((await answers()) === undefined) await delay(100);
    assert.equal(await answers(), 404);
    server.listenOn(undefined);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/x`));
  });

  void it('that is given up is not tried again', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const faults: string[] = [];
    const server = new HttpServer(
      { metrics: () => Promise.resolve(''), unstored: () => undefined },
      (problem) => faults.push(problem),
    );
    server.listenOn({ host: '127.0.0.1', port: (other.address() as AddressInfo).port });
    server.begin();
    await eventually('a word about it', () => faults.length === 1);
    server.listenOn(undefined);
    await delay(6000);
    assert.equal(faults.length, 1);
    other.close();
  });
});
