import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';
import { withheldEvent as event } from './withheld-event.ts';

const impersonation = 'sender/impersonation';
const ours = {
  reason: 'spf-fail',
  sender: 'crm@corp.example',
  detail: 'x@corp.example: SPF fail of corp.example (-all)',
} as const;
const others = {
  reason: 'spf-fail',
  sender: 'x@b.example',
  detail: 'x@b.example: SPF fail of b.example (-all)',
} as const;
const alice = {
  identity: 'alice@corp.example',
  identity_id: 'uid=alice,dc=corp',
  port: 587,
  role: 'submission',
} as const;

const login =
  'this system sends as corp.example without AUTH: give it a login, or list its address under partners';

let site: Site;
before(async () => {
  site = await startSite({ settings: { protected_domains: ['corp.example'] } });
});
after(() => site.stop());

async function run(events: readonly unknown[], ...args: string[]) {
  const lines = events.map((each) => `${JSON.stringify(each)}\n`);
  const half = Math.floor(lines.length / 2);
  writeFileSync(join(site.dir, 'events.jsonl.1'), lines.slice(0, half).join(''));
  writeFileSync(join(site.dir, 'events.jsonl'), ['{"v":1,"ti\n', ...lines.slice(half)].join(''));
  return gatekeeper(['report', ...args], { haraka: site.dir });
}

interface Report {
  readonly would_have_been_refused: readonly Record<string, unknown>[];
  readonly more?: object;
}

void describe('gatekeeper report', () => {
  const many = [
    event(1, impersonation, ours),
    event(2, impersonation, { verdict: 'pass' }),
    event(3, 'sender/spf', { ...others, client: '192.0.2.9' }),
    event(4, impersonation, { ...ours, client: '203.0.113.99' }),
    event(5, impersonation, { ...ours, client: '2001:db8::1' }),
    event(6, impersonation, { ...ours, client: '2001:db8::2' }),
    event(7, impersonation, { ...ours, client: '2001:db8::2' }),
    { ...event(8, impersonation, ours), mode: 'enforce', would_refuse: undefined },
    event(9, 'sender/envelope', { ...alice, reason: 'sender-not-owned', detail: 'bob@corp.example' }),
    event(10, 'sender/envelope', {
      ...alice,
      client: '192.0.2.1',
      reason: 'sender-not-owned',
      detail: 'bob@corp.example',
    }),
  ];

  void it('counts by check, reason, domain and network, or account, the most first', async () => {
    const { code, out } = await run(many);
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n').slice(0, 14), [
      'Would have been refused',
      '',
      `3 times: spf-fail, by ${impersonation}`,
      '  what     corp.example from 2001:db8::/64',
      '  when     2026-11-24T09:05:00.000Z to 2026-11-24T09:07:00.000Z',
      `  example  UUID-7.1 ${impersonation}: x@corp.example: SPF fail of corp.example (-all)`,
      `  fix      ${login}`,
      '',
      `2 times: spf-fail, by ${impersonation}`,
      '  what     corp.example from 203.0.113.0/24',
      '  when     2026-11-24T09:01:00.000Z to 2026-11-24T09:04:00.000Z',
      `  example  UUID-4.1 ${impersonation}: x@corp.example: SPF fail of corp.example (-all)`,
      `  fix      ${login}`,
      '',
    ]);
    const heads = out.split('\n').filter((line) => /^\d+ times?:/.test(line));
    assert.deepEqual(heads.slice(2), [
      '2 times: sender-not-owned, by sender/envelope',
      '1 time: spf-fail, by sender/spf',
    ]);
  });

  void it('gives one JSON document', async () => {
    const { out } = await run(many, '--json', '-n', '1');
    assert.deepEqual(JSON.parse(out) as Report, {
      would_have_been_refused: [
        {
          check: impersonation,
          reason: 'spf-fail',
          domain: 'corp.example',
          count: 3,
          first: '2026-11-24T09:05:00.000Z',
          last: '2026-11-24T09:07:00.000Z',
          reference: `UUID-7.1 ${impersonation}`,
          client: '2001:db8::2',
          detail: 'x@corp.example: SPF fail of corp.example (-all)',
          network: '2001:db8::/64',
          fix: login,
        },
      ],
      more: { entries: 3, events: 5 },
    });
  });

  void it('shows the first of many, and counts the others', async () => {
    const events = Array.from({ length: 30 }, (_, index) =>
      event(index, 'sender/spf', { ...others, client: `192.0.${index}.1` }),
    );
    const { out } = await run(events);
    assert.equal(out.match(/^1 time: /gm)?.length, 20);
    assert.match(out, /^and 10 events of other entries: -n shows more$/m);
    assert.equal((await run(events, '-n', '30')).out.match(/^1 time: /gm)?.length, 30);
  });

  for (const [args, count] of [
    [['--since', '2026-11-24T09:07:00Z'], 2],
    [['--check', 'sender/spf'], 1],
    [['--reason', 'sender-not-owned'], 1],
    [['--identity', 'alice@corp.example'], 1],
    [['--client', '192.0.2.9'], 1],
    [['--client', '192.0.2.250'], 0],
    [['--since', '0s'], 0],
  ] as const) {
    void it(`chooses with ${args.join(' ')}`, async () => {
      const { code, out } = await run(many, '--json', ...args);
      assert.equal((JSON.parse(out) as Report).would_have_been_refused.length, count);
      assert.equal(code, count > 0 ? 0 : 1);
    });
  }

  void it('says that there is nothing', async () => {
    const { code, out } = await run([event(1, impersonation, { verdict: 'pass' })]);
    assert.deepEqual([code, out], [1, 'nothing would have been refused\n']);
  });

  void it('never prints raw what an event holds', async () => {
    const bad = 'x\u001b[2J\u202e';
    const { out } = await run([
      { ...event(1, bad, { detail: bad }), reason: 'constructor', sender: `a@${bad}` },
    ]);
    assert.doesNotMatch(out.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f\u202e]/);
    assert.match(out, /^ {2}fix {6}what to do stands in docs\/refusals\.md, under constructor$/m);
  });

  for (const args of [['-n', '0'], ['--since', 'yesterday'], ['--reason', 'no'], ['--follow']]) {
    void it(`cannot mean ${args.join(' ')}`, async () => {
      assert.equal((await run(many, ...args)).code, 64);
    });
  }
});

void describe('gatekeeper report without events', () => {
  void it('says with 1 that there are none yet, with 69 that they cannot be read', async () => {
    const other = await startSite();
    const none = await gatekeeper(['report'], { haraka: other.dir });
    mkdirSync(join(other.dir, 'events.jsonl'));
    const unreadable = await gatekeeper(['report'], { haraka: other.dir });
    await other.stop();
    assert.deepEqual([none.code, unreadable.code], [1, 69]);
    assert.match(none.err, /^gatekeeper: no events yet: .*events\.jsonl does not exist$/m);
    assert.match(unreadable.err, /^gatekeeper: the events cannot be read: EISDIR/);
  });
});
