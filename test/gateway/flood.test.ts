import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain } from '../support/smtp.ts';

const mebibyte = 1024 * 1024;

void describe('a client that floods while its login is pending', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({ settings: { auth: { failure_delay_seconds: 2 } } });
  });
  after(() => test.stop());

  void it(
    'is cut off, and costs no memory, even if it does not stop at the end',
    { timeout: 30_000 },
    async () => {
      const { implicit: port } = test.ports;
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, allowHalfOpen: true };
      const socket = connect(options).on('error', () => undefined);
      await once(socket, 'secureConnect');
      socket.resume().write('EHLO client.example\r\n');
      await delay(200);
      const before = residentBytes(test.gateway.process.pid);
      socket.write(`AUTH PLAIN ${plain('alice@corp.example', 'wrong')}\r\n`);
      await delay(50);
      const chunk = Buffer.alloc(mebibyte, 'x');
      for (let sent = 0; sent < 200 && !socket.destroyed; sent += 1) {
        if (!socket.write(chunk))
          await Promise.race([once(socket, 'drain').catch(() => undefined), delay(500)]);
      }
      assert.ok(socket.destroyed, 'the gateway goes on to take what the client sends');
      const grown = (residentBytes(test.gateway.process.pid) - before) / mebibyte;
      assert.ok(grown < 32, `the gateway has grown by ${Math.round(grown)} MiB`);
    },
  );
});

function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
