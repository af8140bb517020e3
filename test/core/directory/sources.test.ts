import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { directoriesOf, chooser, passwordVariable } from '../../../plugins/core/directory/sources.ts';
import { foldedLogin } from '../../../plugins/core/directory/spelling.ts';
import { directoryEntry } from '../../../plugins/core/directory/settings.ts';
import { settingsFor } from './contract.ts';

const others = settingsFor(['ldap://127.0.0.1:1']);

function entry(name: string, ...login_domains: readonly string[]) {
  return directoryEntry.parse({ ...others, name, login_domains });
}

const directories = [
  entry('acme', 'acme.example', '*.acme.example'),
  entry('paris', 'paris.acme.example'),
  entry('munich', 'münchen.example', '*.xn--bcher-kva.example'),
  entry('strasse', 'straße.example'),
];

/** The key of the directory that decides about a login. */
const choose = (login: string) => chooser(directoriesOf({ directory: others, directories }))(login)?.key;
const [acme, paris, munich, strasse] = directories.map(({ name }) => `directories.${name}`);

const chosen = [
  { it: 'its domain', login: 'alice@acme.example', key: acme },
  { it: 'its domain in any case', login: 'alice@ACME.Example', key: acme },
  { it: 'the domain behind the last @', login: 'alice@corp.example@acme.example', key: acme },
  { it: 'no part of the domain', login: 'alice@notacme.example', key: 'directory' },
  { it: 'no domain that goes on', login: 'alice@acme.example.org', key: 'directory' },
  { it: 'no domain in front of another @', login: 'alice@acme.example@corp.example', key: 'directory' },
  { it: 'a sub-domain where one is written', login: 'alice@a.b.acme.example', key: acme },
  { it: 'no sub-domain where none is written', login: 'alice@sub.münchen.example', key: 'directory' },
  { it: 'the nearest of several', login: 'alice@paris.acme.example', key: paris },
  { it: 'the nearest of several below it', login: 'alice@x.paris.acme.example', key: acme },
  { it: 'no domain above the written one', login: 'alice@bücher.example', key: 'directory' },
  { it: 'no domain at all', login: 'alice', key: 'directory' },
  { it: 'an empty domain', login: 'alice@', key: 'directory' },
  { it: 'nothing', login: '', key: 'directory' },
  { it: 'a name of Windows, which says no domain of ours', login: 'ACME\\alice', key: 'directory' },
  { it: 'a DN', login: 'uid=alice,dc=acme,dc=example', key: 'directory' },
  { it: 'letters beyond US-ASCII', login: 'alice@MÜNCHEN.example', key: munich },
  { it: 'the same as A-labels', login: 'alice@XN--MNCHEN-3YA.example', key: munich },
  { it: 'letters below a domain that is written as A-labels', login: 'alice@a.bücher.example', key: munich },
  { it: 'what is no A-label', login: 'alice@xn--0.example', key: 'directory' },
  { it: 'ß as itself', login: 'alice@straße.example', key: strasse },
  // What a server may take for the same: it must not be found anywhere else.
  { it: 'a space behind', login: 'alice@acme.example ', key: acme },
  { it: 'spaces all over', login: ' alice @ acme.example\u00a0\u3000', key: acme },
  { it: 'the dot of the root', login: 'alice@acme.example.', key: acme },
  { it: 'a full-width @', login: 'alice＠acme.example', key: acme },
  { it: 'a small @', login: 'alice﹫acme.example', key: acme },
  { it: 'full-width letters', login: 'alice@ａｃｍｅ．ｅｘａｍｐｌｅ', key: acme },
  { it: 'an ideographic dot', login: 'alice@acme。example', key: acme },
  { it: 'a half-width ideographic dot', login: 'alice@acme｡example', key: acme },
  { it: 'a soft hyphen', login: 'alice@ac\u00adme.example', key: acme },
  { it: 'a space without width', login: 'alice@acme\u200b.example', key: acme },
  { it: 'a character that stands for an object', login: 'alice@acme\ufffc.example', key: acme },
  { it: 'the hyphen that Mongolian leaves out', login: 'alice@acme\u1806.example', key: acme },
  { it: 'a selector of variations', login: 'alice@acme\ufe0f.example', key: acme },
  { it: 'a raised letter', login: 'alice@aᶜme.example', key: acme },
  { it: 'an accent', login: 'alice@acmé.example', key: acme },
  { it: 'no accent', login: 'alice@munchen.example', key: munich },
  { it: 'an accent by itself', login: 'alice@mu\u0308nchen.example', key: munich },
  { it: 'ss for ß', login: 'alice@STRASSE.example', key: strasse },
  // What no server does: another name is another name.
  { it: 'a letter that looks alike', login: 'alice@аcme.example', key: 'directory' },
  { it: 'more than a name can hold', login: `alice@${'a.'.repeat(200)}acme.example`, key: 'directory' },
] as const;

void describe('the directory that decides about a login, by', () => {
  for (const { it: title, login, key } of chosen) {
    void it(`${title}: ${login.slice(0, 60)}`, () => assert.equal(choose(login), key));
  }

  void it('nothing, where there is only one', () => {
    const alone = chooser(directoriesOf({ directory: others, directories: [] }));
    for (const { login } of chosen) assert.equal(alone(login)?.key, 'directory');
  });

  void it('its domain alone, where nobody answers for all others', () => {
    const listed = chooser(directoriesOf({ directories }));
    assert.deepEqual(
      chosen.map(({ login }) => listed(login)?.key ?? 'directory'),
      chosen.map(({ key }) => key),
    );
  });

  void it('no spelling that a server takes for the same', () => {
    const ignored = fc.constantFrom('\u00ad', '\u200b', '\ufe0f', '\u1806', '\ufffc', '\u034f', '\u2060');
    const letter = fc.constantFrom('a', 'ß', 'ſ', 'K', 'σ', 'ς', 'Σ', 'é', 'ﬁ', 'İ', 'ı', 'Å', 'ᾳ', '.', '@');
    const domain = fc.constantFrom('acme.example', 'münchen.example', 'paris.acme.example', 'other.example');
    const text = fc.tuple(fc.string({ unit: letter }), domain).map(([left, right]) => `${left}@${right}`);
    const respelled = fc.tuple(text, ignored, fc.nat(), fc.constantFrom('NFC', 'NFKC', 'NFKD'), fc.boolean());
    const property = fc.property(respelled, ([login, nothing, at, form, isUpper]) => {
      const place = at % (login.length + 1);
      const longer = ` ${login.slice(0, place)}${nothing}${login.slice(place)} `;
      const normal = longer.normalize(form);
      const spelling = isUpper ? normal.toUpperCase() : normal.toLowerCase();
      assert.equal(choose(spelling), choose(login), JSON.stringify([login, spelling]));
      assert.equal(foldedLogin(spelling), foldedLogin(login));
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

void describe('the variable for the password of an entry', () => {
  for (const [name, variable] of [
    ['acme', 'GATEKEEPER_LDAP_PASSWORD_ACME'],
    ['acme-2.old', 'GATEKEEPER_LDAP_PASSWORD_ACME_2_OLD'],
    [undefined, 'GATEKEEPER_LDAP_PASSWORD'],
  ] as const) {
    void it(`is ${variable}`, () => assert.equal(passwordVariable(name), variable));
  }
});
