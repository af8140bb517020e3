import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import { zone } from '../../scripts/demo/zone.ts';
import { gatekeeper } from '../support/command.ts';
import { awkwardLdif } from '../support/directory-people.ts';
import { answerTo, startFakeDns, type FakeDns } from '../support/fake-dns.ts';
import { answer, startFakeLdap, type FakeLdap, type Script } from '../support/fake-ldap.ts';
import { startSite, type Site } from '../support/instance.ts';
import { createAuthority, type Authority, type Certificate } from '../support/ldap-certificates.ts';
import { issuerKey, KeyServer } from '../support/oauth.ts';
import { freePorts } from '../support/ports.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';
import { startSmartHost, type Manners, type SmartHostServer } from '../support/smart-host.ts';
import {
  assertNoSecret,
  directory,
  jsonOf,
  relayPassword,
  secretFiles,
  settingsOf,
  smartHost,
  startEndless,
  startWebhook,
  tokens,
  user,
  type WebhookServer,
} from './online-scene.ts';

let authority: Authority;
let certificate: Certificate;
let foreign: Certificate;
before(async () => {
  authority = await createAuthority();
  [certificate, foreign] = await Promise.all([
    authority.issue('DNS:localhost'),
    authority.issue('DNS:other.example'),
  ]);
});
after(() => authority.remove());

void describe('gatekeeper check --online where all is well', () => {
  let site: Site;
  let slapd: Slapd;
  let dns: DnsServer;
  let relay: SmartHostServer;
  let keys: KeyServer;
  let hook: WebhookServer;
  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() });
    dns = await startDns({ port: 0, zone });
    relay = await startSmartHost({
      ...{ certificate, startTls: '220 Go on', auth: ['LOGIN', 'PLAIN'], password: relayPassword },
    });
    keys = await new KeyServer(certificate, [await issuerKey('a'), await issuerKey('b')]).start();
    hook = await startWebhook(certificate);
    site = await startSite({
      dnsPort: dns.port,
      config: secretFiles(authority),
      settings: {
        directories: [
          directory('corp', [slapd.url, slapd.url.replace('127.0.0.1', 'localhost')], {
            limits_attribute: 'gatekeeperLimitz',
          }),
        ],
        smart_hosts: [
          smartHost('relay', relay.port),
          smartHost('may', relay.port, {
            tls: 'may',
            ca_file: undefined,
            user: undefined,
            password_file: undefined,
          }),
        ],
        oauth: tokens(keys.url()),
        audit: { webhook: { url: hook.url, ca_file: 'ca.pem' } },
      },
    });
  });
  after(async () => {
    await Promise.all([site.stop(), dns.stop(), keys.stop(), slapd.stop()]);
    relay.stop();
    hook.stop();
  });

  void it('says of each server what came of it', async () => {
    const result = await gatekeeper(['check', '--online'], { haraka: site.dir });
    const lines = result.out.trimEnd().split('\n');
    const { urls } = settingsOf(site).directory;
    assert.deepEqual([result.code, lines[0], result.err], [0, 'ok', ''], result.out);
    const from = lines.findIndex((line) => line.startsWith('online'));
    const online = lines.slice(from).map((line) => line.slice('online           '.length - 7).trim());
    const good = 'takes the service account, and answers a search';
    const words = online.slice(0, -1);
    assert.deepEqual(words, [
      `directory ${urls[0]}: ${good}`,
      `directories.corp ${slapd.url}: ${good}`,
      `directories.corp ${slapd.url.replace('127.0.0.1', 'localhost')}: ${good}`,
      `dns 127.0.0.1:${dns.port}: answers for corp.example`,
      `smart host relay: verified TLSv1.3; takes the login of ${user}`,
      'smart host may: TLSv1.3, not verified (tls: may); no login is set',
      `oauth ${keys.url()}: has 2 public keys`,
      `webhook ${hook.shown}: verified TLSv1.3; nothing was sent`,
    ]);
    assert.match(
      lines.at(-1) ?? '',
      /^warning +directories\.corp\.limits_attribute: the schema of the directory does not know gatekeeperLimitz/,
    );
    assertNoSecret(result);
    assert.deepEqual(hook.asked, []);
    assert.ok(!relay.heard.some(({ line }) => line.startsWith('MAIL')));
  });

  void it('gives the same as JSON', async () => {
    const result = await gatekeeper(['check', '--online', '--json'], { haraka: site.dir });
    const { ok, online = [], warnings = [] } = jsonOf(result);
    assert.deepEqual([result.code, ok, online.length, warnings.length], [0, true, 8, 1]);
    assert.deepEqual(online[4], {
      ...{ what: 'smart host', name: 'relay', ok: true },
      says: `verified TLSv1.3; takes the login of ${user}`,
    });
    assertNoSecret(result);
  });
});

/** What goes wrong, by the name of its entry, and what is said of it. */
const ldapCases: Readonly<Record<string, { script: Script; more?: object; says: RegExp }>> = {
  base: {
    script: { search: ({ id }) => answer.done(id, 32) },
    says: /^the search failed: noSuchObject.*; searched: "ou=people,dc=corp,dc=example" \(directory\.base\)$/,
  },
  silent: {
    script: { serviceBind: () => undefined },
    more: { operation_timeout_seconds: 0.3, login_timeout_seconds: 0.6 },
    says: /^(bind: )?no answer to bind within 0\.3 s|within 0\.[36] s/,
  },
  busy: { script: { serviceBind: ({ id }) => answer.bind(id, 51) }, says: /busy/ },
};

const relayCases: Readonly<Record<string, { manners: Partial<Manners>; more?: object; says: RegExp }>> = {
  clear: { manners: { startTls: undefined }, says: /^offers no STARTTLS$/ },
  untrusted: { manners: {}, more: { ca_file: undefined }, says: /^TLS fails: .*certificate/ },
  refused: {
    manners: { password: 'another', refusal: '535 5.7.8 No: {line}' },
    says: /^refuses the credentials of gateway@corp\.example: 535 \(what it says repeats the password\)$/,
  },
  injected: {
    manners: { injected: '250 AUTH PLAIN\r\n' },
    says: /^says something in clear where TLS begins$/,
  },
};

void describe('gatekeeper check --online where servers fail', () => {
  let site: Site;
  let stop: (() => unknown)[] = [];
  const ldap: Record<string, FakeLdap> = {};
  const relays: Record<string, SmartHostServer> = {};
  let wrong: readonly FakeLdap[];
  let named: FakeLdap;
  let closed: number;
  let dns: { servfail: FakeDns; silent: FakeDns };
  let endless: Awaited<ReturnType<typeof startEndless>>;
  let keys: KeyServer;
  let hook: WebhookServer;
  before(async () => {
    for (const [name, { script }] of Object.entries(ldapCases)) ldap[name] = await startFakeLdap(script);
    const refusing: Script = { serviceBind: ({ id }) => answer.bind(id, 49) };
    wrong = await Promise.all([startFakeLdap(refusing), startFakeLdap(refusing), startFakeLdap(refusing)]);
    named = await startFakeLdap({ certificate: foreign, ldaps: true });
    for (const [name, { manners }] of Object.entries(relayCases)) {
      const usual = { certificate, startTls: '220 Go on', auth: ['PLAIN'], password: relayPassword };
      relays[name] = await startSmartHost({ ...usual, ...manners });
    }
    endless = await startEndless();
    dns = {
      servfail: await startFakeDns((query) => answerTo(query, { rcode: 2 })),
      silent: await startFakeDns(() => undefined),
    };
    keys = await new KeyServer(certificate, [await issuerKey('a')]).start();
    hook = await startWebhook(foreign);
    [closed] = await freePorts(1);
    const [first, second, third] = wrong.map(({ url }) => url) as [string, string, string];
    const account = { bind_password_file: 'wrong.password' };
    site = await startSite({
      config: secretFiles(authority),
      settings: {
        directories: [
          directory('first', [first, second], account),
          directory('second', [third], account),
          directory('named', [`ldaps://localhost:${named.port}`], { ca_file: 'ca.pem' }),
          directory('closed', [`ldap://127.0.0.1:${closed}`]),
          ...Object.entries(ldapCases).map(([name, { more }]) =>
            directory(name, [ldap[name]?.url ?? ''], more),
          ),
        ],
        dns: { servers: [dns.servfail.address, dns.silent.address], timeout_seconds: 0.2 },
        smart_hosts: [
          ...Object.entries(relayCases).map(([name, { more }]) =>
            smartHost(name, relays[name]?.port ?? 0, more),
          ),
          smartHost('endless', endless.port),
          smartHost('closed', closed),
        ],
        oauth: tokens(keys.url('/missing')),
        audit: { webhook: { url: hook.url, ca_file: 'ca.pem' } },
      },
    });
    stop = [
      ...[...Object.values(ldap), ...wrong, named].map(({ close }) => close),
      ...[...Object.values(relays), endless, hook].map((each) => () => each.stop()),
      ...[() => dns.servfail.stop(), () => dns.silent.stop(), () => keys.stop(), () => site.stop()],
    ];
  });
  after(() => Promise.all(stop.map((each) => each())));

  const connections = () =>
    [
      ...[...Object.values(ldap), ...wrong, named].map(({ accepted }) => accepted()),
      ...Object.values(relays).map((each) => each.connections),
      ...[dns.servfail, dns.silent].map(({ queries }) => queries.length),
      ...[endless.connections(), keys.asked, hook.connections()],
    ].reduce((sum, count) => sum + count, 0);

  void it('asks nobody without --online', async () => {
    const { code, out } = await gatekeeper(['check'], { haraka: site.dir });
    assert.deepEqual([code, out.split('\n')[0], connections()], [0, 'ok', 0]);
    assert.doesNotMatch(out, /^online/m);
  });

  /** Each server in the order of the settings, and what is said of it; `true`: it is well. */
  function whatFails(): readonly (readonly [string, string, RegExp | true])[] {
    const [first, second, third] = wrong.map(({ url }) => url) as [string, string, string];
    return [
      ['directory', settingsOf(site).directory.urls[0] ?? '', true],
      [
        ...(['directories.first', first] as const),
        /^the server refused the service account cn=gatekeeper,.*: invalidCredentials/,
      ],
      ['directories.first', second, /^not asked: ldap:.* has refused the same account/],
      ['directories.second', third, /^not asked: ldap:.* has refused the same account/],
      [
        'directories.named',
        `ldaps://localhost:${named.port}`,
        /^Hostname\/IP does not match certificate's altnames/,
      ],
      ['directories.closed', `ldap://127.0.0.1:${closed}`, /ECONNREFUSED/],
      ...Object.entries(ldapCases).map(
        ([name, { says }]) => [`directories.${name}`, ldap[name]?.url ?? '', says] as const,
      ),
      ['dns', dns.servfail.address, /^cannot answer for corp\.example \(TXT\): .* answered SERVFAIL/],
      ['dns', dns.silent.address, /^no answer for corp\.example \(TXT\): asked 3 times, 0\.2 s each$/],
      ...Object.entries(relayCases).map(([name, { says }]) => ['smart host', name, says] as const),
      ['smart host', 'endless', /^a reply has more than 100 lines$/],
      ['smart host', 'closed', /ECONNREFUSED/],
      ['oauth', keys.url('/missing'), /^HTTP 404$/],
      ['webhook', hook.shown, /^Hostname\/IP does not match certificate's altnames/],
    ];
  }

  void it('says of each why it fails, and 69', async () => {
    const begin = performance.now();
    const result = await gatekeeper(['check', '--online', '--json'], { haraka: site.dir, ownProcess: true });
    const { ok, online = [] } = jsonOf(result);
    assert.deepEqual([result.code, ok], [69, false]);
    assert.ok(performance.now() - begin < 60_000, 'nothing keeps the process');
    const expected = whatFails();
    assert.deepEqual(
      online.map(({ what, name, ok: isWell }) => [what, name, isWell]),
      expected.map(([what, name, says]) => [what, name, says === true]),
    );
    for (const [index, [what, name, says]] of expected.entries()) {
      if (says !== true) assert.match(online[index]?.says ?? '', says, `${what} ${name}`);
    }
    assertNoSecret(result);
  });

  void it('has shown a password that is refused to one server only', () => {
    const binds = wrong.map(({ kinds }) => kinds().filter((kind) => kind === 'service-bind').length);
    assert.deepEqual(binds, [1, 0, 0]);
    assert.deepEqual(hook.asked, []);
  });

  void it('says what fails first, and what does not behind it', async () => {
    const result = await gatekeeper(['check', '--online'], { haraka: site.dir });
    const lines = result.out.trimEnd().split('\n');
    assert.deepEqual([result.code, result.err], [69, '']);
    assert.equal(lines.filter((line) => line.startsWith('no: ')).length, 18);
    assert.ok(lines.slice(0, 18).every((line) => line.startsWith('no: ')));
    assert.match(
      lines[0] ?? '',
      /^no: directories\.first ldap:\/\/[\d.:]+: the server refused the service account/,
    );
    const online = lines.filter((line) => line.startsWith('online'));
    assert.deepEqual(online, [
      `online    directory ${settingsOf(site).directory.urls[0]}: takes the service account, and answers a search`,
    ]);
    assertNoSecret(result);
  });

  void it('asks nobody where the gateway would not start', async () => {
    const file = join(site.dir, 'config/plugins');
    const before = [readFileSync(file, 'utf8'), connections()] as const;
    writeFileSync(file, 'tls\n');
    const { code, out } = await gatekeeper(['check', '--online'], { haraka: site.dir });
    writeFileSync(file, before[0]);
    assert.deepEqual([code, out], [78, 'config/plugins loads no plugin of gatekeeper that starts\n']);
    assert.equal(connections(), before[1]);
  });
});
