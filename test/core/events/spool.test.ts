import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Spool } from '../../../plugins/core/events/spool.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';

const base = mkdtempSync(join(tmpdir(), 'gatekeeper-spool-'));
const line = (number: number | string) => JSON.stringify({ number });
/** Of nobody: it has ended. */
const dead = spawnSync(process.execPath, ['-e', '']).pid;

let count = 0;
function freshFolder(): string {
  return join(base, String((count += 1)));
}

async function emptied(folder: string): Promise<string[][]> {
  const taken: string[][] = [];
  await new Spool(folder, () => new Date()).empty((lines) => {
    taken.push([...lines]);
    return Promise.resolve();
  });
  return taken;
}

void describe('the spool of events', () => {
  after(() => {
    rmSync(base, { recursive: true, force: true });
  });

  void it('gives back what was written, in its order and once, and leaves no file', async () => {
    const folder = freshFolder();
    const spool = new Spool(folder, () => new Date());
    spool.write([line(1), line(2)]);
    spool.write([line(3)]);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(await emptied(folder), [[line(1), line(2), line(3)]]);
    assert.deepEqual(await emptied(folder), []);
    assert.deepEqual(readdirSync(folder), []);
  });

  void it('loses nothing that is written where another thread has taken the file that was begun', async () => {
    const folder = freshFolder();
    const spool = new Spool(folder, () => new Date());
    spool.write([line(1)]);
    assert.deepEqual(await emptied(folder), [[line(1)]]);
    spool.write([line(2)]);
    spool.write([line(3)]);
    assert.deepEqual(await emptied(folder), [[line(2), line(3)]]);
    // Its own end of the file is none any more, either.
    assert.equal(await spool.empty(() => Promise.reject(new Error('nothing is left'))), 0);
  });

  void it('has every line in its file when it returns, readable by its owner alone', () => {
    const folder = freshFolder();
    const spool = new Spool(folder, () => new Date());
    for (const number of [1, 2, 3]) {
      spool.write([line(number)]);
      const [file = ''] = readdirSync(folder);
      assert.equal(readFileSync(join(folder, file), 'utf8').split('\n').at(-2), line(number));
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
    }
  });

  void it('begins another file after a thousand events, and gives the oldest first', async () => {
    const folder = freshFolder();
    let now = Date.parse('2026-11-24T12:00:00Z');
    const spool = new Spool(folder, () => new Date((now += 1000)));
    for (let number = 0; number < 25; number += 1) {
      spool.write(Array.from({ length: 100 }, (_, at) => line(number * 100 + at)));
    }
    assert.equal(readdirSync(folder).length, 3);
    const taken = await emptied(folder);
    assert.deepEqual(
      taken.map(({ length }) => length),
      [1000, 1000, 500],
    );
    assert.deepEqual(
      taken.flat(),
      Array.from({ length: 2500 }, (_, at) => line(at)),
    );
  });

  void it('leaves a file where it was when what is in it cannot be taken', async () => {
    const folder = freshFolder();
    const spool = new Spool(folder, () => new Date());
    spool.write([line(1)]);
    await assert.rejects(
      spool.empty(() => Promise.reject(new Error('no'))),
      /^Error: no$/,
    );
    spool.write([line(2)]);
    assert.deepEqual((await emptied(folder)).flat(), [line(1), line(2)]);
  });

  /** What another process has left. */
  const left: readonly { it: string; name: string; text: string; taken: string[] }[] = [
    {
      ...{ it: 'takes what a process was writing when it was killed', name: `t-${dead}-0.1.part` },
      ...{ text: `${line(1)}\n${line(2)}\n`, taken: [line(1), line(2)] },
    },
    {
      ...{ it: 'takes no line that was cut off', name: `t-${dead}-0.1.part` },
      ...{ text: `${line(1)}\n{"number":`, taken: [line(1)] },
    },
    {
      ...{ it: 'takes no last line without its end, which may be cut off all the same', name: 'a.jsonl' },
      ...{ text: `${line(1)}\n12`, taken: [line(1)] },
    },
    {
      ...{ it: 'takes none of what a broken disk has made of a line', name: 'a.jsonl' },
      ...{ text: `${line(1)}\n\0\0\0\n${line(3)}\n`, taken: [line(1), line(3)] },
    },
    {
      ...{ it: 'takes what a process was taking when it was killed', name: `a.jsonl.${dead}.taking` },
      ...{ text: `${line(1)}\n`, taken: [line(1)] },
    },
    {
      ...{ it: 'takes what one of the same number has left before', name: `t-${process.pid}-7.1.part` },
      ...{ text: `${line(1)}\n`, taken: [line(1)] },
    },
    {
      ...{ it: 'leaves what a living process writes to', name: `t-${process.ppid}-0.1.part` },
      ...{ text: `${line(1)}\n`, taken: [] },
    },
    {
      ...{ it: 'leaves what a living process takes', name: `a.jsonl.${process.ppid}.taking` },
      ...{ text: `${line(1)}\n`, taken: [] },
    },
    { it: 'leaves what is no file of its own', name: 'README', text: `${line(1)}\n`, taken: [] },
  ];
  for (const { it: what, name, text, taken } of left) {
    void it(what, async () => {
      const folder = freshFolder();
      mkdirSync(folder);
      writeFileSync(join(folder, name), text);
      assert.deepEqual((await emptied(folder)).flat(), taken);
      assert.deepEqual(readdirSync(folder), taken.length > 0 ? [] : [name]);
    });
  }

  void it('is taken once by several processes at the same time', () => {
    const folder = freshFolder();
    const spool = new Spool(folder, () => new Date());
    for (let number = 0; number < 20; number += 1) {
      spool.write(Array.from({ length: 1000 }, (_, at) => line(number * 1000 + at)));
    }
    const program = join(base, 'taker.mjs');
    writeFileSync(
      program,
      `import { Spool } from ${JSON.stringify(new URL('../../../plugins/core/events/spool.ts', import.meta.url))};
      const [, , folder, begin] = process.argv;
      while (Date.now() < Number(begin));
      await new Spool(folder, () => new Date()).empty(async (lines) => console.log(lines.join('\\n')));`,
    );
    const begin = Date.now() + 1500;
    const command = `${process.execPath} --import tsx ${program} ${folder} ${begin}`;
    const { stdout, stderr } = spawnSync('sh', ['-c', `${command} & ${command} & ${command} & wait`], {
      ...{ encoding: 'utf8', maxBuffer: 1e8 },
    });
    const taken = stdout.split('\n').filter((text) => text.startsWith('{'));
    assert.equal(taken.length, 20_000, stderr);
    assert.equal(new Set(taken).size, 20_000);
    assert.deepEqual(readdirSync(folder), []);
  });

  void it('takes nothing by halves on a full disk, and all of it when there is room', async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    const unmount = mountTmpfs(folder, '16k');
    try {
      const spool = new Spool(folder, () => new Date());
      spool.write([line('first')]);
      const many = Array.from({ length: 30 }, (_, at) => line(`${at}${'x'.repeat(1000)}`));
      assert.throws(() => spool.write(many), { code: 'ENOSPC' });
      spool.write([line('after')]);
      assert.deepEqual((await emptied(folder)).flat(), [line('first'), line('after')]);
    } finally {
      unmount();
    }
  });

  void it('is empty where there is no folder, which nobody makes by looking', async () => {
    const folder = freshFolder();
    assert.deepEqual(await emptied(folder), []);
    assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
  });
});
