import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type Libsql from 'libsql';
import { InsuredStore } from '../../../plugins/core/store/insured.ts';
import { openStore, storeFile } from '../../../plugins/core/store/sqlite.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { far, home, Scene } from './scene.ts';

const second = 1000;

/** The store is tried again every five seconds. */
async function guessFor(scene: Scene, seconds: number, from: (number: number) => string): Promise<number> {
  let tried = 0;
  for (let at = 0; at < seconds; at += 1) {
    scene.now += second;
    tried += await scene.guess(20, (number) => [from(at * 20 + number), `guess-${at}-${number}`]);
  }
  return tried;
}

void describe('a store that breaks while somebody guesses', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-broken-'));
  let unmount: () => void;
  before(() => (unmount = mountTmpfs(base, '1m')));
  after(() => {
    unmount();
    rmSync(base, { recursive: true, force: true });
  });

  let directory: string;
  let said: string[];
  let scene: Scene;
  let store: InsuredStore;
  let count = 0;
  beforeEach(() => {
    directory = join(base, String((count += 1)));
    said = [];
    store = new InsuredStore({
      open: () => openStore(directory),
      log: (message) => said.push(message),
      now: () => scene.now,
    });
    scene = new Scene(store);
  });

  const faults = [
    { it: 'the disk is full', breakIt: fillDisk, says: /full/ },
    { it: 'another process locks it', breakIt: lock, says: /locked/ },
  ];
  for (const { it: fault, breakIt, says } of faults) {
    void it(`lets few guesses through, and the owner in, while ${fault}`, async () => {
      assert.equal(await scene.try(home), 'go');
      assert.equal(await scene.try('198.51.100.1'), 'go');
      const mend = breakIt(directory, base);
      try {
        assert.ok((await guessFor(scene, 30, far)) <= 11, 'from unknown networks');
        assert.equal(await scene.try(home), 'go');
        assert.ok((await guessFor(scene, 30, () => home)) <= 11, 'at home');
        assert.equal(await scene.try('198.51.100.1'), 'go', 'the other home');
      } finally {
        mend();
      }
      assert.match(said[0] ?? '', says);
      assert.ok(said.length <= 2, said.join('\n'));
      scene.now += 6 * second;
      assert.equal(await scene.try(home), 'wait', 'what was counted meanwhile stays counted');
      assert.equal(await scene.try('203.0.113.7'), 'wait');
      store.close();
      const next = new Scene(openStore(directory));
      next.now = scene.now;
      assert.equal(await next.try(home), 'wait', 'by all processes');
    });
  }
});

function fillDisk(_directory: string, base: string): () => void {
  const file = join(base, 'filling');
  const { status } = spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1024'], { stdio: 'ignore' });
  assert.notEqual(status, 0, 'there is no room left');
  return () => rmSync(file);
}

function lock(directory: string): () => void {
  const Database = createRequire(import.meta.url)('libsql') as typeof Libsql;
  const other = new Database(storeFile(directory));
  other.exec('BEGIN IMMEDIATE');
  return () => {
    other.exec('ROLLBACK');
    other.close();
  };
}
