import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountOf, networksOf } from '../../../plugins/core/guessing/subject.ts';

void describe('all spellings of a login', () => {
  const spellings = [
    'alice@corp.example',
    'Alice@Corp.EXAMPLE',
    ' alice@corp.example ',
    'ali ce@corp.example',
    'alice\u00a0@corp.example',
    'alice+shop@corp.example',
    'alice+shop+more@corp.example',
    'ａｌｉｃｅ@corp.example',
    'a\u00adlice@corp.example',
    'alic\u200be@corp.example',
    'àlicé@corp.example',
    'a\u0301lice@corp.example',
    'al\u1806ice@corp.example',
    'alice\ufffc@corp.example',
  ];
  for (const spelling of spellings) {
    void it(`share a counter: ${JSON.stringify(spelling)}`, () => {
      assert.equal(accountOf(spelling, '+'), 'alice@corp.example');
    });
  }

  void it('share a counter, also where a capital is two letters', () => {
    assert.equal(accountOf('Strauß@corp.example', '+'), accountOf('STRAUSS@corp.example', '+'));
  });

  const others = [
    'alice',
    'alice@corp.example.',
    'bob@corp.example',
    '+alice@corp.example',
    'alice@corp+example',
  ];
  for (const other of others) {
    void it(`is not that of ${other}`, () => assert.notEqual(accountOf(other, '+'), 'alice@corp.example'));
  }

  void it('keep their sub-address where there are none', () => {
    assert.equal(accountOf('alice+shop@corp.example', ''), 'alice+shop@corp.example');
  });

  void it('take no more memory than a name: what is longer than any is one of nobody', () => {
    // U+FDFA is folded to eighteen letters.
    const longest = accountOf('\ufdfa'.repeat(85), '+');
    assert.ok(longest.length <= 256, `${longest.length}`);
    for (const login of ['x'.repeat(257), 'y'.repeat(9000), '\ufdfa'.repeat(3000)]) {
      assert.equal(accountOf(login, '+'), '@');
    }
    assert.notEqual(accountOf('x'.repeat(256), '+'), '@');
  });

  for (const [one, other] of [
    ['straße@corp.example', 'STRASSE@corp.example'],
    ['ΝΙΚΟΣ', 'νικος'],
    ['νικοσ', 'νικος'],
    ['æther@corp.example', 'aether@corp.example'],
    ['cœur@corp.example', 'COEUR@corp.example'],
  ] as const) {
    void it(`are one where a directory takes them for one: ${one} and ${other}`, () => {
      assert.equal(accountOf(one, '+'), accountOf(other, '+'));
    });
  }

  void it('are never nobody', () => {
    for (const login of ['', ' ', '\0', '\ud800']) assert.equal(accountOf(login, '+'), '@');
  });
});

void describe('the networks of a client', () => {
  const cases = [
    ['192.0.2.7', '192.0.2.7/32', ['192.0.2.0/24'], '192.0.2.0/24'],
    ['::ffff:192.0.2.7', '192.0.2.7/32', ['192.0.2.0/24'], '192.0.2.0/24'],
    [
      '2001:db8:1:2ff:3:4:5:6',
      '2001:db8:1:2ff::/64',
      ['2001:db8:1:200::/56', '2001:db8:1::/48'],
      '2001:db8:1:200::/56',
    ],
    ['::1', '::/64', ['::/56', '::/48'], '::/56'],
  ] as const;
  for (const [client, own, around, home] of cases) {
    void it(`are those of ${client}`, () => assert.deepEqual(networksOf(client), { own, around, home }));
  }

  void it('are none of what is no address', () => assert.equal(networksOf('unknown'), undefined));
});
