import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { parseSince } from '../../plugins/command/event-filter.ts';
import {
  completed,
  eventSchema,
  type EventDraft,
  type GatekeeperEvent,
} from '../../plugins/core/events/event.ts';
import { commandEnvironment, gatekeeper, gatekeeperProgram, startGatekeeper } from '../support/command.ts';
import { breakEvents, keepEvents } from '../support/events.ts';
import { eventually } from '../support/gateway.ts';
import { startSite, type Site } from '../support/instance.ts';

/** The nth event, a minute after the one before. */
function event(minute: number, more: Partial<GatekeeperEvent>): GatekeeperEvent {
  const draft = {
    v: 1,
    time: new Date(Date.UTC(2026, 10, 24, 9, minute)).toISOString(),
    node: 'gw1',
    reference: `UUID-${minute}.1 ${more.check ?? 'tls/required'}`,
    connection: `UUID-${minute}`,
    ...{ check: 'tls/required', verdict: 'pass', mode: 'enforce' },
    ...{ client: '192.0.2.7', port: 587, role: 'submission', revision: '20f89f7da757', latency_ms: 1 },
    ...more,
  } as EventDraft;
  return eventSchema.parse(completed(draft));
}

const alice = { identity: 'alice@corp.example', identity_id: 'uid=alice,dc=corp' };

const events: readonly GatekeeperEvent[] = [
  event(0, { check: 'auth/login', login: 'alice@corp.example', ...alice }),
  event(1, {
    ...{ check: 'auth/login', verdict: 'refuse', reason: 'bad-credentials', detail: 'wrong-password' },
    ...{
      login: 'bob@corp.example',
      client: '2001:db8::7',
      reply: '535 5.7.8 Authentication credentials invalid',
    },
  }),
  event(2, {
    ...{
      check: 'sender/envelope',
      verdict: 'refuse',
      reason: 'sender-not-owned',
      detail: 'bob@corp.example',
    },
    ...{ ...alice, reply: '553 5.7.1 Sender address is not yours to use' },
  }),
  event(3, {
    ...{ check: 'sender/header', verdict: 'refuse', reason: 'header-not-owned', mode: 'observe' },
    ...{ ...alice, would_refuse: true, detail: 'bob@corp.example' },
  }),
  event(4, {
    ...{
      check: 'auth/login',
      verdict: 'defer',
      reason: 'directory-unavailable',
      detail: 'ldap1: ECONNREFUSED',
    },
    ...{ login: 'carol', reply: '454 4.7.0 Temporary authentication failure' },
  }),
  event(5, { check: 'sender/envelope', verdict: 'skip', detail: 'null reverse-path' }),
];

const filters = [
  { args: [], minutes: [0, 1, 2, 3, 4, 5] },
  { args: ['--refused'], minutes: [1, 2, 4] },
  { args: ['--verdict', 'refuse'], minutes: [1, 2, 3] },
  { args: ['--verdict', 'skip'], minutes: [5] },
  { args: ['--check', 'auth/login'], minutes: [0, 1, 4] },
  { args: ['--reason', 'sender-not-owned'], minutes: [2] },
  { args: ['--identity', 'ALICE@corp.example'], minutes: [0, 2, 3] },
  { args: ['--identity', 'uid=alice,dc=corp'], minutes: [0, 2, 3] },
  { args: ['--login', 'Bob@corp.example'], minutes: [1] },
  { args: ['--client', '2001:db8::7'], minutes: [1] },
  { args: ['--reference', 'UUID-3.1'], minutes: [3] },
  { args: ['--since', '2026-11-24T09:03:00Z'], minutes: [3, 4, 5] },
  { args: ['-n', '2'], minutes: [4, 5] },
  { args: ['--lines', '1', '--refused'], minutes: [4] },
  { args: ['--identity', 'alice@corp.example', '--verdict', 'refuse', '-n', '1'], minutes: [3] },
  { args: ['--client', '192.0.2.8'], minutes: [] },
  { args: ['--since', '0s'], minutes: [] },
];

void describe('gatekeeper events', { concurrency: 2 }, () => {
  let site: Site;
  before(async () => {
    site = await startSite();
    await keepEvents(site.dir, events);
  });
  after(() => site.stop());

  const run = (...args: string[]) => gatekeeper(['events', ...args], { haraka: site.dir });

  for (const { args, minutes } of filters) {
    void it(`${args.join(' ') || 'all'}: ${minutes.join(' ') || 'nothing, exit 1'}`, async () => {
      const { code, out, err } = await run('--json', ...args);
      const shown = out.split('\n').filter(Boolean);
      assert.deepEqual(
        shown.map((line) => JSON.parse(line) as unknown),
        events.filter((_, minute) => minutes.includes(minute)),
      );
      assert.deepEqual([code, err], [minutes.length > 0 ? 0 : 1, '']);
    });
  }

  void it('shows people one event a line', async () => {
    const { out } = await run();
    assert.deepEqual(out.split('\n'), [
      '2026-11-24T09:00:00.000Z  pass          auth/login        -                       alice@corp.example            192.0.2.7',
      '2026-11-24T09:01:00.000Z  refuse        auth/login        bad-credentials         (bob@corp.example)            2001:db8::7      wrong-password; 535 5.7.8 Authentication credentials invalid',
      '2026-11-24T09:02:00.000Z  refuse        sender/envelope   sender-not-owned        alice@corp.example            192.0.2.7        bob@corp.example; 553 5.7.1 Sender address is not yours to use',
      '2026-11-24T09:03:00.000Z  would refuse  sender/header     header-not-owned        alice@corp.example            192.0.2.7        bob@corp.example',
      '2026-11-24T09:04:00.000Z  defer         auth/login        directory-unavailable   (carol)                       192.0.2.7        ldap1: ECONNREFUSED; 454 4.7.0 Temporary authentication failure',
      '2026-11-24T09:05:00.000Z  skip          sender/envelope   -                       -                             192.0.2.7        null reverse-path',
      '',
    ]);
  });

  for (const args of [
    ['--since', 'yesterday'],
    ['--since', '24.11.2026'],
    ['-n', '0'],
    ['-n', 'x'],
    ['--verdict', 'no'],
  ]) {
    void it(`cannot mean ${args.join(' ')}`, async () => {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out], [64, '']);
      assert.match(err, /^error: option '.*' argument '.*' is invalid\./);
    });
  }
});

void describe('what events hold', () => {
  const dangerous = 'x\u001b[2J\u0007\u009b31m\u202e\u2028y\r\n"z';

  void it('never reaches a terminal raw', async () => {
    const site = await startSite();
    const hostile = {
      ...event(0, { verdict: 'refuse', login: dangerous, detail: dangerous }),
      check: dangerous,
    };
    const later = { ...hostile, later: dangerous };
    await keepEvents(site.dir, [later]);
    const [people, json] = await Promise.all([
      gatekeeper(['events'], { haraka: site.dir }),
      gatekeeper(['events', '--json'], { haraka: site.dir }),
    ]);
    await site.stop();
    for (const { out } of [people, json])
      assert.doesNotMatch(out.trimEnd(), /[\0-\x1f\x7f-\x9f\u2028\u202e]/);
    assert.match(people.out, /x\\u001b\[2J\\u0007\\u009b31m\\u202e\\u2028y\\u000d\\u000a"z/);
    assert.deepEqual(JSON.parse(json.out), completed(later));
  });
});

void describe('a time or span for --since', () => {
  const now = new Date('2026-11-24T12:00:00Z');
  for (const [text, is] of [
    ['90s', '2026-11-24T11:58:30.000Z'],
    ['10m', '2026-11-24T11:50:00.000Z'],
    ['2h', '2026-11-24T10:00:00.000Z'],
    ['3d', '2026-11-21T12:00:00.000Z'],
    ['2026-11-24', '2026-11-24T00:00:00.000Z'],
    ['2026-11-24T09:30:00+01:00', '2026-11-24T08:30:00.000Z'],
  ] as const) {
    void it(`${text} is ${is}`, () => {
      assert.equal(parseSince(text, now).toISOString(), is);
    });
  }
});

void describe('gatekeeper events without events', () => {
  let site: Site;
  before(async () => {
    site = await startSite();
  });
  after(() => site.stop());

  void it('says with 1 that there are none yet', async () => {
    const { code, out, err } = await gatekeeper(['events'], { haraka: site.dir });
    assert.deepEqual(
      [code, out, err],
      [1, '', `gatekeeper: no events yet: ${site.dir}/var/gatekeeper has none\n`],
    );
  });

  void it('says with 69 that they cannot be read', async () => {
    await keepEvents(site.dir, []);
    breakEvents(site.dir);
    const { code, out } = await gatekeeper(['events', '--json'], { haraka: site.dir });
    assert.equal(code, 69);
    assert.match(
      (JSON.parse(out) as { error: string }).error,
      /^the events cannot be read: .*not a database/,
    );
  });
});

void describe('gatekeeper events --follow', () => {
  void it('shows the last ten, then what comes, until it is ended', async () => {
    const site = await startSite();
    const append = (from: number, to: number) =>
      keepEvents(
        site.dir,
        Array.from({ length: to - from }, (_, index) => event(from + index, {})),
      );
    await append(0, 15);
    const child = startGatekeeper(['events', '--follow', '--json'], { haraka: site.dir });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    const ended = new Promise((settle) => child.once('exit', (_code, signal) => settle(signal)));
    const shown = () =>
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as GatekeeperEvent).connection);
    try {
      await eventually('the last ten', () => shown().length === 10, 15_000);
      await append(15, 17);
      await eventually('two more', () => shown().length === 12, 15_000);
      await append(17, 20);
      await eventually('three more', () => shown().length === 15, 15_000);
    } finally {
      child.kill('SIGTERM');
      assert.equal(await ended, 'SIGTERM');
      await site.stop();
    }
    assert.deepEqual(
      shown(),
      Array.from({ length: 15 }, (_, index) => `UUID-${index + 5}`),
    );
  });
});

void describe('gatekeeper events where there are many', () => {
  let site: Site;
  const count = 40_000;
  before(async () => {
    site = await startSite();
    const many = Array.from({ length: 4000 }, () => event(0, { detail: 'x'.repeat(3000) }));
    for (let kept = 0; kept < count; kept += many.length) await keepEvents(site.dir, many);
  });
  after(() => site.stop());

  const shell = (pipeline: string, env: NodeJS.ProcessEnv = {}) =>
    execFileSync('bash', ['-c', `set -o pipefail; ${pipeline}`], {
      env: commandEnvironment({ haraka: site.dir, env }),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  void it('keeps none in memory, however slow its reader is', () => {
    const measure = `process.on('exit', () => process.stderr.write('kB=' + process.resourceUsage().maxRSS + '\\n'))`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(measure)}` };
    const slow = `{ read -r first; sleep 2; cat; } | wc -l`;
    const out = shell(`{ '${gatekeeperProgram}' events --json | ${slow}; } 2>&1`, env);
    assert.equal(Number(/^ *(\d+)$/m.exec(out)?.[1]), count - 1, out);
    assert.ok(Number(/kB=(\d+)/.exec(out)?.[1]) < 280_000, out);
  });

  void it('ends in peace when its reader has seen enough', () => {
    assert.match(
      shell(`'${gatekeeperProgram}' events | head -1`),
      /^2026-11-24T09:00:00\.000Z {2}pass[^\n]*\n$/,
    );
  });
});
