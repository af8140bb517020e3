import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { greeted } from './traffic.ts';

// Without a key the gateway does not start: test/bad-config/internalcmd-key-missing.
void describe('INTERNALCMD', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway();
  });
  after(() => gateway.stop());

  void it('runs nothing for a client that does not know the key (T085)', async () => {
    const client = await greeted({ port: gateway.ports.mx });
    const reply = await client.command('INTERNALCMD performShutdown');
    await delay(300);
    assert.equal(gateway.gateway.process.exitCode, null, 'the gateway was shut down');
    assert.equal(reply.code, 501, reply.text);
  });
});
