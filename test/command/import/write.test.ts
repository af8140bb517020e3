import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createAll } from '../../../plugins/command/import/write.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';

void describe('the files of an import', () => {
  let folder: string;
  let unmount: () => void;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-write-'));
    unmount = mountTmpfs(folder, '16k');
  });
  afterEach(() => {
    unmount();
    rmSync(folder, { recursive: true });
  });

  const file = (name: string, bytes: number) => {
    const path = join(folder, name);
    return { path, create: () => writeFileSync(path, 'x'.repeat(bytes), { flag: 'wx' }) };
  };

  void it('are all gone when the disk is full, the one included that was being written', () => {
    assert.throws(
      () => createAll([file('first', 10), file('second', 100_000)]),
      /ENOSPC.*nothing was written/,
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  void it('do not take with them what somebody else made meanwhile', () => {
    const { path, create } = file('second', 10);
    const late = {
      path,
      create: () => {
        writeFileSync(path, 'of somebody else');
        create();
      },
    };
    assert.throws(() => createAll([file('first', 10), late]), /EEXIST.*nothing was written/);
    assert.deepEqual(readdirSync(folder), ['second']);
    assert.equal(readFileSync(path, 'utf8'), 'of somebody else');
  });
});
