import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { talliesOf } from '../../../plugins/core/events/tallies.ts';
import { readTlsReports } from '../../../plugins/core/tls-report/read.ts';
import { MemoryEvents } from '../../support/memory-events.ts';
import { eventWith } from '../events/sample-events.ts';
import { failed, noPolicy, sts, stsPolicy, succeeded, tlsa, tlsaPolicy, type TlsFields } from './events.ts';
import { reportSchema } from './schema.ts';

const day = Date.parse('2026-11-24T00:00:00Z');
const hour = 3_600_000;
const by = { organization: 'Corp', contact: 'postmaster@corp.example', node: 'gw1' };

interface Case {
  readonly it: string;
  readonly events: readonly TlsFields[];
  /** Of each policy: type, lines, hosts; sessions that were good and that failed; failures. */
  readonly says: readonly (readonly [type: string, good: number, failed: number, ...failures: Failure[]])[];
}

type Failure = readonly [type: string, mx: string | undefined, address: string | undefined, count: number];

const mx1 = ['mx1.mail.example', '192.0.2.1'] as const;
const at = 'a.example';

const cases: readonly Case[] = [
  {
    it: 'sessions that were good, by their policy',
    events: [succeeded(at, sts), succeeded(at, sts, { remote: 'mx.example' }), succeeded(at, tlsa)],
    says: [
      ['sts', 2, 0],
      ['tlsa', 1, 0],
    ],
  },
  {
    it: 'a session without TLS, where no policy asks for it',
    events: [succeeded(at, noPolicy), succeeded(at, noPolicy, { remote_tls: undefined })],
    says: [['no-policy-found', 1, 1, ['starttls-not-supported', ...mx1, 1]]],
  },
  {
    it: 'a server that was not reached as nothing, for TLS is not to blame',
    events: [
      succeeded(at, noPolicy),
      succeeded(at, noPolicy, { outcome: 'deferred', remote_tls: undefined, answer: undefined }),
      succeeded(at, noPolicy, {
        ...{ outcome: 'deferred', remote_tls: undefined },
        answer: 'TLS is required by somebody, and no server offers it',
      }),
    ],
    says: [['no-policy-found', 1, 0]],
  },
  {
    it: 'a message that was refused in clear as a session without TLS',
    events: [succeeded(at, noPolicy, { outcome: 'bounced', remote_tls: undefined, answer: '550 5.1.1 No' })],
    says: [['no-policy-found', 0, 1, ['starttls-not-supported', ...mx1, 1]]],
  },
  {
    it: 'a message that was refused over TLS as a good session',
    events: [succeeded(at, sts, { outcome: 'bounced', answer: '550 5.1.1 No' })],
    says: [['sts', 1, 0]],
  },
  ...(
    [
      ...['starttls-not-supported', 'certificate-host-mismatch', 'certificate-expired'],
      ...['certificate-not-trusted', 'validation-failure', 'tlsa-invalid', 'dnssec-invalid'],
      ...['dane-required', 'sts-policy-invalid', 'sts-webpki-invalid'],
    ] as const
  ).map((type): Case => ({
    it: `${type}, by server and address, whether it was refused or only noticed`,
    events: [
      failed(at, type, sts),
      failed(at, type, sts, { verdict: 'pass', would_refuse: true }),
      failed(at, type, sts, { remote: 'MX.example', remote_address: '2001:db8::1' }),
      succeeded(at, sts),
    ],
    says: [['sts', 1, 3, [type, ...mx1, 2], [type, 'mx.example', '2001:db8::1', 1]]],
  })),
  {
    it: 'a policy that could not be fetched, without a server',
    events: [
      failed(
        at,
        'sts-policy-fetch-error',
        { tls_policy: 'sts' },
        { remote: undefined, remote_address: undefined },
      ),
      succeeded(at, noPolicy),
    ],
    says: [
      ['sts', 0, 1, ['sts-policy-fetch-error', undefined, undefined, 1]],
      ['no-policy-found', 1, 0],
    ],
  },
  {
    it: 'two versions of a policy apart',
    events: [
      succeeded(at, sts),
      succeeded(at, sts),
      succeeded(at, { ...sts, tls_policy_string: [...stsPolicy.slice(0, 3), 'max_age: 86400'] }),
    ],
    says: [
      ['sts', 2, 0],
      ['sts', 1, 0],
    ],
  },
  {
    it: 'one domain, however it was written',
    events: [succeeded('A.Example', sts), succeeded(at, sts)],
    says: [['sts', 2, 0]],
  },
];

const uncounted: readonly (readonly [it: string, event: TlsFields])[] = [
  ['what has no policy', succeeded(at, {})],
  ['what brought a report', succeeded(at, sts, { proof: 'tls-report' })],
  ['what failed to bring a report', failed(at, 'certificate-expired', sts, { proof: 'tls-report' })],
  ['mail for an address', succeeded('[192.0.2.1]', noPolicy)],
  ['recipients who are named no more', succeeded(at, sts, { recipients: ['~AAAAAAAAAAAAAAAA'] })],
  ['no recipients', succeeded(at, sts, { recipients: [] })],
  ['a message that was not tried', succeeded(at, sts, { outcome: undefined })],
  ['another check', failed(at, 'no-record', sts, { check: 'outbound/provenance' })],
];

function reportsOf(events: readonly TlsFields[], domain?: string) {
  const store = new MemoryEvents();
  store.append(events.map((each, index) => eventWith(each, day + index * hour)));
  return readTlsReports(store.tallies, { day, domain, by });
}

void describe('reports on TLS', () => {
  for (const { it: what, events, says } of cases) {
    void it(`tell ${what}`, async () => {
      const [one, ...others] = await reportsOf(events, at);
      assert.ok(one && others.length === 0);
      const { policies } = reportSchema.parse(one.report);
      const found = policies.map(({ policy, summary, 'failure-details': details = [] }) => [
        policy['policy-type'],
        ...Object.values(summary),
        ...details.map((each) => [
          each['result-type'],
          each['receiving-mx-hostname'],
          each['receiving-ip'],
          each['failed-session-count'],
        ]),
      ]);
      assert.deepEqual(found, says);
    });
  }

  for (const [what, event] of uncounted) {
    void it(`do not count ${what}`, () => {
      assert.deepEqual(
        talliesOf(eventWith(event)).filter(({ topic }) => topic === 'tls'),
        [],
      );
    });
  }

  void it('have the whole of the day, the policy, and its hosts', async () => {
    const [one] = await reportsOf(
      [succeeded(at, sts), failed(at, 'tlsa-invalid', tlsa), failed(at, 'tlsa-invalid', tlsa)],
      at,
    );
    assert.match(one?.report['report-id'] ?? '', /^2026-11-24\.[0-9a-f]{16}@corp\.example$/);
    assert.deepEqual(reportSchema.parse(one?.report), {
      'organization-name': 'Corp',
      'date-range': { 'start-datetime': '2026-11-24T00:00:00Z', 'end-datetime': '2026-11-24T23:59:59Z' },
      'contact-info': 'postmaster@corp.example',
      'report-id': one?.report['report-id'],
      policies: [
        {
          policy: { 'policy-type': 'tlsa', 'policy-string': tlsaPolicy, 'policy-domain': at },
          summary: { 'total-successful-session-count': 0, 'total-failure-session-count': 2 },
          'failure-details': [
            {
              'result-type': 'tlsa-invalid',
              'receiving-mx-hostname': 'mx1.mail.example',
              'receiving-ip': '192.0.2.1',
              'failed-session-count': 2,
            },
          ],
        },
        {
          policy: {
            'policy-type': 'sts',
            'policy-string': stsPolicy,
            'policy-domain': at,
            'mx-host': ['*.mail.example', 'mx.example'],
          },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
        },
      ],
    });
  });

  void it('name another host in their id, and no other time of asking', async () => {
    const ids = await Promise.all(
      [by, by, { ...by, node: 'gw2' }].map(async (each) => {
        const store = new MemoryEvents();
        store.append([eventWith(succeeded(at, sts), day)]);
        const [one] = await readTlsReports(store.tallies, { day, domain: at, by: each });
        return one?.report['report-id'];
      }),
    );
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
  });

  void it('leave a policy away that is too long, or is none, and are cut where a domain wants them endless', async () => {
    const long = {
      ...sts,
      tls_policy_string: [...stsPolicy, ...Array<string>(400).fill('mx: mx.mail.example')],
    };
    const [one] = await reportsOf([succeeded(at, long)], at);
    const { policy } = reportSchema.parse(one?.report).policies[0] ?? assert.fail();
    assert.deepEqual(policy, { 'policy-type': 'sts', 'policy-domain': at });
    const none = { ...sts, tls_policy_string: ['no policy\0\ud83d'] };
    const [other] = await reportsOf([failed(at, 'sts-policy-invalid', none)], at);
    const found = reportSchema.parse(other?.report).policies[0] ?? assert.fail();
    assert.deepEqual(found.policy, {
      ...{ 'policy-type': 'sts', 'policy-domain': at, 'policy-string': ['no policy\0\ud83d'] },
    });
    const many = Array.from({ length: 3000 }, (_, index) =>
      failed(
        at,
        'certificate-expired',
        { ...sts, tls_policy_string: [`mx: ${index % 30}.example`] },
        { remote: `mx${index}.example` },
      ),
    );
    const store = new MemoryEvents();
    store.append(many.map((each) => eventWith(each, day)));
    const [cut] = await readTlsReports(store.tallies, { day, domain: at, by });
    const { policies } = reportSchema.parse(cut?.report);
    assert.equal(policies.length, 20);
    for (const { summary, 'failure-details': details } of policies) {
      assert.equal(summary['total-failure-session-count'], 100);
      assert.equal(details?.length, 100);
    }
  });

  void it('are 5,000 at most, for the domains with the most sessions', async () => {
    const store = new MemoryEvents();
    const names = Array.from({ length: 5002 }, (_, index) => `d${index}.example`);
    store.append([...names, ...names.slice(2)].map((name) => eventWith(succeeded(name, noPolicy), day)));
    const domains = (await readTlsReports(store.tallies, { day, by })).map(({ domain }) => domain);
    assert.deepEqual(domains, names.slice(2).sort());
  });

  void it('are of one day alone', async () => {
    const store = new MemoryEvents();
    const times = [-1, 0, 24 * hour - 1, 24 * hour].map((offset) => day + offset);
    store.append(times.map((time) => eventWith(succeeded(at, sts), time)));
    const [one] = await readTlsReports(store.tallies, { day, domain: at, by });
    assert.equal(one?.report.policies[0]?.summary['total-successful-session-count'], 2);
    assert.deepEqual(await readTlsReports(store.tallies, { day, domain: 'b.example', by }), []);
  });
});
