import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loginHash } from '../../plugins/core/login-hash.ts';
import { kindOf, messageIn, queryFor } from '../../plugins/core/trail/query.ts';
import { StoryBuilder } from '../../plugins/core/trail/story.ts';
import { storyLines } from '../../plugins/command/trace-text.ts';

const connection = 'E374698C-63BD-4E79-A68D-A450EADF3FCD';
const id = `${connection}.1`;
const key = Buffer.alloc(32, 1);
const hash = loginHash(key, 'uid=alice');

const gate = {
  ...{
    time: '2026-11-24T09:30:00.000Z',
    check: 'outbound/gate',
    verdict: 'pass',
    reference: `${id} outbound/gate`,
  },
  ...{
    queue_id: id,
    message_id: '<1@corp.example>',
    sender: 'alice@corp.example',
    identity: 'Alice@corp.example',
  },
  ...{ identity_id: 'uid=alice', recipients: ['bob@one.example', 'carol@bücher.example'] },
};
const refusal = {
  ...{
    time: '2026-11-24T09:29:00.000Z',
    check: 'sender/header',
    verdict: 'refuse',
    reference: `${id} sender/header`,
  },
  ...{
    reason: 'header-not-owned',
    reply: '550 5.7.1 No',
    identity: 'Alice@corp.example',
    sender: 'alice@corp.example',
  },
};
const login = {
  check: 'auth/login',
  verdict: 'pass',
  reference: `${connection} auth/login`,
  identity: 'alice@corp.example',
};
const delivery = {
  ...{ time: '2026-11-24T09:30:01.000Z', check: 'outbound/delivery', verdict: 'pass', queue_id: `${id}.2` },
  ...{
    reference: `${id}.2 outbound/delivery`,
    outcome: 'delivered',
    recipients: ['bob@one.example'],
    sender: 'alice@corp.example',
  },
};
const bounce = {
  ...{
    check: 'outbound/provenance',
    verdict: 'pass',
    queue_id: '9B262BA5-2D56-4BDA-B65C-BE402D86E5B3.1',
    sender: '',
  },
  ...{ reference: '9B262BA5-2D56-4BDA-B65C-BE402D86E5B3.1 outbound/provenance', bounce_of: `${id}.2` },
};
const all = { gate, refusal, login, delivery, bounce };

const questions: readonly { what: string; kind: string; finds: readonly (keyof typeof all)[] }[] = [
  { what: '<1@corp.example>', kind: 'message-id', finds: ['gate'] },
  { what: '1@corp.example', kind: 'address', finds: ['gate'] },
  { what: `<${id}@gw.corp.example>`, kind: 'message-id', finds: ['gate', 'refusal', 'delivery'] },
  { what: '<>', kind: 'message-id', finds: [] },
  { what: id, kind: 'queue-id', finds: ['gate', 'refusal', 'delivery'] },
  { what: `${id}.7`, kind: 'queue-id', finds: ['gate', 'refusal', 'delivery'] },
  { what: connection.toLowerCase(), kind: 'queue-id', finds: ['gate', 'refusal', 'delivery'] },
  { what: `${connection}.2`, kind: 'queue-id', finds: [] },
  { what: 'E374698C-63BD-4E79-A68D-A450EADF3FC', kind: 'account', finds: [] },
  { what: 'BOB@one.example', kind: 'address', finds: ['gate', 'delivery'] },
  { what: 'carol@xn--bcher-kva.example', kind: 'address', finds: ['gate'] },
  { what: 'alice@corp.example', kind: 'address', finds: ['gate', 'delivery'] },
  { what: 'lice@corp.example', kind: 'address', finds: [] },
  { what: 'UID=alice', kind: 'account', finds: ['gate'] },
  { what: hash.toUpperCase(), kind: 'hash', finds: ['gate'] },
  { what: '0'.repeat(32), kind: 'hash', finds: [] },
];

void describe('gatekeeper trace', () => {
  for (const { what, kind, finds } of questions) {
    void it(`takes ${what} for a ${kind}, which ${finds.length > 0 ? `finds ${finds.join(', ')}` : 'finds nothing'}`, () => {
      assert.equal(kindOf(what), kind);
      const query = queryFor(what, (account) => loginHash(key, account));
      assert.deepEqual(
        Object.keys(all).filter((name) => query.matches(all[name as keyof typeof all])),
        finds,
      );
    });
  }

  void it('knows which message an event is about', () => {
    assert.deepEqual(Object.values(all).map(messageIn), [
      id,
      id,
      undefined,
      id,
      '9B262BA5-2D56-4BDA-B65C-BE402D86E5B3',
    ]);
  });

  void it('tells what a message that was refused was refused for', () => {
    const story = new StoryBuilder(id);
    story.add(refusal);
    assert.equal(story.isOver, true);
    assert.deepEqual(storyLines(story.build()), [
      `queue id  ${id}`,
      'accepted  -',
      'by        Alice@corp.example',
      'from      <alice@corp.example>',
      'refused   2026-11-24T09:29:00.000Z  sender/header: header-not-owned; 550 5.7.1 No',
    ]);
  });

  void it('keeps the last tries of a recipient, and shows fifty recipients', () => {
    const story = new StoryBuilder(id);
    const recipients = Array.from({ length: 60 }, (_, index) => `r${index}@one.example`);
    story.add({ ...gate, recipients });
    for (let tries = 1; tries <= 30; tries += 1)
      story.add({ ...delivery, outcome: 'deferred', recipients, tries });
    assert.equal(story.isOver, false);
    const [first] = story.build().recipients;
    assert.deepEqual(
      first?.endings.map(({ tries }) => tries),
      Array.from({ length: 20 }, (_, index) => index + 11),
    );
    const lines = storyLines(story.build());
    assert.equal(lines.filter((line) => line.startsWith('  r')).length, 50);
    assert.equal(lines.at(-1), '  and 10 more recipients: --json has them');
  });
});
