import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readQueueFile, rewriteHeader } from '../../../plugins/core/provenance/queue-file.ts';

const address = { user: 'a', host: 'one.example', original: '<a@one.example>' };
const todo = {
  uuid: 'ID.1.1',
  queue_time: 1,
  domain: 'one.example',
  mail_from: address,
  rcpt_to: [address],
  notes: {},
};

function queueFile(header: string, length = Buffer.byteLength(header)): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(length);
  return Buffer.concat([octets, Buffer.from(header), Buffer.from('Subject: x\r\n\r\n\0\xff\r\n', 'latin1')]);
}

void describe('a queue file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gatekeeper-queue-file-'));
  const path = join(dir, 'file');
  after(() => rmSync(dir, { recursive: true }));

  const broken: readonly { it: string; content: Buffer }[] = [
    { it: 'that is empty', content: Buffer.alloc(0) },
    { it: 'that ends within its length', content: Buffer.from([0, 0]) },
    { it: 'whose header would be longer than the file', content: queueFile('{}', 1000) },
    { it: 'whose header would have four gigabytes', content: queueFile('{}', 0xffffffff) },
    { it: 'whose header is no JSON', content: queueFile('{') },
    { it: 'whose header is a list', content: queueFile('[]') },
    { it: 'without an id', content: queueFile(JSON.stringify({ ...todo, uuid: undefined })) },
    { it: 'without recipients', content: queueFile(JSON.stringify({ ...todo, rcpt_to: [] })) },
    {
      it: 'whose sender is a text',
      content: queueFile(JSON.stringify({ ...todo, mail_from: 'a@one.example' })),
    },
    { it: 'without notes', content: queueFile(JSON.stringify({ ...todo, notes: undefined })) },
  ];
  for (const { it: title, content } of broken) {
    void it(`${title} is not read`, async () => {
      writeFileSync(path, content);
      await assert.rejects(readQueueFile(path));
      await assert.rejects(rewriteHeader(path, (header) => header));
      assert.deepEqual(readFileSync(path), content);
      assert.deepEqual(readdirSync(dir), ['file']);
    });
  }

  void it('that is a link is not followed', async () => {
    writeFileSync(path, queueFile(JSON.stringify(todo)));
    symlinkSync(path, join(dir, 'link'));
    await assert.rejects(readQueueFile(join(dir, 'link')));
    rmSync(join(dir, 'link'));
  });

  void it('keeps its message, its mode and what else its header has when that is changed', async () => {
    writeFileSync(path, queueFile(JSON.stringify({ ...todo, force_tls: false })), { mode: 0o640 });
    const before = statSync(path);
    await rewriteHeader(path, (header) => ({ ...header, notes: { mine: 1 } }));
    const { header, start } = await readQueueFile(path);
    assert.deepEqual(header, { ...todo, force_tls: false, notes: { mine: 1 } });
    assert.equal(readFileSync(path).subarray(start).toString('latin1'), 'Subject: x\r\n\r\n\0\xff\r\n');
    assert.equal(statSync(path).mode, before.mode);
    assert.deepEqual(readdirSync(dir), ['file']);
  });
});
