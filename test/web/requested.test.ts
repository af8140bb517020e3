import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RequestDesk } from '../../plugins/core/requests/desk.ts';
import type { RequestedAction } from '../../plugins/core/requests/request.ts';
import { Suspensions } from '../../plugins/core/suspension/registry.ts';
import { eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';

const id = 'uid=bob,ou=people,dc=corp,dc=example';

void describe('what admins ask of the gateway', () => {
  let gateway: TestGateway;
  let data: string;
  before(async () => {
    gateway = await startTestGateway({ settings: { web: { admins: ['alice@corp.example'] } } });
    data = join(gateway.dir, 'var/gatekeeper');
  });
  after(() => gateway.stop());

  async function asked(act: RequestedAction): Promise<string> {
    const desk = new RequestDesk(data);
    const time = new Date().toISOString();
    await desk.ask({ v: 1, time, by: 'alice@corp.example', client: '127.0.0.1', act });
    for (let tries = 0; tries < 200; tries += 1) {
      const result = (await desk.answers(20)).find(({ request }) => request.time === time);
      if (result) return `${result.outcome}: ${result.says}`;
      await delay(50);
    }
    throw new Error('the gateway did not answer');
  }

  void it('is done by the code of the commands, once, and answered', async () => {
    const name = 'bob@corp.example';
    const isSuspended = () => new Suspensions(data).isSuspended(id);
    assert.equal(await asked({ action: 'suspend', id, name, because: 'phishing' }), 'done: suspended');
    assert.equal(isSuspended(), true);
    assert.equal(
      await asked({ action: 'suspend', id, name, because: '' }),
      'failed: it is suspended already',
    );
    assert.equal(
      await asked({ action: 'release', id, name, mail: 'keep' }),
      'done: released; 0 of its messages still held',
    );
    assert.equal(isSuspended(), false);
    assert.match(await asked({ action: 'forget', account: name }), /^done: forgotten/);
    assert.match(await asked({ action: 'forget', account: '192.0.2.300/24' }), /^failed: this is no network/);
    assert.match(
      await asked({ action: 'release-held', held: '0123456789abcdef' }),
      /^failed: .* is not held/,
    );
    assert.match(await asked({ action: 'drop-held', held: '0123456789abcdef' }), /^failed: .* is not held/);
  });

  void it('is an event, with who asked', async () => {
    const detail = 'suspend bob@corp.example: done, suspended';
    const { identity } = await eventWith(gateway, { check: 'audit/operator', detail });
    assert.equal(identity, 'alice@corp.example');
  });
});
