import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SettingsError } from '../../../plugins/core/settings/document.ts';
import { parseSettings, readSettings } from '../../../plugins/core/settings/file.ts';
import { sampleSettings } from '../../../scripts/sample-settings.ts';

const directory =
  'directory:\n  urls: [ldaps://ldap.corp.example]\n  bind_dn: cn=gatekeeper\n  base: dc=corp\n';

const mistakes: readonly { it: string; text: string; says: string }[] = [
  {
    it: 'an unknown key',
    text: `${directory}tsl: {}\n`,
    says: 'gatekeeper.yaml:5:1: tsl: unknown key; did you mean tls?',
  },
  {
    it: 'an unknown key that resembles nothing',
    text: `${directory}frobnicate: {}\n`,
    says: 'gatekeeper.yaml:5:1: frobnicate: unknown key',
  },
  {
    it: 'a key that belongs elsewhere',
    text: `${directory}min_version: TLSv1.3\n`,
    says: 'gatekeeper.yaml:5:1: min_version: unknown key; did you mean tls.min_version?',
  },
  {
    it: 'an unknown key within a list',
    text: `${directory}listeners:\n  - { prot: 25, role: mx }\n`,
    says: 'gatekeeper.yaml:6:7: listeners.0.prot: unknown key; did you mean listeners.0.port?',
  },
  {
    it: 'a word that is no choice',
    text: `${directory}sender: { mode: enforced }\n`,
    says: 'gatekeeper.yaml:5:11: sender.mode: expected one of "enforce"|"observe"|"off"; did you mean enforce?',
  },
  {
    it: 'aliases that grow without end',
    text: `${directory}a: &a [1, 1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: [${'*b, '.repeat(40)}*b]\n`,
    says: 'gatekeeper.yaml:1:1: Excessive alias count indicates a resource exhaustion attack',
  },
  {
    it: 'an unknown key deep down',
    text: `${directory}tls:\n  minversion: x\n`,
    says: 'gatekeeper.yaml:6:3: tls.minversion: unknown key; did you mean tls.min_version?',
  },
  {
    it: 'a wrong type',
    text: `${directory}listeners:\n  - port: "25"\n    role: mx\n`,
    says: 'gatekeeper.yaml:6:5: listeners.0.port: expected number, received string',
  },
  {
    it: 'a word for true or false that YAML 1.2 does not know',
    text: `${directory}  start_tls: no\n`,
    says: 'gatekeeper.yaml:5:3: directory.start_tls: expected true or false, received string',
  },
  {
    it: 'a date in another order',
    text: `${directory}partners:\n  - {name: a, owner: o, expires: 31.12.2026, domains: [a.example]}\n`,
    says: 'gatekeeper.yaml:6:25: partners.0.expires: is no date like 2026-12-31',
  },
  {
    it: 'a value out of range',
    text: `${directory}deadline_seconds: 0\n`,
    says: 'gatekeeper.yaml:5:1: deadline_seconds: Too small: expected number to be >=0.1',
  },
  {
    it: 'a missing section',
    text: 'tls: {}\n',
    says: 'gatekeeper.yaml:1:1: directory: is missing: the role submission needs it',
  },
  {
    it: 'a listener of a role that the host has not',
    text: `${directory}roles: [submission]\nlisteners: [{ port: 25, role: mx }]\n`,
    says: 'gatekeeper.yaml:6:25: listeners.0.role: roles does not name mx',
  },
  {
    it: 'a role that stands twice',
    text: `${directory}roles: [mx, mx]\n`,
    says: 'gatekeeper.yaml:5:1: roles: names a role twice',
  },
  {
    it: 'a port that is listed twice',
    text: `${directory}listeners: [{ port: 25, role: mx }, { port: 25, role: submission }]\n`,
    says: 'gatekeeper.yaml:5:39: listeners.1.port: port 25 is listed already',
  },
  {
    it: 'a node that is also a trusted relay',
    text: `${directory}nodes: [{ name: a, addresses: [192.0.2.1] }]\ntrusted_relays: [{ name: b, addresses: [192.0.2.1] }]\n`,
    says: 'gatekeeper.yaml:6:41: trusted_relays.0.addresses.0: 192.0.2.1 is listed already',
  },
  {
    it: 'everybody as a trusted relay',
    text: `${directory}trusted_relays: [{ name: all, addresses: ["0.0.0.0/0"] }]\n`,
    says: 'gatekeeper.yaml:5:43: trusted_relays.0.addresses.0: expected ADDRESS or ADDRESS/PREFIX, and not everybody',
  },
  {
    it: 'everybody with an IPv4 address, written as IPv6',
    text: `${directory}trusted_relays: [{ name: all, addresses: ["::ffff:0.0.0.0/96"] }]\n`,
    says: 'gatekeeper.yaml:5:43: trusted_relays.0.addresses.0: expected ADDRESS or ADDRESS/PREFIX, and not everybody',
  },
  {
    it: 'a missing key',
    text: 'directory:\n  urls: [ldaps://x]\n  base: x\n',
    says: 'gatekeeper.yaml:1:1: directory.bind_dn: is missing',
  },
  {
    it: 'a key that stands twice',
    text: `${directory}tls: {}\ntls: {}\n`,
    says: 'gatekeeper.yaml:6:1: Map keys must be unique',
  },
  {
    it: 'a URL with another scheme',
    text: directory.replace('ldaps:', 'https:'),
    says: 'gatekeeper.yaml:2:10: directory.urls.0: expected ldaps://HOST[:PORT] or ldap://HOST[:PORT]',
  },
  {
    it: 'no YAML',
    text: 'a: [1\n',
    says: 'gatekeeper.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  },
  ...[
    'http://idp.example/keys',
    'http://127.0.0.1.example/keys',
    'https://user:pw@idp.example/keys',
    'https://idp.example/keys#x',
    'https://',
    'ftp://idp.example/keys',
    'idp.example/keys',
  ].map((url) => ({
    it: `keys from ${url}`,
    text: `${directory}oauth: { issuer: x, audience: y, jwks_url: '${url}' }\n`,
    says: 'gatekeeper.yaml:5:34: oauth.jwks_url: expected https://HOST[:PORT]/PATH without a login in it; http:// to a loopback address only',
  })),
  {
    it: 'a help text of two lines',
    text: `${directory}help_text: "a\\nb"\n`,
    says: 'gatekeeper.yaml:5:1: help_text: expected printable US-ASCII on one line',
  },
];

void describe('settings', () => {
  for (const { it: title, text, says } of mistakes) {
    void it(`name file, line, column and key of ${title}`, () => {
      assert.throws(
        () => parseSettings(text, 'gatekeeper.yaml'),
        (error) => error instanceof SettingsError && error.message.split('\n').includes(says),
        says,
      );
    });
  }

  void it('take keys over http from loopback addresses', () => {
    for (const url of ['http://127.0.0.1:8080/keys', 'http://localhost/keys', 'http://[::1]:1/keys']) {
      const text = `${directory}oauth: { issuer: x, audience: y, jwks_url: '${url}' }\n`;
      assert.equal(parseSettings(text, 'test').policy.oauth?.jwks_url, url);
    }
  });

  void it('say that a file is missing, and where a sample is', () => {
    assert.throws(
      () => readSettings('/nowhere'),
      /\/nowhere\/gatekeeper\.yaml: cannot be read \(ENOENT\); a sample/,
    );
  });

  void it('are refused when they are too long to be handed to a worker', () => {
    const text = (count: number) =>
      `${directory}protected_domains:\n${'  - domain.with.a.name.of.some.length.example\n'.repeat(count)}`;
    assert.equal(parseSettings(text(20_000), 'test').policy.protected_domains.length, 20_000);
    assert.throws(
      () => parseSettings(text(25_000), 'gatekeeper.yaml'),
      /^SettingsError: gatekeeper\.yaml:1:1: with its lists and those of gatekeeper\.d this is 11\d{5} characters, 1048576 are possible$/,
    );
  });

  void it('cannot be changed once they are read', () => {
    const { policy } = parseSettings(directory, 'test');
    assert.throws(() => (policy.listeners as unknown[]).push({}), TypeError);
  });

  void it('have the same revision for the same content, another for another', () => {
    const revision = (text: string) => parseSettings(text, 'test').revision;
    assert.equal(revision(directory), revision(`# comment\n${directory}`));
    assert.notEqual(revision(directory), revision(`${directory}help_text: x\n`));
  });
});

const named = ({ name }: { readonly name: string }) => name;

void describe('the sample file', () => {
  void it('is what the schema makes it: run `npm run generate` after a change', () => {
    assert.equal(
      readFileSync(join(import.meta.dirname, '../../../config/gatekeeper.yaml'), 'utf8'),
      sampleSettings(),
    );
  });

  void it('loads as it is', () => {
    assert.equal(parseSettings(sampleSettings(), 'sample').policy.directory?.start_tls, true);
  });

  void it('shows the defaults: the same settings come out when they are uncommented', () => {
    const lines = sampleSettings().split('\n');
    const isProse = (line: string) => /^\s*# (?:[A-Z]|yaml-language-server)/.test(line);
    // They stand for the lines `base` and `jwks_url`, never beside them; the files of certificates have no default.
    const isAlternative = (line: string) =>
      /\b(?:bind_template|jwks_file|authorities_file|revocations_file):/.test(line);
    const shown = lines.filter((line) => !isProse(line) && !isAlternative(line));
    const uncommented = shown.map((line) => line.replace(/^(\s*)# /, '$1')).join('\n');
    // Only that store may have a database.
    const sample = uncommented.replace('store: sqlite', 'store: postgresql');
    const {
      emergency,
      http,
      web,
      oauth,
      listeners,
      nodes,
      trusted_relays,
      directories,
      identity_sources: sources,
      directory,
      ...settings
    } = parseSettings(sample, 'sample').policy;
    const { min_version, ciphers, ...tls } = settings.tls;
    const { store, postgresql, spool_directory, webhook, digest, ...kept } = settings.audit;
    const { tls_reports, ...outbound } = settings.outbound;
    const rest = { ...settings, tls, audit: kept, outbound };
    const defaults = parseSettings(sampleSettings(), 'sample').policy;
    const { listeners: none, nodes: alone, trusted_relays: nobody, directories: single, ...more } = defaults;
    const { directory: search, audit, identity_sources: unnamed, ...others } = more;
    const { store: usual, ...ofAudit } = audit;
    const { ca_file, bind_password_file, group_base, ...found } = directory ?? {};
    assert.deepEqual(rest, { ...others, audit: ofAudit });
    assert.deepEqual(found, search);
    assert.deepEqual([none, alone, nobody, single, unnamed], [[], [], [], [], []]);
    assert.deepEqual(listeners, [{ port: 2525, role: 'mx' }]);
    assert.deepEqual([min_version, ciphers], ['TLSv1.3', 'ECDHE+AESGCM']);
    assert.deepEqual([emergency, http?.port, web?.port], ['observe', 8025, 8026]);
    assert.deepEqual([usual, store, postgresql?.host], ['sqlite', 'postgresql', 'db.example.com']);
    assert.deepEqual(
      [spool_directory, webhook?.url, digest?.at],
      ['/var/spool/gatekeeper-events', 'https://siem.example.com/gatekeeper', '07:00'],
    );
    assert.deepEqual([nodes[0]?.name, trusted_relays[0]?.name], ['gateway-2', 'backup-mx']);
    assert.deepEqual([ca_file, bind_password_file], ['ldap-ca.pem', 'ldap.password']);
    assert.deepEqual([oauth?.ca_file, oauth?.login_claim], ['idp-ca.pem', 'email']);
    assert.equal(group_base, 'ou=groups,dc=example,dc=com');
    assert.ok(tls_reports);
    assert.equal(directories[0]?.login_domains[0], 'other.example');
    assert.deepEqual(sources.map(named), ['sqlite']);
  });
});
