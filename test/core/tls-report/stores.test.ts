import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { EventStore } from '../../../plugins/core/events/store.ts';
import { dayMs } from '../../../plugins/core/events/tallies.ts';
import { readTlsReports } from '../../../plugins/core/tls-report/read.ts';
import { eventWith } from '../events/sample-events.ts';
import { storeKinds } from '../events/stores.ts';
import { failed, noPolicy, sts, stsPolicy, succeeded, tlsa } from './events.ts';
import { reportSchema } from './schema.ts';

const kinds = storeKinds();
const day = Date.parse('2026-11-24T00:00:00Z');
const by = { organization: 'Corp', contact: 'postmaster@corp.example', node: 'gw1' };

/** Of several domains, written by two processes. */
const parts = [
  [
    succeeded('b.example', sts),
    succeeded('a.example', noPolicy),
    failed('b.example', 'certificate-expired', sts),
  ],
  [
    failed('b.example', 'certificate-expired', sts, { remote_address: '2001:db8::1' }),
    succeeded('b.example', tlsa),
    succeeded('bücher.example', sts),
    succeeded('c.example', sts, { proof: 'tls-report' }),
  ],
].map((each) => each.map((fields, index) => eventWith(fields, day + index * 3_600_000)));

async function reportsOf(store: EventStore) {
  const reports = await readTlsReports((query) => store.tallies(query), { day, by });
  return reports.map(({ domain, report }) => ({ domain, report: reportSchema.parse(report) }));
}

for (const { it: kind, fresh } of kinds) {
  void describe(`reports on TLS from ${kind}`, () => {
    const opened: EventStore[] = [];
    after(() => Promise.all(opened.map((store) => store.close())));
    async function filled(): Promise<EventStore> {
      const place = fresh();
      const stores = parts.map(() => place.open());
      opened.push(...stores);
      await Promise.all(stores.map((store, index) => store.append(parts[index] ?? [])));
      return stores[0] ?? assert.fail();
    }

    void it('are one for each domain, in their order, with the whole policy', async () => {
      const reports = await reportsOf(await filled());
      assert.deepEqual(
        reports.map(({ domain }) => domain),
        ['a.example', 'b.example', 'xn--bcher-kva.example'],
      );
      const [policy, ...others] = reports[1]?.report.policies ?? [];
      assert.equal(others.length, 1);
      assert.deepEqual(policy, {
        policy: {
          ...{ 'policy-type': 'sts', 'policy-string': stsPolicy, 'policy-domain': 'b.example' },
          'mx-host': ['*.mail.example', 'mx.example'],
        },
        summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 2 },
        'failure-details': ['192.0.2.1', '2001:db8::1'].map((address) => ({
          'result-type': 'certificate-expired',
          'receiving-mx-hostname': 'mx1.mail.example',
          'receiving-ip': address,
          'failed-session-count': 1,
        })),
      });
    });

    void it('are gone with the names: a domain may be that of one person', async () => {
      const store = await filled();
      await store.maintain({
        clearBefore: new Date(day + 2 * dayMs),
        keepAfter: new Date(0),
        maxBytes: Infinity,
        digestBefore: new Date(),
      });
      assert.deepEqual(await reportsOf(store), []);
      const left = await store.tallies({ topic: 'tls', since: new Date(0), until: new Date('2100-01-01') });
      assert.doesNotMatch(JSON.stringify(left), /[abc]\.example|STSv1/);
    });

    void it('are left as they are where a person is erased that they do not name', async () => {
      const store = await filled();
      const before = (await reportsOf(store)).map(({ domain }) => domain);
      assert.equal((await store.erase(['nobody@a.example'])).events, 0);
      assert.deepEqual(
        (await reportsOf(store)).map(({ domain }) => domain),
        before,
      );
    });
  });
}
