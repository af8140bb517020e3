import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dueDay } from '../../../plugins/audit/digest/due.ts';
import { daySent, noteSent } from '../../../plugins/audit/digest/state.ts';
import { digestText, unlinked } from '../../../plugins/audit/digest/text.ts';
import { hostileText, sampleReport } from '../../support/report.ts';

const at = '07:00';

/** In local time, as the settings mean it. */
const times: readonly { it: string; now: Date; sent?: string; is: string | undefined }[] = [
  { it: 'not before its time', now: new Date(2026, 2, 9, 6, 59), sent: '2026-03-08', is: undefined },
  { it: 'from its time on', now: new Date(2026, 2, 9, 7, 0), sent: '2026-03-08', is: '2026-03-09' },
  { it: 'late, after a pause', now: new Date(2026, 2, 9, 23, 59), sent: '2026-03-01', is: '2026-03-09' },
  { it: 'once a day', now: new Date(2026, 2, 9, 18, 0), sent: '2026-03-09', is: undefined },
  { it: 'the first time, at once', now: new Date(2026, 2, 9, 18, 0), is: '2026-03-09' },
  {
    it: 'on the next day only at its time',
    now: new Date(2026, 2, 10, 0, 1),
    sent: '2026-03-09',
    is: undefined,
  },
  {
    it: 'again after a clock that was ahead',
    now: new Date(2026, 2, 9, 8, 0),
    sent: '2099-01-01',
    is: '2026-03-09',
  },
];

void describe('a digest is due', () => {
  for (const { it: name, now, sent, is } of times)
    void it(name, () => assert.equal(dueDay({ at }, sent, now), is));
});

void describe('the day of the last digest', () => {
  let data: string;
  before(() => (data = mkdtempSync(join(tmpdir(), 'digest-'))));
  after(() => rmSync(data, { recursive: true }));

  void it('is remembered, and unknown where the file says something else', async () => {
    assert.equal(daySent(data), undefined);
    await noteSent(join(data, 'made'), '2026-03-08');
    await noteSent(data, '2026-03-08');
    await noteSent(data, '2026-03-09');
    assert.equal(daySent(data), '2026-03-09');
    writeFileSync(join(data, 'digest.json'), '');
    assert.equal(daySent(data), undefined);
  });
});

void describe('the text of a digest', () => {
  void it('says in its subject how many findings there are', () => {
    const report = sampleReport(Date.UTC(2026, 2, 9));
    assert.equal(digestText(report, 'gw').subject, 'gw: 5 findings in 24 hours');
    const quiet = { ...report, sections: report.sections.slice(0, 1) };
    assert.equal(digestText(quiet, 'gw').subject, 'gw: no findings in 24 hours');
  });

  void it('has nothing that a mail program would make a link of, and no line that is too long', () => {
    const hostile = `${hostileText} https://evil.example/x mailto:a@b.example \\\\evil\\x ${'é.example'.repeat(200)}`;
    const { text } = digestText(sampleReport(Date.UTC(2026, 2, 9), hostile), 'gw');
    const all = text.join('\n');
    assert.match(all, /https\[:\]\/\/evil\[\.\]example/);
    assert.doesNotMatch(all, /:\/\/|\.\p{L}|\\\\|mailto:|\u202e/u);
    for (const line of text) assert.ok(Buffer.byteLength(line) <= 998);
  });

  void it('leaves what is no name as it is', () => {
    const plain = 'From 192.0.2.0/24 and 2001:db8::/32 at 07:00: 1.5 MB. Nothing else.';
    assert.equal(unlinked(plain), plain);
  });
});
