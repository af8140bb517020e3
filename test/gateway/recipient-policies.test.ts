import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plugin } from './other-haraka.ts';
import { cases, domainOf, domains } from './recipient-cases.ts';
import { RecipientWorld, type Published } from './recipient-world.ts';
import { heardNothing, mail, noticeOf, Signers } from './servers-of-domains.ts';

interface Scene {
  readonly world: RecipientWorld;
  readonly test: TestGateway;
}

/** A gateway in a world, there while the tests of a block run; `settings` for the section outbound. */
function scene(
  published: ReadonlyMap<string, Published>,
  settings: object = {},
  begin: (test: TestGateway) => Promise<unknown> = () => Promise.resolve(),
): Scene {
  const signers = new Signers();
  const world = new RecipientWorld(signers);
  let gateway: TestGateway;
  before(async () => {
    await world.start(published);
    gateway = await startTestGateway({
      first: [plugin('world-dns')],
      env: signers.environment(),
      config: {
        'world-dns.json': world.places('.dns.example'),
        'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n',
      },
      // Long: mail that waits for DNS in vain comes back here at once.
      settings: {
        outbound: { dane: 'enforce', ...settings },
        dns: { servers: [world.dnsAddress], timeout_seconds: 20 },
      },
    });
    await begin(gateway);
  });
  after(async () => {
    await gateway.stop();
    await world.stop();
    signers.remove();
  });
  return {
    world,
    get test() {
      return gateway;
    },
  };
}

/** Events of TLS that failed for mail to a domain, by their reasons. */
function failuresOf(test: TestGateway, to: string): readonly GatekeeperEvent[] {
  return test
    .events()
    .filter(({ check, recipients }) => check === 'outbound/tls' && recipients?.includes(to));
}

void describe('what recipients publish of their TLS', () => {
  const at = scene(domains, {}, (test) =>
    Promise.all([...domains].map(([domain, { letter }]) => mail(test, `carol@${domain}`, 'alice', letter))),
  );

  for (const [domain, { it: what, takes, by, says, status = '5.7.4', fails }] of domains) {
    const to = `carol@${domain}`;
    const told = async () => {
      if (!fails) return;
      await eventually('events', () => failuresOf(at.test, to).length >= fails.length);
      assert.deepEqual(
        failuresOf(at.test, to).map(({ reason }) => reason),
        fails,
      );
    };
    if (takes === undefined) {
      void it(`gives mail back, and says why: ${what} (${domain})`, async () => {
        const notice = await noticeOf(at.test, to);
        assert.match(notice.replace(/\s+/g, ' '), says ?? /^$/);
        assert.ok(notice.includes(`\r\nStatus: ${status}`), notice);
        heardNothing(at.world.serversOf(domain));
        await told();
      });
      continue;
    }
    void it(`hands mail on: ${what} (${domain})`, async () => {
      const servers = at.world.serversOf(domain);
      await eventually('the mail', () => servers[takes]?.taken.some((each) => each.to.includes(to)));
      assert.equal(servers.filter(({ taken }) => taken.length > 0).length, 1);
      const event = await eventually('its event', () =>
        at.test
          .events()
          .find(({ outcome, recipients }) => outcome === 'delivered' && recipients?.includes(to)),
      );
      assert.equal(event.tls_policy, by);
      if (by === 'tlsa' || by === 'sts') assert.equal(event.remote_verified, true);
      await told();
    });
  }

  void it('is said to the next server by whoever was asked for it (RFC 8689 §4.2.1)', () => {
    const saying = [...domains.keys()].filter((domain) =>
      at.world.serversOf(domain).some(({ heard }) => heard.some(({ line }) => line.endsWith(' REQUIRETLS'))),
    );
    assert.deepEqual(saying, [domainOf('requiretls'), domainOf('requiretls-signed')]);
  });

  const reported = {
    none: [{ policy: 'no-policy-found', good: 0, failed: ['starttls-not-supported'] }],
    good: [{ policy: 'sts', good: 1, failed: [] }],
    second: [{ policy: 'sts', good: 1, failed: ['validation-failure'] }],
    testing: [{ policy: 'sts', good: 0, failed: ['starttls-not-supported'] }],
    gone: [
      { policy: 'no-policy-found', good: 0, failed: ['starttls-not-supported'] },
      { policy: 'sts', good: 0, failed: ['sts-policy-fetch-error'] },
    ],
    dane: [{ policy: 'tlsa', good: 1, failed: [] }],
    'dane-hidden': [
      { policy: 'tlsa', good: 1, failed: [] },
      { policy: 'tlsa', good: 0, failed: ['dnssec-invalid'] },
    ],
  };
  for (const [name, policies] of Object.entries(reported)) {
    void it(`is told to the domain in a report (RFC 8460): ${name}`, async () => {
      const event = at.test
        .events()
        .find(({ recipients }) => recipients?.includes(`carol@${domainOf(name)}`));
      const day = event?.time.slice(0, 10) ?? assert.fail('no event');
      const report = await tlsReportOf(at.test, day, domainOf(name));
      assert.deepEqual(report.sort(byPolicy), [...policies].sort(byPolicy));
    });
  }
});

interface Told {
  readonly policy: string;
  readonly good: number;
  readonly failed: readonly string[];
}

function byPolicy(one: Told, other: Told): number {
  return `${one.policy} ${other.good}`.localeCompare(`${other.policy} ${one.good}`);
}

async function tlsReportOf(test: TestGateway, day: string, domain: string): Promise<Told[]> {
  const { code, out, err } = await gatekeeper(['report', '--tlsrpt', '--day', day, '--domain', domain], {
    haraka: test.dir,
  });
  assert.equal(code, 0, err);
  const { policies } = JSON.parse(out) as {
    policies: {
      policy: { 'policy-type': string };
      summary: { 'total-successful-session-count': number };
      'failure-details'?: { 'result-type': string }[];
    }[];
  };
  return policies.map(({ policy, summary, 'failure-details': failures = [] }) => ({
    policy: policy['policy-type'],
    good: summary['total-successful-session-count'],
    failed: failures.map((each) => each['result-type']),
  }));
}

void describe('what recipients publish, and change', () => {
  const published = ['renewed', 'expiring', 'shared'].map((name): [string, Published] => {
    const maxAge = name === 'expiring' ? 1 : 86_400;
    return [domainOf(name), { servers: [{}], sts: { mode: 'enforce', maxAge } }];
  });
  const at = scene(new Map(published));

  const taken = (to: string, count = 1) =>
    eventually('the mail', () => {
      const [server] = at.world.serversOf(to.replace(/^.*@/, ''));
      return server?.taken.filter((each) => each.to.includes(to)).length === count;
    });
  const loseTls = (domain: string): void => {
    const [server] = at.world.serversOf(domain);
    if (server) server.manners.startTls = undefined;
  };

  void it('is the last policy, where the new one cannot be had (RFC 8461 §3.3)', async () => {
    const [to, domain] = ['carol@renewed.dns.example', domainOf('renewed')];
    await mail(at.test, to);
    await taken(to);
    at.world.publish(domain, { mode: 'enforce', id: '2', isGone: true });
    loseTls(domain);
    // So long an answer of the DNS is believed at least.
    await delay(5500);
    await mail(at.test, to);
    assert.match(
      (await noticeOf(at.test, to)).replace(/\s+/g, ' '),
      /required by the MTA-STS policy of renewed/,
    );
    assert.deepEqual(
      failuresOf(at.test, to).map(({ reason }) => reason),
      ['sts-policy-fetch-error', 'starttls-not-supported'],
    );
  });

  void it('is none, once that has expired', async () => {
    const [to, domain] = ['carol@expiring.dns.example', domainOf('expiring')];
    await mail(at.test, to);
    await taken(to);
    at.world.publish(domain, { mode: 'enforce', id: '2', isGone: true });
    loseTls(domain);
    await delay(5500);
    await mail(at.test, to);
    await taken(to, 2);
  });

  void it('is demanded of no other message to the same server', async () => {
    const [to, domain] = ['carol@shared.dns.example', domainOf('shared')];
    loseTls(domain);
    const free = { fields: 'TLS-Required: No\r\n' };
    await Promise.all([undefined, free, undefined, free].map((letter) => mail(at.test, to, 'alice', letter)));
    await taken(to, 2);
    await noticeOf(at.test, to);
    await eventually('both events', () => failuresOf(at.test, to).length === 2);
  });
});

void describe('what recipients publish, observed', () => {
  const names = ['plain', 'unnamed', 'literal', 'dane-wrong', 'dane-plain', 'good', 'dane'];
  const published = [...domains].filter(([domain]) => names.some((name) => domain === domainOf(name)));
  const at = scene(new Map(published), { mta_sts: 'observe', dane: 'observe' }, (test) =>
    Promise.all(names.map((name) => mail(test, `carol@${domainOf(name)}`))),
  );

  for (const name of names) {
    const to = `carol@${domainOf(name)}`;
    void it(`keeps no mail back, and tells of it: ${cases[name]?.it ?? ''} (${name})`, async () => {
      const event = await eventually('the delivery', () =>
        at.test
          .events()
          .find(({ outcome, recipients }) => outcome === 'delivered' && recipients?.includes(to)),
      );
      const isMet = cases[name]?.takes !== undefined;
      assert.equal(event.tls_policy, isMet ? cases[name]?.by : undefined);
      const failures = failuresOf(at.test, to);
      assert.equal(failures.length, isMet ? 0 : 1);
      for (const { would_refuse: isWithheld, mode } of failures) assert.ok(isWithheld && mode === 'observe');
    });
  }
});
