import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { foldersIn, release } from '../../../plugins/core/provenance/held.ts';
import { readQueueFile } from '../../../plugins/core/provenance/queue-file.ts';
import { readRecord, recordName } from '../../../plugins/core/provenance/record.ts';

const data = mkdtempSync(join(tmpdir(), 'gatekeeper-released-'));
after(() => {
  rmSync(data, { recursive: true });
});

const whole = {
  ...{ v: 1, id: 'ID.1', origin: { kind: 'inbound' }, sender: 'a@corp.example', recipients: ['x@y.example'] },
  ...{ time: '2026-11-24T09:30:00.000Z', revision: 'r' },
};

const cases: readonly { it: string; record: unknown; keeps: string | undefined }[] = [
  {
    it: 'a record of another message',
    record: { ...whole, id: 'ID.7', tls_option: 'require' },
    keeps: 'require',
  },
  { it: 'one that cannot be read', record: { v: 9, tls_option: 'require' }, keeps: 'require' },
  { it: 'one that says No', record: { ...whole, tls_option: 'no' }, keeps: 'no' },
  { it: 'one that wants nothing', record: whole, keeps: undefined },
  { it: 'one that says what there is not', record: { ...whole, tls_option: 'perhaps' }, keeps: undefined },
  { it: 'null', record: null, keeps: undefined },
  { it: 'none', record: undefined, keeps: undefined },
];

void describe('a message that an operator lets go keeps what its sender wants of TLS', () => {
  for (const [index, { it: what, record, keeps }] of cases.entries()) {
    void it(`${what}: ${keeps ?? 'nothing'}`, async () => {
      const folders = foldersIn(data);
      const name = String(index).padStart(16, '0');
      mkdirSync(folders.held, { recursive: true });
      const header = {
        ...{ uuid: 'ID.1.1', queue_time: 1, domain: 'b.example' },
        ...{ mail_from: { user: 'a', host: 'corp.example' }, rcpt_to: [{ user: 'b', host: 'b.example' }] },
        notes: { [recordName]: record },
      };
      const text = Buffer.from(JSON.stringify(header));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      writeFileSync(
        join(folders.held, name),
        Buffer.concat([length, text, Buffer.from('From: x\r\n\r\ny\r\n')]),
      );
      const by = { by: 'root', time: '2026-11-24T09:30:00.000Z', revision: 'r' };
      assert.ok(await release(folders, name, by));
      const { header: released } = await readQueueFile(join(folders.released, name));
      const left = readRecord(released.notes[recordName]);
      if (typeof left === 'string') assert.fail(left);
      assert.deepEqual([left.origin.kind, left.tls_option], ['released', keeps]);
    });
  }
});
