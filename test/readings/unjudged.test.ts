import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { readReport } from '../../plugins/core/readings/read-report.ts';
import type { Finding } from '../../plugins/core/readings/report.ts';
import { MemoryEvents } from '../support/memory-events.ts';
import { failed, refused } from './events.ts';

const monday = Date.UTC(2026, 10, 16);
const alice = 'alice@corp.example';
const bob = 'bob@corp.example';
const down = 'directories.main: ldaps://ldap.corp.example: no connection: ECONNREFUSED';

/** A login that nobody could check. */
function unjudged(at: number, reason: string, login: string, detail = down): GatekeeperEvent {
  const verdict = { verdict: 'defer', reply: '454 4.7.0 Temporary authentication failure' } as const;
  return refused(at, 'auth/login', reason, { client: '192.0.2.7', login, detail, ...verdict });
}

async function findingsOf(events: readonly GatekeeperEvent[]): Promise<readonly Finding[]> {
  const store = new MemoryEvents();
  store.append(events);
  const until = new Date(monday + 7 * dayMs);
  const { sections } = await readReport(store.tallies, { since: new Date(monday), until, now: until });
  return sections.flatMap(({ findings }) => findings);
}

void describe('logins that could not be judged', () => {
  void it('are told of once for each cause: how many, of whom, since when, and what the server did', async () => {
    const [finding, ...others] = await findingsOf([
      unjudged(monday + 60_000, 'directory-unavailable', alice),
      unjudged(monday + hourMs, 'directory-unavailable', 'Alice@Corp.example', 'an older cause'),
      unjudged(monday + dayMs, 'directory-unavailable', bob),
    ]);
    assert.deepEqual(others, []);
    assert.deepEqual(finding, {
      reading: 'not judged',
      subject: 'directory-unavailable',
      says: `3 logins of 2 accounts could not be judged, right or wrong: ${down}`,
      evidence: [
        '3 times, 2026-11-16 00:01 UTC to 2026-11-17 00:00 UTC',
        `accounts: ${alice}, ${bob}`,
        'before: an older cause',
        finding?.evidence.at(-1),
      ],
      remedy: 'Mend what is named there: docs/refusals.md#directory-unavailable says what each cause means.',
      ...{ count: 3, first: monday + 60_000, last: monday + dayMs },
    });
    assert.match(finding.evidence.at(-1) ?? '', /^the last one: \S+ auth\/login$/);
  });

  for (const reason of [
    'directory-unavailable',
    'account-unconfirmed',
    'certificate-unjudged',
    'issuer-unavailable',
    'own-fault',
  ]) {
    void it(`as ${reason} have a section of docs/refusals.md that says what to do`, async () => {
      const [finding] = await findingsOf([unjudged(monday, reason, alice, 'a cause')]);
      assert.equal(finding?.subject, reason);
      assert.match(finding.remedy, new RegExp(`docs/refusals\\.md#${reason} `));
      const docs = readFileSync(new URL('../../docs/refusals.md', import.meta.url), 'utf8');
      assert.ok(docs.includes(`\n### ${reason}\n`));
    });
  }

  void it('stand before who is guessed at, however often that was', async () => {
    const guesses = Array.from({ length: 40 }, (_, index) =>
      failed(monday + index * 1000, alice, '11.0.0.1', `guess ${index}`),
    );
    const readings = (await findingsOf([...guesses, unjudged(monday, 'own-fault', bob)])).map(
      ({ reading }) => reading,
    );
    assert.deepEqual(readings, ['not judged', 'guessing']);
  });

  void it('are not those that were put off for what their client did, nor mail that was', async () => {
    const asked = [
      unjudged(monday, 'login-throttled', alice),
      unjudged(monday, 'account-suspended', alice),
      unjudged(monday, 'too-many-failures', alice),
      refused(monday, 'sender/spf', 'own-fault', { verdict: 'defer', client: '192.0.2.7' }),
    ];
    assert.deepEqual(
      (await findingsOf(asked)).filter(({ reading }) => reading === 'not judged'),
      [],
    );
  });
});
