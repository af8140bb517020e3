import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain, SmtpClient } from '../support/smtp.ts';

const mebibyte = 1024 * 1024;

void describe('a client that floods while its login is pending', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({ settings: { auth: { failure_delay_seconds: 2 } } });
  });
  after(() => test.stop());

  for (const listener of ['submission', 'implicit'] as const) {
    void it(`is cut off, and costs no memory, on the listener ${listener}`, { timeout: 20_000 }, async () => {
      const client = await SmtpClient.connect({
        port: test.ports[listener],
        implicitTls: listener === 'implicit',
      });
      await client.reply();
      await client.command('EHLO client.example');
      if (listener === 'submission') {
        await client.command('STARTTLS');
        await client.upgrade();
        await client.command('EHLO client.example');
      }
      const before = residentBytes(test.gateway.process.pid);
      client.write(`AUTH PLAIN ${plain('alice@corp.example', 'wrong')}\r\n`);
      const chunk = Buffer.alloc(mebibyte, 'x');
      for (let sent = 0; sent < 64 && !(await client.closed(5)); sent += 1) client.write(chunk);
      assert.ok(await client.closed(), 'the connection stays open');
      await eventually(
        'the memory to stay',
        () => residentBytes(test.gateway.process.pid) - before < 24 * mebibyte,
      );
    });
  }
});

function residentBytes(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
