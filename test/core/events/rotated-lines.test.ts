import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RotatedLines } from '../../../plugins/core/events/rotated-lines.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-lines-'));
after(() => {
  rmSync(base, { recursive: true });
});

function newFile(): string {
  return join(mkdtempSync(join(base, 'case-')), 'events.jsonl');
}

async function presentLines(path: string, since?: Date): Promise<string[]> {
  const lines = new RotatedLines(path);
  const found: string[] = [];
  for await (const batch of lines.present(since)) found.push(...batch);
  await lines.close();
  return found;
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

void describe('the lines of rotated files', () => {
  void it('come from the oldest file to the newest, by number and not by name', async () => {
    const path = newFile();
    for (const [end, line] of [
      ['', 'newest'],
      ['.1', 'one'],
      ['.2', 'two'],
      ['.10', 'ten'],
      ['.lock', 'no event'],
      ['.2.gz', 'no event'],
      ['.0', 'no event'],
    ] as const) {
      writeFileSync(path + end, `${line}\n`);
    }
    assert.deepEqual(await presentLines(path), ['ten', 'two', 'one', 'newest']);
  });

  void it('are whole, wherever the pieces end that are read', async () => {
    const path = newFile();
    const lines = Array.from({ length: 3000 }, (_, index) =>
      `${index} žluťoučký 😀`.padEnd((index % 90) + 20, 'é'),
    );
    writeFileSync(path, text(lines));
    assert.deepEqual(await presentLines(path), lines);
  });

  void it('do not include one that has no end yet', async () => {
    const path = newFile();
    writeFileSync(path, 'whole\nhalf');
    assert.deepEqual(await presentLines(path), ['whole']);
  });

  void it('are none when there is no file, nor its folder', async () => {
    assert.deepEqual(await presentLines(newFile()), []);
    assert.deepEqual(await presentLines('/nowhere/events.jsonl'), []);
  });

  void it('leave out the files that were last written before a time', async () => {
    const path = newFile();
    writeFileSync(`${path}.1`, 'old\n');
    utimesSync(`${path}.1`, new Date('2026-01-01'), new Date('2026-01-01'));
    writeFileSync(path, 'new\n');
    assert.deepEqual(await presentLines(path, new Date('2026-01-02')), ['new']);
    assert.deepEqual(await presentLines(path, new Date('2025-12-31')), ['old', 'new']);
  });
});
