import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
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
  for await (const batch of lines.present({ since })) found.push(...batch);
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

  void it('are all there behind a place, wherever it is, and few of those before it', async () => {
    const path = newFile();
    const all = Array.from({ length: 9000 }, (_, index) => `${index} ${'x'.repeat((index * 37) % 300)}`);
    // Half a line of a process that died, and a line that is no event, may be anywhere.
    all.splice(4000, 1, 'no event', '');
    writeFileSync(`${path}.1`, text(all.slice(0, 6000)));
    writeFileSync(path, `${text(all.slice(6000))}half`);
    for (const place of [-1, 0, 1, 2999, 3998, 3999, 4000, 4001, 5998, 5999, 6000, 8997, 8998, 8999, 9999]) {
      const lines = new RotatedLines(path);
      const isBefore = (line: string) => /^\d/.test(line) && Number.parseInt(line, 10) <= place;
      const found: string[] = [];
      for await (const batch of lines.present({ isBefore })) found.push(...batch);
      await lines.close();
      const isBehind = (line: string) => /^\d/.test(line) && !isBefore(line);
      assert.ok(isDeepStrictEqual(found.filter(isBehind), all.filter(isBehind)), `behind ${place}`);
      // Of each of the two files 64 KiB at most.
      assert.ok(text(found.filter(isBefore)).length <= 2 * 64 * 1024, `${place}: ${found.length}`);
    }
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
