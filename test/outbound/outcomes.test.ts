import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attempt, Ending } from '../../plugins/core/haraka/patches/delivery-outcomes.ts';
import { resultsOf, triesOf, type Result } from '../../plugins/outbound/outcomes.ts';

const now = new Date('2026-11-24T09:30:00.000Z');

function recipient(address: string, reason?: string) {
  const [user = '', host = ''] = address.split('@');
  const isNull = () => false;
  return { user, host, isNull, format: () => `<${address}>`, ...(reason !== undefined && { reason }) };
}

const [bob, carol] = [recipient('bob@one.example'), recipient('carol@one.example')];
const mx = { exchange: '192.0.2.25', from_dns: 'mx.one.example' };
const reached: Attempt = { mx, port: 25, address: '192.0.2.25', head: '250 2.0.0 ' };
const place = { remote: 'mx.one.example', remote_address: '192.0.2.25', remote_port: 25 };
const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', isVerified: true };

const ending: Ending = {
  ...{ started: 0, attempts: [reached], outcome: 'deferred', words: '' },
  ...{ recipients: [bob], isByRecipient: false },
};

const cases: readonly {
  it: string;
  ending: Partial<Ending>;
  failures: number;
  tries: number;
  says: readonly Result[];
}[] = [
  {
    it: 'delivered, over TLS',
    ending: { outcome: 'delivered', words: 'queued as X', attempts: [{ ...reached, tls }] },
    ...{ failures: 0, tries: 1 },
    says: [
      {
        ...{
          outcome: 'delivered',
          recipients: ['bob@one.example'],
          answer: '250 2.0.0 queued as X',
          ...place,
        },
        ...{ remote_tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384', remote_verified: true },
      },
    ],
  },
  {
    it: 'deferred by the server, as a whole',
    ending: { words: 'Upstream error: 421 4.3.2 Closing', again: 300 },
    ...{ failures: 1, tries: 1 },
    says: [
      {
        ...{ outcome: 'deferred', recipients: ['bob@one.example'], answer: '421 4.3.2 Closing', ...place },
        again: '2026-11-24T09:35:00.000Z',
      },
    ],
  },
  {
    it: 'bounced, each recipient by its own words, which some have in common',
    ending: {
      ...{ outcome: 'bounced', words: 'Some recipients failed: …', isByRecipient: true },
      recipients: [
        recipient('a@x.example', '550 No'),
        recipient('b@x.example', '551 Nor'),
        recipient('c@x.example', '550 No'),
      ],
    },
    ...{ failures: 2, tries: 3 },
    says: [
      { outcome: 'bounced', recipients: ['a@x.example', 'c@x.example'], answer: '550 No', ...place },
      { outcome: 'bounced', recipients: ['b@x.example'], answer: '551 Nor', ...place },
    ],
  },
  {
    it: 'bounced after too many tries, with what the server said at last',
    ending: {
      outcome: 'bounced',
      words: 'Too many failures (Upstream error: 451 4.7.1 Later)',
      recipients: [bob, carol],
    },
    ...{ failures: 13, tries: 13 },
    says: [
      {
        ...{ outcome: 'bounced', recipients: ['bob@one.example', 'carol@one.example'] },
        ...{ answer: '451 4.7.1 Later', detail: 'tried too often', ...place },
      },
    ],
  },
  {
    it: 'deferred without any server, and why each could not be reached',
    ending: {
      words: 'Tried all MXs',
      attempts: [
        { mx, fault: 'connect ECONNREFUSED 192.0.2.25:25' },
        { mx: { exchange: '2001:db8::25' }, fault: 'connection timed out' },
      ],
    },
    ...{ failures: 4, tries: 4 },
    says: [
      {
        ...{ outcome: 'deferred', recipients: ['bob@one.example'], remote_address: '2001:db8::25' },
        detail:
          'Tried all MXs; mx.one.example: connect ECONNREFUSED 192.0.2.25:25; 2001:db8::25: connection timed out',
      },
    ],
  },
  {
    it: 'deferred, for none of its servers has an address',
    ending: { words: 'Tried all MXs', attempts: [] },
    ...{ failures: 1, tries: 1 },
    says: [
      {
        ...{ outcome: 'deferred', recipients: ['bob@one.example'] },
        detail: 'Tried all MXs; no address of a server was found',
      },
    ],
  },
  {
    it: 'bounced without any try, and nobody is told',
    ending: { outcome: 'bounced', words: 'No Such Domain: one.example', attempts: [], untold: 'null sender' },
    ...{ failures: 0, tries: 1 },
    says: [
      {
        ...{ outcome: 'bounced', recipients: ['bob@one.example'] },
        detail: 'No Such Domain: one.example; nobody is told: the sender is the null one',
      },
    ],
  },
  {
    it: 'bounced for an answer that is no SMTP',
    ending: { outcome: 'bounced', words: 'Unrecognized response from upstream server: HTTP/1.1 400' },
    ...{ failures: 0, tries: 1 },
    says: [
      {
        ...{ outcome: 'bounced', recipients: ['bob@one.example'], answer: 'HTTP/1.1 400' },
        ...{ detail: 'that is no SMTP reply', ...place },
      },
    ],
  },
];

void describe('what Haraka says of the end of a try', () => {
  for (const { it: title, ending: changes, failures, tries, says } of cases) {
    void it(title, () => {
      const whole = { ...ending, ...changes };
      assert.deepEqual(resultsOf(whole, now), says);
      assert.equal(triesOf(whole, failures), tries);
    });
  }

  void it('is cut, and given to as many recipients as an event may name', () => {
    const many = Array.from({ length: 2500 }, (_, index) => recipient(`r${index}@one.example`));
    const results = resultsOf(
      { ...ending, recipients: many, words: `Upstream error: 450 ${'x'.repeat(10_000)}` },
      now,
    );
    assert.deepEqual(
      results.map(({ recipients = [] }) => recipients.length),
      [1000, 1000, 500],
    );
    assert.equal(
      results.flatMap(({ recipients = [] }) => recipients).length,
      new Set(results.flatMap(({ recipients }) => recipients)).size,
    );
    assert.deepEqual(
      results.map(({ answer }) => answer?.length),
      [1001, 1001, 1001],
    );
  });
});
