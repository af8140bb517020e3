import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import type { SmartHostServer } from '../support/smart-host.ts';
import { plugin } from './other-haraka.ts';
import { heardNothing, mail, noticeOf, plainly, Signers, type Server } from './servers-of-domains.ts';

interface Case {
  readonly it: string;
  /** Below verify.example, encrypt.example or may.example. */
  readonly domain: string;
  /** In the order of their priority. */
  readonly servers: readonly Server[];
  /** Which of them takes the mail. */
  readonly takes?: number;
  /** What its sender reads, where none does. */
  readonly says?: RegExp;
}

const cases: readonly Case[] = [
  { it: 'a good server', domain: 'good.verify.example', servers: [{}], takes: 0 },
  {
    ...{ it: 'no STARTTLS', domain: 'plain.verify.example', servers: [plainly] },
    says: /TLS with a verified certificate is required by require_tls of \*\.verify\.example, and no server offers it: mx0\.plain\.verify\.example: offers no STARTTLS/,
  },
  {
    ...{ it: 'no STARTTLS', domain: 'plain.encrypt.example', servers: [plainly] },
    says: /TLS is required by require_tls of \*\.encrypt\.example, and no server offers it: mx0\.plain\.encrypt\.example: offers no STARTTLS/,
  },
  { it: 'no STARTTLS', domain: 'plain.may.example', servers: [plainly], takes: 0 },
  {
    ...{ it: 'STARTTLS refused', domain: 'refuses.encrypt.example' },
    servers: [{ wrong: { startTls: '454 4.7.0 TLS not available' } }],
    says: /refuses STARTTLS: 454 4\.7\.0 TLS not available/,
  },
  {
    ...{ it: 'commands injected behind its answer', domain: 'injected.encrypt.example' },
    servers: [{ wrong: { injected: '250-x\r\n250 SIZE\r\n' } }],
    says: /says something in clear where TLS begins/,
  },
  {
    ...{ it: 'a certificate of a stranger', domain: 'stranger.verify.example' },
    servers: [{ certificate: 'of a stranger' }],
    says: /its certificate is not trusted \(\w+\)/,
  },
  {
    ...{ it: 'a certificate of a stranger', domain: 'stranger.encrypt.example' },
    servers: [{ certificate: 'of a stranger' }],
    takes: 0,
  },
  {
    ...{ it: 'a certificate that has expired', domain: 'expired.verify.example' },
    servers: [{ certificate: 'expired' }],
    says: /its certificate has expired/,
  },
  {
    ...{ it: 'a certificate of another name', domain: 'other.verify.example' },
    servers: [{ certificate: 'of another name' }],
    says: /its certificate is for another name/,
  },
  {
    ...{ it: 'TLS 1.1', domain: 'old.encrypt.example' },
    servers: [{ wrong: { newest: 'TLSv1.1' } }],
    says: /mx0\.old\.encrypt\.example: TLS fails: /,
  },
  {
    ...{ it: 'an address literal without a certificate for it', domain: 'literal.verify.example' },
    servers: [{ isLiteral: true }],
    says: /127\.0\.0\.1: its certificate is for another name/,
  },
  {
    ...{ it: 'an address literal with one', domain: 'address.verify.example' },
    servers: [{ isLiteral: true, certificate: 'of its address' }],
    takes: 0,
  },
  {
    ...{ it: 'several servers, of which the last is good', domain: 'several.verify.example' },
    servers: [plainly, { wrong: { startTls: '554 5.7.4 No' } }, { certificate: 'of a stranger' }, {}],
    takes: 3,
  },
  {
    ...{ it: 'several servers, of which none is good', domain: 'none.verify.example' },
    servers: [plainly, { certificate: 'expired' }],
    says: /mx0\.none\.verify\.example: offers no STARTTLS; mx1\.none\.verify\.example: its certificate has expired/,
  },
];

const requireTls = [
  { level: 'verify', recipient_domains: ['*.verify.example'] },
  { level: 'encrypt', recipient_domains: ['*.encrypt.example'] },
  { level: 'verify', identities: ['bob@corp.example'] },
];

const signers = new Signers();

after(() => signers.remove());

/** The servers of the world, by domain, and what Haraka is told of them. */
class World {
  readonly servers = new Map<string, SmartHostServer[]>();

  async add(domain: string, servers: readonly Server[]): Promise<void> {
    this.servers.set(domain, await signers.start(domain, servers));
  }

  lists(of: readonly Case[]): string {
    const entries = of.map(({ domain, servers }) => [
      domain,
      servers.map(({ isLiteral }, index) => ({
        ...{ priority: index, exchange: '127.0.0.1', port: this.servers.get(domain)?.[index]?.port },
        ...(isLiteral ? {} : { from_dns: `mx${index}.${domain}` }),
      })),
    ]);
    return JSON.stringify(Object.fromEntries(entries));
  }

  stop(): void {
    for (const server of [...this.servers.values()].flat()) server.stop();
  }
}

async function started(world: World, of: readonly Case[], outbound: string): Promise<TestGateway> {
  await Promise.all(of.map(({ domain, servers }) => world.add(domain, servers)));
  return startTestGateway({
    first: [plugin('mx-lists')],
    env: signers.environment(),
    config: { 'mx-lists.json': world.lists(of), 'outbound.ini': `${outbound}\nlocal_mx_ok=true\n` },
    settings: { require_tls: requireTls },
  });
}

void describe('require_tls', () => {
  const world = new World();
  let test: TestGateway;
  before(async () => {
    test = await started(world, cases, 'temp_fail_intervals=none');
    await Promise.all(cases.map(({ domain }) => mail(test, `carol@${domain}`)));
  });
  after(async () => {
    await test.stop();
    world.stop();
  });

  for (const { it: what, domain, takes, says } of cases) {
    const to = `carol@${domain}`;
    const servers = () => world.servers.get(domain) ?? assert.fail(domain);
    if (takes === undefined) {
      void it(`gives mail back, and says why: ${what} (${domain})`, async () => {
        const notice = await noticeOf(test, to);
        assert.match(notice, /\r\nStatus: 5\.7\.4\b/);
        assert.match(notice.replace(/\s+/g, ' '), says ?? /^$/);
        heardNothing(servers());
      });
      continue;
    }
    void it(`hands mail on: ${what} (${domain})`, async () => {
      const right = servers()[takes];
      await eventually('the mail', () => right?.taken.some((each) => each.to.includes(to)));
      assert.deepEqual(
        servers().map(({ taken }) => taken.length),
        servers().map((_, index) => (index === takes ? 1 : 0)),
      );
      const isClear = domain.endsWith('may.example');
      const said = right?.heard.find(({ line }) => line.startsWith('MAIL'));
      assert.equal(said?.isTls, !isClear);
    });
  }

  void it('demands of one message what another beside it does not need, from the same server', async () => {
    const to = 'dave@plain.may.example';
    await Promise.all([mail(test, to), mail(test, to, 'bob'), mail(test, to), mail(test, to, 'bob')]);
    assert.match(
      (await noticeOf(test, to)).replace(/\s+/g, ' '),
      /is required by require_tls of bob@corp\.example/,
    );
    const [server] = world.servers.get('plain.may.example') ?? [];
    await eventually('the others', () => server?.taken.filter((each) => each.to.includes(to)).length === 2);
    const senders = server?.heard.flatMap(({ line }) => /^MAIL FROM:<(.*?)>/.exec(line)?.[1] ?? []);
    assert.ok(!senders?.includes('bob@corp.example'));
  });
});

void describe('require_tls, tried again', () => {
  const world = new World();
  const of: readonly Case[] = [{ it: 'no STARTTLS', domain: 'later.verify.example', servers: [plainly] }];
  let test: TestGateway;
  before(async () => {
    test = await started(world, of, 'temp_fail_intervals=5s*10');
  });
  after(async () => {
    await test.stop();
    world.stop();
  });

  void it('keeps mail until a server offers what it needs, and tells of it', async () => {
    const to = 'carol@later.verify.example';
    await mail(test, to);
    const event = await eventWith(test, { check: 'outbound/delivery', outcome: 'deferred' });
    assert.match(event.answer ?? event.detail ?? '', /mx0\.later\.verify\.example: offers no STARTTLS/);
    const [server] = world.servers.get('later.verify.example') ?? [];
    if (server) server.manners.startTls = '220 Go on';
    await eventually('the mail', () => server?.taken.length === 1);
    assert.equal((await eventWith(test, { outcome: 'delivered' })).remote_verified, true);
  });
});
