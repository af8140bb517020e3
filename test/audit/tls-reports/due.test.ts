import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { delayOf, reportedDay } from '../../../plugins/audit/tls-reports/due.ts';
import { noteProgress, progressOf } from '../../../plugins/audit/tls-reports/state.ts';

const minute = 60_000;
const day = Date.parse('2026-11-24T00:00:00Z');
const next = Date.parse('2026-11-25T00:00:00Z');

void describe('reports on the TLS of a day are due', () => {
  const delay = delayOf('gw1', day);

  void it('when the day is over, after a time of the host', () => {
    assert.equal(reportedDay('gw1', next), undefined);
    assert.equal(reportedDay('gw1', next + delay - 1), undefined);
    assert.equal(reportedDay('gw1', next + delay), day);
    assert.equal(reportedDay('gw1', next + 24 * 60 * minute - 1), day);
  });

  void it('after what is still being written of it, and within four hours, on each host and day at another time', () => {
    const delays = Array.from({ length: 500 }, (_, index) =>
      delayOf(`gw${index % 20}`, day + index * 86_400_000),
    );
    assert.equal(new Set(delays).size, delays.length);
    assert.ok(Math.min(...delays) >= 15 * minute && Math.max(...delays) < 240 * minute);
    assert.ok(Math.min(...delays) < 40 * minute && Math.max(...delays) > 215 * minute);
  });
});

void describe('how far the reports of a day are', () => {
  let data: string;
  before(() => (data = mkdtempSync(join(tmpdir(), 'tls-reports-'))));
  after(() => rmSync(data, { recursive: true }));
  const beginning = { day, upTo: '', isOver: false, left: [], again: 0 };

  void it('is the beginning, where nothing is known, or of another day, or something else stands there', async () => {
    assert.deepEqual(progressOf(data, day), beginning);
    await noteProgress(data, { ...beginning, day: next, upTo: 'b.example' });
    assert.deepEqual(progressOf(data, day), beginning);
    writeFileSync(join(data, 'tls-reports.json'), '{"v":1,');
    assert.deepEqual(progressOf(data, day), beginning);
  });

  void it('is remembered', async () => {
    const state = { day, upTo: 'b.example', isOver: true, left: ['a.example'], again: next };
    await noteProgress(join(data, 'made'), state);
    await noteProgress(data, { ...state, upTo: 'a.example' });
    await noteProgress(data, state);
    const { v: _, ...known } = { v: 1, ...progressOf(data, day) };
    assert.deepEqual(known, state);
    assert.equal(readFileSync(join(data, 'tls-reports.json'), 'utf8').split('\n').length, 2);
  });
});
