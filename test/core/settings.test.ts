import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseSettings, readSettingsFile, SettingsError } from '../../plugins/core/settings-file.ts';
import { sampleSettings } from '../../scripts/sample-settings.ts';

const directory =
  'directory:\n  urls: [ldaps://ldap.corp.example]\n  bind_dn: cn=gatekeeper\n  base: dc=corp\n';

const mistakes: readonly { it: string; text: string; says: string }[] = [
  { it: 'an unknown key', text: `${directory}tsl: {}\n`, says: 'gatekeeper.yaml:5:1: tsl: unknown key' },
  {
    it: 'an unknown key deep down',
    text: `${directory}tls:\n  minversion: x\n`,
    says: 'gatekeeper.yaml:6:3: tls.minversion: unknown key',
  },
  {
    it: 'a wrong type',
    text: `${directory}listeners:\n  - port: "25"\n    role: mx\n`,
    says: 'gatekeeper.yaml:6:5: listeners.0.port: expected number, received string',
  },
  {
    it: 'a value out of range',
    text: `${directory}deadline_seconds: 0\n`,
    says: 'gatekeeper.yaml:5:1: deadline_seconds: Too small: expected number to be >=0.1',
  },
  { it: 'a missing section', text: 'tls: {}\n', says: 'gatekeeper.yaml:1:1: directory: is missing' },
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

  void it('say that a file is missing, and where a sample is', () => {
    assert.throws(
      () => readSettingsFile('/nowhere/gatekeeper.yaml'),
      /\/nowhere\/gatekeeper\.yaml: cannot be read \(ENOENT\); a sample/,
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

void describe('the sample file', () => {
  void it('is what the schema makes it: run `npm run generate` after a change', () => {
    assert.equal(
      readFileSync(join(import.meta.dirname, '../../config/gatekeeper.yaml'), 'utf8'),
      sampleSettings(),
    );
  });

  void it('loads as it is', () => {
    assert.equal(parseSettings(sampleSettings(), 'sample').policy.directory.start_tls, true);
  });

  void it('shows the defaults: the same settings come out when they are uncommented', () => {
    const lines = sampleSettings().split('\n');
    const isProse = (line: string) => /^\s*# [A-Z]/.test(line);
    const uncommented = lines.filter((line) => !isProse(line)).map((line) => line.replace(/^(\s*)# /, '$1'));
    const {
      http,
      listeners,
      directory: shown,
      ...rest
    } = parseSettings(uncommented.join('\n'), 'sample').policy;
    const {
      http: _,
      listeners: none,
      directory: defaults,
      ...expected
    } = parseSettings(sampleSettings(), 'sample').policy;
    const { ca_file, bind_password_file, ...others } = shown;
    assert.deepEqual(rest, expected);
    assert.deepEqual(others, defaults);
    assert.deepEqual([listeners, none], [[{ port: 2525, role: 'mx' }], []]);
    assert.deepEqual([http?.port, ca_file, bind_password_file], [8025, 'ldap-ca.pem', 'ldap.password']);
  });
});
