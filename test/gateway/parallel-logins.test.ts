import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { people } from '../../scripts/demo/people.ts';
import { eventsWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain } from '../support/smtp.ts';
import { greeted, send } from './traffic.ts';

const active = people.filter(({ disabled }) => !disabled);

for (const nodes of [0, 2]) {
  void describe(`fifty logins at once, half of them wrong, with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    before(async () => {
      gateway = await startTestGateway({ nodes });
    });
    after(() => gateway.stop());

    void it('each have their own verdict and their own rights', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, async (_unused, number) => {
          const person = active[number % active.length] ?? active[0];
          const other = active[(number + 1) % active.length] ?? active[0];
          assert.ok(person && other);
          const [address, otherAddress] = [person.addresses[0], other.addresses[0]];
          const isRight = number % 2 === 0;
          const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
          const login = await client.command(
            `AUTH PLAIN ${plain(address, isRight ? person.password : other.password)}`,
          );
          assert.equal(login.code, isRight ? 235 : 535, `${address}: ${login.text}`);
          const foreign = await client.command(`MAIL FROM:<${otherAddress}>`);
          assert.equal(foreign.code, isRight ? 553 : 530, `${address}: ${foreign.text}`);
          const reply = await send(client, { from: address, to: `parallel-${number}@partner.example` });
          assert.equal(reply.code, isRight ? 250 : 530, `${address}: ${reply.text}`);
          client.destroy();
          return isRight;
        }),
      );
      const logins = await eventsWith(gateway, { check: 'auth/login' }, outcomes.length);
      assert.equal(logins.length, outcomes.length);
      for (const event of logins) {
        if (event.verdict === 'pass') assert.equal(event.identity, event.login);
        else assert.equal(event.identity, undefined);
      }
      assert.equal(logins.filter(({ verdict }) => verdict === 'pass').length, 25);
    });
  });
}
