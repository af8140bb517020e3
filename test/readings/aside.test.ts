import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventsUnavailable } from '../../plugins/core/events/store.ts';
import { readAside, type ReportOrder } from '../../plugins/core/readings/read-aside.ts';

void describe('a report that a thread reads', () => {
  void it('says of events that cannot be read what the store says of them', async () => {
    const order = {
      place: { kind: 'none', because: 'nothing was made ready' },
      since: new Date('2026-11-24T00:00:00Z'),
      until: new Date('2026-11-25T00:00:00Z'),
      settings: { partners: [], protected_domains: [] },
      held: undefined,
    } satisfies ReportOrder;
    await assert.rejects(readAside(order), (error) => {
      assert.ok(error instanceof EventsUnavailable);
      assert.equal(error.message, 'nothing was made ready');
      return true;
    });
  });
});
