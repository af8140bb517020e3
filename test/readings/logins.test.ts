import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { readReport } from '../../plugins/core/readings/read-report.ts';
import { thresholds } from '../../plugins/core/readings/thresholds.ts';
import { MemoryEvents } from '../support/memory-events.ts';
import { failed, loggedIn } from './events.ts';

const monday = Date.UTC(2026, 10, 16);
const alice = 'alice@corp.example';
const minuteMs = 60_000;

function tries(count: number, make: (index: number) => GatekeeperEvent): GatekeeperEvent[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const cases: readonly {
  readonly it: string;
  readonly events: readonly GatekeeperEvent[];
  readonly reads: readonly string[];
}[] = [
  {
    it: 'a printer that tries each hour, day and night',
    events: tries(24, (hour) => failed(monday + hour * hourMs, alice, '192.0.2.7', 'old')),
    reads: [`stale device ${alice}`],
  },
  {
    it: 'a printer that is put off since it tries too often',
    events: tries(200, (index) =>
      failed(monday + index * 10 * minuteMs, alice, '192.0.2.7', index % 5 ? undefined : 'old'),
    ),
    reads: [`stale device ${alice}`],
  },
  {
    it: 'a telephone that lags for an hour',
    events: tries(60, (index) => failed(monday + index * minuteMs, alice, '192.0.2.7', 'old')),
    reads: [],
  },
  {
    it: 'fourteen passwords from a strange place: no more than a person may try',
    events: tries(14, (index) => failed(monday + index * minuteMs, alice, '192.0.2.7', `guess ${index}`)),
    reads: [],
  },
  {
    it: 'twenty passwords from a strange place',
    events: tries(20, (index) => failed(monday + index * minuteMs, alice, '192.0.2.7', `guess ${index}`)),
    reads: [`guessing ${alice}`],
  },
  {
    it: 'twenty passwords from home, and then the right one',
    events: [
      ...tries(20, (index) => failed(monday + index * minuteMs, alice, '192.0.2.7', `guess ${index}`)),
      loggedIn(monday + hourMs, alice, '192.0.2.9', 'alice'),
    ],
    reads: [],
  },
  {
    it: 'a hundred passwords from a hundred networks',
    events: tries(100, (index) =>
      failed(monday + index * minuteMs, alice, `11.0.${index}.1`, `guess ${index}`),
    ),
    reads: [`distributed ${alice}`],
  },
  {
    it: 'one password over twenty accounts, each from another network',
    events: tries(20, (index) =>
      failed(monday + index * hourMs, `user${index}`, `11.0.${index}.1`, 'Winter1'),
    ),
    reads: ['spraying 20 networks'],
  },
  {
    it: 'twenty accounts and passwords from one network, once each',
    events: tries(20, (index) =>
      failed(monday + index * minuteMs, `user${index}`, '11.0.0.1', `leaked ${index}`),
    ),
    reads: ['stuffing 11.0.0.0/24'],
  },
  {
    it: 'twenty accounts from an office where ten others log in',
    events: [
      ...tries(20, (index) => failed(monday + index * minuteMs, `user${index}`, '11.0.0.1', `typo ${index}`)),
      ...tries(10, (index) => loggedIn(monday + index * minuteMs, `other${index}`, '11.0.0.1')),
    ],
    reads: [],
  },
  {
    it: 'one password over forty accounts from an office where fifty others log in',
    events: [
      ...tries(50, (index) => loggedIn(monday + index * minuteMs, `other${index}`, '11.0.0.1')),
      ...tries(40, (index) => failed(monday + index * minuteMs, `user${index}`, '11.0.0.1', 'Winter1')),
    ],
    reads: ['spraying 11.0.0.0/24'],
  },
  {
    it: 'a spray of which most was not looked at any more',
    events: tries(60, (index) =>
      failed(monday + index * 1000, `user${index}`, '11.0.0.1', index < 20 ? 'Winter1' : undefined),
    ),
    reads: ['spraying 11.0.0.0/24'],
  },
  {
    it: 'a new printer in ten accounts, all with one password that was never right',
    events: tries(100, (index) =>
      failed(
        monday + Math.floor(index / 10) * 3 * hourMs,
        `scan${index % 10}@corp.example`,
        '192.0.2.7',
        'preset',
      ),
    ),
    reads: tries(10, (index) => failed(monday, `scan${index}@corp.example`, '')).map(
      ({ login }) => `stale device ${login ?? ''}`,
    ),
  },
  {
    it: 'a hundred passwords from where a colleague lives, of which most were not looked at',
    events: [
      loggedIn(monday, 'bob@corp.example', '11.0.3.1'),
      ...tries(800, (index) =>
        failed(monday + index * 10 * minuteMs, alice, '11.0.3.1', index % 8 ? undefined : `guess ${index}`),
      ),
    ],
    reads: [`guessing ${alice}`],
  },
];

void describe('failed logins', () => {
  for (const { it: title, events, reads } of cases) {
    void it(`${title}: ${reads.join(', ') || 'nothing'}`, async () => {
      const store = new MemoryEvents();
      store.append(events);
      const until = new Date(monday + 7 * dayMs);
      const { sections } = await readReport(store.tallies, { since: new Date(monday), until, now: until });
      const findings = sections.find(({ name }) => name === 'logins')?.findings ?? [];
      assert.deepEqual(
        findings.map(({ reading, subject }) => `${reading} ${subject}`),
        reads,
      );
    });
  }

  void it('of a device with an old password say what is known of the last one', async () => {
    const cause = 'account-locked';
    const store = new MemoryEvents();
    store.append(
      tries(24, (hour) => ({
        ...failed(monday + hour * hourMs, alice, '192.0.2.7', 'old'),
        ...(hour > 20 && { detail: `${cause} ${hour}` }),
      })),
    );
    const until = new Date(monday + 7 * dayMs);
    const { sections } = await readReport(store.tallies, { since: new Date(monday), until, now: until });
    const [finding] = sections.find(({ name }) => name === 'logins')?.findings ?? [];
    assert.match(finding?.evidence.at(-1) ?? '', /^the last one: \S+ auth\/login: account-locked 23$/);
  });
});

void describe('more tries than are read', () => {
  void it('are all counted, and it is said that not all were looked at', async () => {
    const memory = new MemoryEvents();
    memory.append(tries(9, (index) => failed(monday + index * minuteMs, alice, '192.0.2.7', `${index}`)));
    memory.append([failed(monday, 'bob@corp.example', '192.0.2.9', 'one')]);
    const { mostTallies } = thresholds;
    const report = await readReport(
      async (query) => {
        const rows = await memory.tallies(query);
        const isTries = query.topic === 'login' && query.isOverTime === true && query.most === mostTallies;
        // Those that are left are of alice alone, as if there were many.
        const [one] = rows.filter(({ keys }) => keys.includes(alice));
        return isTries && one ? Array.from({ length: mostTallies }, () => ({ ...one, count: 0 })) : rows;
      },
      { since: new Date(monday), until: new Date(monday + dayMs), now: new Date(monday + dayMs) },
    );
    const logins = report.sections.find(({ name }) => name === 'logins');
    const table = logins?.tables.find(({ name }) => name === 'accounts');
    assert.deepEqual(
      table?.rows.map(({ account, failures, networks }) => [account, failures, networks]),
      [
        [alice, 9, 1],
        ['bob@corp.example', 1, 0],
      ],
    );
    assert.match(table.about, /of 300,000 of them alone/);
  });
});
