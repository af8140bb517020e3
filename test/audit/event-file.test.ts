import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { EventFile } from '../../plugins/audit/event-file.ts';
import { eventually } from '../support/gateway.ts';
import { mountTmpfs } from '../support/tmpfs.ts';

const dir = mkdtempSync(join(tmpdir(), 'gatekeeper-events-'));
after(() => {
  rmSync(dir, { recursive: true });
});

const fail = (problem: string) => assert.fail(problem);

void describe('the event file', () => {
  void it('appends lines, and makes the folder when it is missing', () => {
    const path = join(dir, 'new', 'events.jsonl');
    const file = new EventFile(path, { maxBytes: 1000, keep: 2 }, fail);
    file.append('{"a":1}');
    file.append('{"a":2}');
    file.flush();
    assert.equal(readFileSync(path, 'utf8'), '{"a":1}\n{"a":2}\n');
  });

  void it('rotates at its size, keeps so many, and loses no line that is kept', () => {
    const folder = join(dir, 'rotating');
    const path = join(folder, 'events.jsonl');
    const file = new EventFile(path, { maxBytes: 50, keep: 2 }, fail);
    for (let number = 10; number < 40; number += 1) {
      file.append(`line ${number} of some length`);
      file.flush();
    }
    assert.deepEqual(readdirSync(folder).sort(), ['events.jsonl.1', 'events.jsonl.2']);
    assert.match(readFileSync(`${path}.1`, 'utf8'), /^line 37 [^\n]*\nline 38 [^\n]*\nline 39 [^\n]*\n$/);
  });

  void it('begins a new file soon after somebody moved it away, and loses no line', async () => {
    const path = join(dir, 'moved.jsonl');
    const file = new EventFile(path, { maxBytes: 1000, keep: 2 }, fail);
    const written: string[] = [];
    const write = () => {
      written.push(`line ${written.length}`);
      file.append(written.at(-1) ?? '');
      file.flush();
      return existsSync(path);
    };
    write();
    renameSync(path, `${path}.old`);
    await eventually('a new file', write);
    const lines = [`${path}.old`, path].map((each) => readFileSync(each, 'utf8')).join('');
    assert.equal(lines, `${written.join('\n')}\n`);
  });

  void it('reports a fault, keeps the lines and writes them when the fault is over', () => {
    const path = join(dir, 'blocked', 'events.jsonl');
    const faults: string[] = [];
    const file = new EventFile(path, { maxBytes: 1000, keep: 2 }, (problem) => faults.push(problem));
    writeFileSync(join(dir, 'blocked'), 'a file where a folder must be');
    file.append('first');
    file.flush();
    assert.match(faults.join(), /ENOTDIR|EEXIST/);
    rmSync(join(dir, 'blocked'));
    mkdirSync(join(dir, 'blocked'));
    file.append('second');
    file.flush();
    assert.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
  });

  void it('writes each line once, even if the file cannot be rotated', () => {
    const path = join(dir, 'stuck', 'events.jsonl');
    const faults: string[] = [];
    const file = new EventFile(path, { maxBytes: 10, keep: 1 }, (problem) => faults.push(problem));
    mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true });
    for (const line of ['first of them', 'second', 'third']) {
      file.append(line);
      file.flush();
    }
    assert.equal(readFileSync(path, 'utf8'), 'first of them\nsecond\nthird\n');
    assert.equal(faults.length, 3);
  });

  void it('goes on in the middle of a line when the disk was full there', () => {
    const folder = join(dir, 'full');
    mkdirSync(folder);
    const unmount = mountTmpfs(folder, '16k');
    try {
      const path = join(folder, 'events.jsonl');
      const faults: string[] = [];
      const file = new EventFile(path, { maxBytes: 1_000_000, keep: 1 }, (problem) => faults.push(problem));
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(8192));
      const lines = Array.from({ length: 40 }, (_, number) => `${number}`.padEnd(300, '.'));
      for (const line of lines) file.append(line);
      file.flush();
      assert.match(faults.join(), /ENOSPC/);
      rmSync(join(folder, 'ballast'));
      file.flush();
      assert.equal(readFileSync(path, 'utf8'), `${lines.join('\n')}\n`);
    } finally {
      unmount();
    }
  });
});
