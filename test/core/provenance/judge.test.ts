import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isUnproven, judgeProvenance, type Outgoing } from '../../../plugins/core/provenance/judge.ts';

const record = {
  v: 1,
  id: 'ID.1',
  origin: { kind: 'inbound' },
  sender: 'Alice@corp.example',
  recipients: ['bob@one.example', 'carol@bücher.example', '"d e"@one.example', 'x@[192.0.2.1]'],
  client: '192.0.2.7',
  time: '2026-11-24T09:30:00.000Z',
  revision: 'r1',
};

const message: Outgoing = { id: 'ID.1.2', sender: ['alice@corp.example'], recipients: [['bob@one.example']] };

const cases: readonly { it: string; record?: unknown; message?: Partial<Outgoing>; says: string }[] = [
  { it: 'its own, of one recipient', says: 'proven' },
  {
    it: 'all recipients, in other letters',
    message: {
      recipients: [
        ['BOB@ONE.example'],
        ['carol@bücher.example', 'carol@xn--bcher-kva.example'],
        ['"d e"@one.example'],
        ['x@[192.0.2.1]'],
      ],
    },
    says: 'proven',
  },
  { it: 'the null sender', record: { ...record, sender: '' }, message: { sender: [''] }, says: 'proven' },
  { it: 'none', record: undefined, says: 'no-record' },
  { it: 'null', record: null, says: 'unreadable-record' },
  { it: 'a text', record: 'ID.1', says: 'unreadable-record' },
  { it: 'of a later version', record: { ...record, v: 2 }, says: 'unreadable-record' },
  { it: 'with one more field', record: { ...record, more: 1 }, says: 'unreadable-record' },
  { it: 'of an unknown origin', record: { ...record, origin: { kind: 'x' } }, says: 'unreadable-record' },
  { it: 'without recipients', record: { ...record, recipients: [] }, says: 'unreadable-record' },
  { it: 'of another message', message: { id: 'ID.2.1' }, says: 'other-message' },
  { it: 'of a message whose id begins like it', message: { id: 'ID.1.2.3' }, says: 'other-message' },
  { it: 'of what is no piece', message: { id: 'ID.1' }, says: 'other-message' },
  { it: 'of another sender', message: { sender: ['bob@corp.example'] }, says: 'other-sender' },
  { it: 'where the sender is null now', message: { sender: [''] }, says: 'other-sender' },
  { it: 'where it was null', record: { ...record, sender: '' }, says: 'other-sender' },
  {
    it: 'without one of the recipients',
    message: { recipients: [['bob@one.example'], ['eve@one.example']] },
    says: 'recipient-not-accepted',
  },
  {
    it: 'without what some servers would be asked for',
    message: { recipients: [['bob@one.example', 'bob@two.example']] },
    says: 'recipient-not-accepted',
  },
  {
    it: 'where a letter only looks alike',
    message: { recipients: [['\u0441arol@bücher.example']] },
    says: 'recipient-not-accepted',
  },
  { it: 'where nobody is left', message: { recipients: [] }, says: 'recipient-not-accepted' },
];

void describe('the record of a message', () => {
  for (const each of cases) {
    void it(`${each.it}: ${each.says}`, () => {
      const value = 'record' in each ? each.record : record;
      const judged = judgeProvenance(value, { ...message, ...each.message });
      assert.equal(isUnproven(judged) ? judged.reason : 'proven', each.says);
    });
  }
});
