import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { LogCounter } from '../../../scripts/benchmarks/log-counter.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-log-'));
after(() => {
  rmSync(folder, { recursive: true });
});

void describe('messages in a log', () => {
  void it('are counted as it grows, each once, also when it is read in the midst of a line', () => {
    const log = join(folder, 'growing');
    appendFileSync(log, 'one is sent\nnothing\none is se');
    const counter = new LogCounter(log, 'is sent');
    assert.equal(counter.count(), 1);
    appendFileSync(log, 'nt\nis sent, is sent\n');
    assert.equal(counter.count(), 4);
    assert.equal(counter.count(), 4);
  });

  void it('are waited for', async () => {
    const log = join(folder, 'late');
    appendFileSync(log, 'sent\n');
    const waiting = new LogCounter(log, 'sent').reaches(2);
    setImmediate(() => {
      appendFileSync(log, 'sent\n');
    });
    await waiting;
  });

  void it('may not be more than were sent', async () => {
    const log = join(folder, 'more');
    appendFileSync(log, 'sent\nsent\n');
    await assert.rejects(new LogCounter(log, 'sent').reaches(1), /2 messages, 1 were sent/);
  });
});
