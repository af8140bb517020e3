import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { EventFile } from '../../plugins/audit/event-file.ts';
import { RotatedLines } from '../../plugins/command/rotated-lines.ts';
import { eventually } from '../support/gateway.ts';

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

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
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

  void it('are each read once while a gateway writes and rotates', async () => {
    const path = newFile();
    const file = new EventFile(path, { maxBytes: 4096, keep: 1000 }, (problem) => assert.fail(problem));
    const written = numbered(100_000, 104_000);
    const following = follow(path);
    for (const [index, line] of written.entries()) {
      file.append(line);
      if (index % 50 === 0) await new Promise((settle) => setImmediate(settle));
    }
    file.flush();
    try {
      await eventually('all lines', () => following.found.length >= written.length, 20_000);
      assert.deepEqual(following.found, written);
    } finally {
      following.end();
    }
  });
});

interface Following {
  readonly found: string[];
  end(): void;
}

/** Reads what is there, and goes on. */
function follow(path: string): Following {
  const lines = new RotatedLines(path);
  const found: string[] = [];
  const following = lines.following();
  void (async () => {
    for await (const batch of lines.present()) found.push(...batch);
    for await (const batch of following) found.push(...batch);
    await lines.close();
  })();
  return { found, end: () => void following.return(undefined) };
}

void describe('lines that are followed', { concurrency: true }, () => {
  /** Waits for the lines so far, then changes the file. */
  async function play(
    path: string,
    steps: readonly (() => void)[],
    expected: readonly (readonly string[])[],
  ) {
    const following = follow(path);
    try {
      for (const [index, step] of steps.entries()) {
        step();
        const wanted = expected.slice(0, index + 1).flat();
        await eventually(`step ${index}`, () => following.found.length >= wanted.length, 10_000);
        assert.deepEqual(following.found, wanted);
      }
    } finally {
      following.end();
    }
  }

  void it('are those of a file that is still to come, in a folder that is still to come', async () => {
    const path = newFile();
    await play(
      path,
      [() => undefined, () => writeFileSync(path, 'a\n'), () => appendFileSync(path, 'b\nc')],
      [[], ['a'], ['b']],
    );
  });

  void it('go on with the next file when one is rotated, with what was still written to the old', async () => {
    const path = newFile();
    writeFileSync(path, 'a\n');
    await play(
      path,
      [
        () => undefined,
        () => {
          renameSync(path, `${path}.1`);
          appendFileSync(`${path}.1`, 'b\n');
          writeFileSync(path, 'c\n');
        },
        () => appendFileSync(path, 'd\n'),
      ],
      [['a'], ['b', 'c'], ['d']],
    );
  });

  void it('go on with every file when several are rotated at once', async () => {
    const path = newFile();
    writeFileSync(path, 'a\n');
    await play(
      path,
      [
        () => undefined,
        () => {
          renameSync(path, `${path}.3`);
          writeFileSync(`${path}.2`, 'b\n');
          writeFileSync(`${path}.1`, 'c\n');
          writeFileSync(path, 'd\n');
        },
      ],
      [['a'], ['b', 'c', 'd']],
    );
  });

  void it('go on from the start of a file that was cut short', async () => {
    const path = newFile();
    writeFileSync(path, 'a\nb\nhalf of');
    await play(
      path,
      [
        () => undefined,
        () => {
          truncateSync(path);
          appendFileSync(path, 'c\n');
        },
      ],
      [['a', 'b'], ['c']],
    );
  });

  void it('do not begin again when the current file is taken away', async () => {
    const path = newFile();
    writeFileSync(`${path}.1`, 'a\n');
    utimesSync(`${path}.1`, new Date('2026-01-01'), new Date('2026-01-01'));
    writeFileSync(path, 'b\n');
    await play(
      path,
      [() => undefined, () => renameSync(path, `${path}-20261124`), () => writeFileSync(path, 'c\n')],
      [['a', 'b'], [], ['c']],
    );
  });
});
