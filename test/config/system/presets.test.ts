import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { presetNames, type Preset } from '../../../plugins/core/directory/presets.ts';
import { directorySettings } from '../../../plugins/core/directory/settings.ts';

const read = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../config/system', name), 'utf8');

/** The attributes that the file of a server lets the gateway read, and those that it may only compare. */
interface Shown {
  readonly read: readonly string[];
  readonly search: readonly string[];
}

const uncommented = (text: string) => text.replace(/^#.*\n/gm, '');
const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase());
const people = 'ou=people,dc=corp,dc=example';

/** Rules for the people, or for all; of a rule the first line that names the gateway counts. */
function openldap(text: string): Shown {
  const rules = uncommented(text)
    .split(/^(?:access|olcAccess: \{\d+\}) ?to /m)
    .flatMap((rule) => {
      const [, subtree = '', attributes = ''] = /^dn\.subtree="([^"]*)"\s+attrs=(\S+)/.exec(rule) ?? [];
      const [, right = ''] = /by dn\.exact="cn=gatekeeper,[^"]*" (\w+)/.exec(rule) ?? [];
      return people.endsWith(subtree) && subtree !== '' ? [{ names: attributes.split(','), right }] : [];
    });
  const those = (wanted: string) => rules.flatMap(({ names, right }) => (right === wanted ? names : []));
  return { read: those('read'), search: [...those('search'), ...those('read')] };
}

/** What is allowed below the people, and not denied above them. */
function aci(text: string): Shown {
  const named = (names = '') => names.split('||').map((name) => name.trim());
  const all = uncommented(text).replace(/\n +/g, '');
  const rule = (operator: string, right: string) =>
    new RegExp(String.raw`aci: \(targetattr ${operator} "([^"]*)"\)\s*\(version[^;]*;[^;]*; *${right}`, 'g');
  const [kept] = [...all.matchAll(rule('!=', String.raw`deny \(all\)`))].map(([, names]) => named(names));
  const allowed = (right: string) =>
    [...all.matchAll(rule('=', String.raw`allow \(([^)]*)\)`))]
      .filter(([, , rights]) => rights?.split(/, */).includes(right))
      .flatMap(([, names]) => named(names))
      .filter((name) => kept?.includes(name));
  const denied = [...all.matchAll(rule('=', String.raw`deny \(read, compare\)`))].flatMap(([, names]) =>
    named(names),
  );
  return {
    read: allowed('read').filter((name) => !denied.includes(name)),
    search: allowed('search'),
  };
}

/** The lines that run; reading is comparing there. */
function dsacls(text: string): Shown {
  const [, list = ''] = /^foreach \(\$property in ([^)]*)\) \{\n {2}dsacls \$people .*:RP;/m.exec(text) ?? [];
  const names = [...list.matchAll(/'([^']+)'/g)].map(([, name = '']) => name);
  return { read: names, search: names };
}

const openldapFiles = [
  ['openldap/acl.conf', openldap],
  ['openldap/acl.ldif', openldap],
] as const;

/** FreeIPA shows its accounts to whoever has logged in, and has no file of ours. */
const files: Readonly<Record<Preset, readonly (readonly [string, (text: string) => Shown])[]>> = {
  custom: openldapFiles,
  openldap: openldapFiles,
  'active-directory': [['active-directory/account.ps1', dsacls]],
  freeipa: [],
  '389ds': [['389ds/aci.ldif', aci]],
};

void describe('what a preset names, the file of its server lets the gateway see', () => {
  for (const preset of presetNames) {
    for (const [file, parse] of files[preset]) {
      const settings = directorySettings.parse({
        ...{ urls: ['ldaps://ldap.corp.example'], bind_dn: 'cn=gatekeeper', base: people, preset },
      });
      const { filter, address_attributes, status_attribute, state_attributes } = settings;
      const shown = parse(read(file));

      void it(`${preset}: ${file} lets it read addresses, status and state`, () => {
        const needed = [...address_attributes, status_attribute, ...state_attributes].filter(Boolean);
        assert.ok(needed.length > 1);
        const missing = needed.filter((name) => !lower(shown.read).includes(name.toLowerCase()));
        assert.deepEqual(missing, []);
      });

      void it(`${preset}: ${file} lets it compare what the filter does`, () => {
        const compared = [...filter.matchAll(/\(([A-Za-z][A-Za-z0-9-]*)=/g)].map(([, name = '']) => name);
        assert.ok(compared.length > 1);
        const missing = compared.filter((name) => !lower(shown.search).includes(name.toLowerCase()));
        assert.deepEqual(missing, []);
      });
    }
  }
});

void describe('acl.ldif', () => {
  void it('says the same as acl.conf', () => {
    const rules = (name: string, start: RegExp) =>
      uncommented(read(name))
        .split(start)
        .slice(1)
        .map((rule) => rule.trim().replace(/\s+/g, ' '));
    const meant = rules('openldap/acl.conf', /^access /m);
    assert.ok(meant.length > 5);
    assert.deepEqual(rules('openldap/acl.ldif', /^olcAccess: \{\d+\}/m), meant);
  });

  void it('numbers its rules one by one', () => {
    const numbers = [...read('openldap/acl.ldif').matchAll(/^olcAccess: \{(\d+)\}/gm)].map(([, n]) =>
      Number(n),
    );
    assert.deepEqual(numbers, [...numbers.keys()]);
  });
});
