import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dayMs, hourMs } from '../../plugins/core/events/tallies.ts';
import { drop, foldersIn, hold, release } from '../../plugins/core/provenance/held.ts';
import { readReport } from '../../plugins/core/readings/read-report.ts';
import type { Finding } from '../../plugins/core/readings/report.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { heldNow, type HeldNow } from '../../plugins/core/trail/held-now.ts';
import { MemoryEvents } from '../support/memory-events.ts';
import { refused } from './events.ts';

const monday = Date.UTC(2026, 10, 16);
const until = new Date(monday + dayMs);

/** What a gateway has recorded of mail that it held, or would have, or could not, or dropped. */
const recorded = [
  { reason: 'no-record', sender: 'news@corp.example' },
  { reason: 'no-record', sender: 'boss@corp.example' },
  { reason: 'other-sender', sender: 'x@other.example', mode: 'observe', would_refuse: true },
  { reason: 'account-dropped', sender: 'alice@corp.example' },
  { reason: 'disk-full', sender: 'alice@corp.example', verdict: 'defer' },
] as const;

async function findingsOf(held?: readonly HeldNow[]): Promise<readonly Finding[]> {
  const store = new MemoryEvents();
  store.append(
    recorded.map(({ reason, ...more }, index) =>
      refused(monday + index * hourMs, 'outbound/provenance', reason, { detail: 'why', ...more }),
    ),
  );
  const { sections } = await readReport(store.tallies, {
    ...{ since: new Date(monday), until, now: until },
    ...(held && { held }),
  });
  return sections.find(({ name }) => name === 'flow')?.findings ?? [];
}

const what =
  'gatekeeper held list shows what is held. Look at each, then release or drop it: docs/refusals.md#held-mail says what the reason means.';

void describe('mail that is held', () => {
  void it('is told of for as long as it is held, by reason, however long ago that began', async () => {
    const long = monday - 20 * dayMs;
    assert.deepEqual(
      await findingsOf([
        { reason: 'no-record', sender: 'news@corp.example', since: long },
        { reason: 'account-suspended', sender: '', since: monday },
        { reason: 'no-record', sender: 'news@corp.example', since: monday },
      ]),
      [
        {
          reading: 'held mail',
          subject: 'no-record',
          says: '2 messages are held since 2026-10-27 00:00 UTC: neither sent nor bounced.',
          evidence: [
            'held: 2026-10-27 00:00 UTC to 2026-11-16 00:00 UTC',
            'senders that they claim: news@corp.example',
          ],
          remedy: what,
          ...{ count: 2, first: long, last: monday },
        },
        {
          reading: 'held mail',
          subject: 'account-suspended',
          says: '1 message is held since 2026-11-16 00:00 UTC: neither sent nor bounced.',
          evidence: ['held: 2026-11-16 00:00 UTC', 'senders that they claim: <>'],
          remedy: what,
          ...{ count: 1, first: monday, last: monday },
        },
      ],
    );
  });

  void it('is not told of when it is released or dropped, whatever events say', async () => {
    assert.deepEqual(await findingsOf([]), []);
  });

  void it('is told of by events alone where it may lie on another host', async () => {
    assert.deepEqual(await findingsOf(), [
      {
        reading: 'held mail',
        subject: 'no-record',
        says: '2 messages were held since 2026-11-16 00:00 UTC, neither sent nor bounced; some may have been released or dropped by now.',
        evidence: [
          'held: 2026-11-16 00:00 UTC to 2026-11-16 01:00 UTC',
          'senders that they claim: of corp.example',
        ],
        remedy: `On each host: ${what}`,
        ...{ count: 2, first: monday, last: monday + hourMs },
      },
    ]);
  });
});

void describe('what is held now', () => {
  let dir: string;
  before(() => (dir = mkdtempSync(join(tmpdir(), 'held-'))));
  after(() => {
    rmSync(dir, { recursive: true });
  });
  const settings = (audit: object) =>
    parseSettings(JSON.stringify({ roles: ['mx'], data_directory: 'data', audit }), 'gatekeeper.yaml').policy;
  const look = (audit: object = {}) => heldNow({ policy: settings(audit), harakaDirectory: dir });

  void it('is what lies in the folder, until it is released or dropped', async () => {
    const folders = foldersIn(join(dir, 'data'));
    const since = new Date(monday).toISOString();
    const names = await Promise.all(
      ['one', 'two'].map(async (text) => {
        writeFileSync(join(dir, text), text);
        return (await hold(folders, join(dir, text), { reason: 'unreadable-file', detail: '', since })) ?? '';
      }),
    );
    const one = { reason: 'unreadable-file', sender: '', since: monday };
    assert.deepEqual(await look(), [one, one]);
    await release(folders, names[0] ?? '');
    assert.deepEqual(await look(), [one]);
    await drop(folders, names[1] ?? '');
    assert.deepEqual(await look(), []);
  });

  void it('is not known where several hosts share their events, or the folder cannot be read', async () => {
    const postgresql = { host: 'db.corp.example', database: 'mail', user: 'gatekeeper' };
    assert.equal(await look({ store: 'postgresql', postgresql }), undefined);
    rmSync(join(dir, 'data'), { recursive: true });
    writeFileSync(join(dir, 'data'), 'no folder');
    assert.equal(await look(), undefined);
  });
});
