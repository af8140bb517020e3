import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isDiskFull, syncShared, writeWhole } from '../../plugins/core/durable.ts';
import { mountTmpfs } from '../support/tmpfs.ts';

void describe('a file that is written whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-durable-'));
  const place = { folder, file: 'file', temporary: '.file' };
  let unmount: () => void;
  before(() => (unmount = mountTmpfs(folder, '64k')));
  after(() => {
    unmount();
    rmSync(folder, { recursive: true });
  });

  void it('is there under its own name only', async () => {
    const path = await writeWhole(place, (stream) => stream.end('all of it'));
    assert.deepEqual([readFileSync(path, 'utf8'), readdirSync(folder)], ['all of it', ['file']]);
    rmSync(path);
  });

  const faults: readonly {
    it: string;
    write: Parameters<typeof writeWhole>[1];
    is: (error: unknown) => boolean;
  }[] = [
    { it: 'the disk is full', write: (stream) => stream.end(Buffer.alloc(100_000)), is: isDiskFull },
    { it: 'its source fails', write: (stream) => stream.destroy(new Error('gone')), is: saying('gone') },
    {
      it: 'its source throws',
      write: (stream) => {
        stream.write('half');
        throw new Error('thrown');
      },
      is: saying('thrown'),
    },
  ];
  for (const { it: fault, write, is } of faults) {
    void it(`is not there when ${fault}`, async () => {
      for (let round = 0; round < 100; round += 1) {
        await assert.rejects(writeWhole(place, write), is);
        assert.deepEqual(readdirSync(folder), []);
      }
    });
  }

  void it('is never put in the place of one that is being written', async () => {
    let end: () => unknown = () => assert.fail('it was not begun');
    let first: Promise<string> | undefined;
    await new Promise<void>((begun) => {
      first = writeWhole(place, (stream) => {
        end = () => stream.end('first');
        begun();
      });
    });
    await assert.rejects(
      writeWhole({ ...place, file: 'other' }, (stream) => stream.end('second')),
      { code: 'EEXIST' },
    );
    end();
    assert.equal(readFileSync((await first) ?? '', 'utf8'), 'first');
  });

  void it('is kept with all that are asked for at once, and the folder that is gone is told of', async () => {
    await Promise.all(Array.from({ length: 20 }, () => syncShared(folder)));
    const gone = join(folder, 'gone');
    await assert.rejects(Promise.all([syncShared(gone), syncShared(gone)]), { code: 'ENOENT' });
    await assert.rejects(syncShared(gone), { code: 'ENOENT' });
  });
});

function saying(message: string) {
  return (error: unknown) => error instanceof Error && error.message === message;
}
