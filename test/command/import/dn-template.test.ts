import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { searchOf, union } from '../../../plugins/command/import/dn-template.ts';
import { parseFilter } from '../../../plugins/core/directory/filter.ts';

const people = 'ou=people,dc=corp,dc=example';

const templates = [
  { template: `uid=%u,${people}`, base: people, filter: '(uid={login})' },
  { template: `cn=%u, ou=people , dc=corp,dc=example`, base: people, filter: '(cn={login})' },
  { template: `uid=mail-%u,${people}`, base: people, filter: '(uid=mail-{login})' },
  { template: `cn=%u\\, staff,${people}`, base: people, filter: '(cn={login}, staff)' },
  { template: `cn=%u (\\2a\\C3\\A9),${people}`, base: people, filter: '(cn={login} \\28\\2aé\\29)' },
  { template: `cn={%u},${people}`, base: people, filter: '(cn=\\7b{login}\\7d)' },
  { template: `uid=%u,o=a\\,b,c=c`, base: 'o=a\\,b,c=c', filter: '(uid={login})' },
  { template: '%u@corp.example', filter: '(userPrincipalName={login}@corp.example)' },
  { template: 'CORP\\%u', filter: '(sAMAccountName={login})' },
] as const;

const strange = [
  { it: 'the login above the entry', template: `cn=mail,uid=%u,${people}` },
  { it: 'the login in two places', template: `uid=%u,ou=%u,${people}` },
  { it: 'an entry of two values', template: `uid=%u+cn=x,${people}` },
  { it: 'no place', template: 'uid=%u' },
  { it: 'no login', template: `uid=all,${people}` },
  { it: 'the whole DN typed by the user', template: '%u' },
  { it: 'quotes of LDAPv2', template: `cn="%u",${people}` },
  { it: 'nothing', template: '' },
];

describe('a template of a DN becomes a search', () => {
  for (const { template, ...expected } of templates) {
    it(template, () => {
      const search = searchOf(template);
      assert.deepEqual(search, expected);
      assert.doesNotThrow(() => parseFilter(search.filter));
    });
  }

  for (const { it: what, template } of strange) {
    it(`but not with ${what}`, () => assert.equal(searchOf(template), undefined));
  }
});

describe('several templates become one search', () => {
  const at = (base: string, filter = '(uid={login})') => ({ base, filter });
  const cases = [
    { it: 'of the same place and filter', searches: [at(people), at(people)], expected: at(people) },
    {
      it: 'of two places, below the entry above both',
      searches: [at('ou=a,OU=People,dc=corp,dc=example'), at('ou=b,ou=people,dc=corp,dc=example')],
      expected: at('OU=People,dc=corp,dc=example'),
    },
    {
      it: 'of which one is above the other',
      searches: [at(people), at(`ou=a,${people}`)],
      expected: at(people),
    },
    {
      it: 'of two filters',
      searches: [at(people), at(people, '(cn={login})')],
      expected: at(people, '(|(uid={login})(cn={login}))'),
    },
    {
      it: 'that have no entry in common',
      searches: [at('dc=a'), at('dc=b')],
      expected: { filter: '(uid={login})' },
    },
    {
      it: 'of which one has no place',
      searches: [at(people), { filter: '(uid={login})' }],
      expected: { filter: '(uid={login})' },
    },
  ];
  for (const { it: what, searches, expected } of cases) {
    it(what, () => assert.deepEqual(union(searches), expected));
  }

  it('none is none', () => assert.equal(union([]), undefined));
});
