import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOf } from '../../../../plugins/core/haraka/checks/made.ts';
import { defineCheck } from '../../../../plugins/core/haraka/checks/of-others.ts';
import { envelopeAddress } from '../../../../plugins/core/haraka/facts/address.ts';
import type { Address } from '../../../../plugins/core/haraka/types.ts';
import type { Identity } from '../../../../plugins/core/identity.ts';
import { parseMailbox } from '../../../../plugins/core/mailbox.ts';
import type { Policy } from '../../../../plugins/core/settings/settings.ts';
import { pass } from '../../../../plugins/core/verdict.ts';

/** As Haraka has it. */
const address = (text: string) => ({ format: () => `<${text}>`, isNull: () => false }) as unknown as Address;

const sender = address('alice@corp.example');
const identity = {
  ...{ proof: 'account', name: 'alice@corp.example', id: 'uid=alice' },
  addresses: [parseMailbox('alice@corp.example')],
} as unknown as Identity;

/** What our own checks look at. */
const facts = () => ({
  client: { address: '192.0.2.1' },
  listener: { port: 587, role: 'submission' },
  ...{ helo: 'client.example', tls: { version: 'TLSv1.3', cipher: 'x' }, identity },
  sender: envelopeAddress(sender),
  recipients: [envelopeAddress(address('x@one.example')), envelopeAddress(address('y@two.example'))],
  headerLines: ['From: alice@corp.example\n', 'Subject: x\n'],
  isHeaderWhole: true,
});

function objectsIn(value: unknown, path = 'facts'): (readonly [path: string, object: object])[] {
  if (typeof value !== 'object' || value === null) return [];
  const parts = Object.entries(value).flatMap(([key, part]) => objectsIn(part, `${path}.${key}`));
  return [[path, value], ...parts];
}

void describe('facts that a check of others is told', () => {
  void it('cannot be changed, at any depth: our own checks look at the same addresses', () => {
    let told: unknown;
    const check = checkOf(
      defineCheck({
        name: 'own/message',
        stage: 'message',
        decide: (given) => {
          told = given;
          return pass;
        },
      }),
    );
    const decide = check.decide as (facts: unknown, policy: Policy) => unknown;
    assert.equal(decide(facts(), {} as Policy), pass);
    const objects = objectsIn(told);
    const paths = objects.map(([path]) => path);
    for (const path of [
      'facts.sender.mailbox',
      'facts.tls',
      'facts.recipients.1',
      'facts.identity.addresses',
    ]) {
      assert.ok(paths.includes(path), paths.join(' '));
    }
    assert.deepEqual(
      objects.filter(([, object]) => !Object.isFrozen(object)).map(([path]) => path),
      [],
    );
    assert.equal(Reflect.set(envelopeAddress(sender).mailbox ?? {}, 'local', 'boss'), false);
  });
});
