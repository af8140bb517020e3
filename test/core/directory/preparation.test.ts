import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { preparationOf } from '../../../plugins/core/directory/preparation.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries } from '../../../scripts/demo/people.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { client, fake } from './fixtures.ts';

const saslprep = preparationOf('saslprep');
const bytesOf = (secret: Secret | undefined) => secret?.reveal((bytes) => bytes.toString('utf8'));

void describe('a password prepared by SASLprep', () => {
  const cases: readonly (readonly [what: string, typed: string, is?: string])[] = [
    ['RFC 4013 §3, 1: a soft hyphen is nothing', 'I\u00adX', 'IX'],
    ['RFC 4013 §3, 2: US-ASCII stays', 'user', 'user'],
    ['RFC 4013 §3, 3: case stays', 'USER', 'USER'],
    ['RFC 4013 §3, 4: ª is a', '\u00aa', 'a'],
    ['RFC 4013 §3, 5: Ⅸ is IX', '\u2168', 'IX'],
    ['RFC 4013 §3, 6: a control character is prohibited', '\u0007'],
    ['RFC 4013 §3, 7: a letter of the right and a digit behind are not one direction', '\u06271'],
    ['an accent of its own', 'e\u0301t\u00e9', '\u00e9t\u00e9'],
    ['an ideographic space', 'a\u3000b', 'a b'],
    ['a space of no width, which RFC 3454 has in two tables, and libidn in this one', 'a\u200bb', 'a b'],
    ['full-width letters', 'ｐａｓｓ', 'pass'],
    ['spaces and everything printable of US-ASCII', ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ '],
    ['right to left', '\u0627\u0644\u0633\u0631', '\u0627\u0644\u0633\u0631'],
    ['a letter that is younger than its tables', 'x\u{1f600}', 'x\u{1f600}'],
    ['DEL', 'a\u007f'],
    ['a tabulator', 'a\tb'],
    ['a control character beyond US-ASCII', 'a\u0085'],
    ['private use', 'a\ue000'],
    ['no character', 'a\ufffe'],
    ['U+FFFD', 'a\ufffd'],
    ['a line separator', 'a\u2028'],
    ['a change of direction', 'a\u202e'],
    ['nothing but what is nothing', '\u00ad\u2060'],
  ];
  for (const [what, typed, is] of cases) {
    const isPlain = /^[ -~]+$/.test(typed);
    void it(`${what}: ${isPlain ? 'unchanged' : (is ?? 'cannot be')}`, () => {
      const password = Secret.fromText(typed);
      const prepared = saslprep(password);
      assert.equal(bytesOf(prepared), isPlain ? typed : is);
      assert.equal(prepared === password, isPlain, 'no second one of US-ASCII');
      assert.equal(bytesOf(password), typed, 'the first one is whole');
    });
  }

  void it('is none where it is no UTF-8', () => {
    for (const octets of [[0xe9], [0x61, 0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]]) {
      assert.equal(saslprep(new Secret(Buffer.from(octets))), undefined);
    }
  });

  void it('is prepared whole, however long', () => {
    const longest = 'e\u0301'.repeat(3000);
    assert.equal(bytesOf(saslprep(Secret.fromText(longest))), '\u00e9'.repeat(3000));
  });

  void it('changes nothing where it is not asked for, and loads nothing', () => {
    const password = Secret.fromText('e\u0301\u00ad\u0007');
    assert.equal(preparationOf('none')(password), password);
    const file = createRequire(import.meta.url).resolve('@mongodb-js/saslprep');
    const program = (kind: string) => `
      const { preparationOf } = await import('./plugins/core/directory/preparation.ts');
      preparationOf('${kind}');
      const { createRequire } = await import('node:module');
      console.log(Boolean(createRequire(process.cwd() + '/x.js').cache[${JSON.stringify(file)}]));`;
    const isLoaded = (kind: string) =>
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program(kind)], {
        cwd: join(import.meta.dirname, '../../..'),
        encoding: 'utf8',
      }).trim();
    assert.deepEqual([isLoaded('none'), isLoaded('saslprep')], ['false', 'true']);
  });
});

/** As people type `pässwörd№1`, on two systems, and as SASLprep has it. */
const spellings = { composed: 'p\u00e4ssw\u00f6rd\u21161', decomposed: 'pa\u0308sswo\u0308rd\u21161' };
const prepared = 'p\u00e4ssw\u00f6rdNo1';

void describe('directory: passwords beyond US-ASCII in slapd', () => {
  let slapd: Slapd;
  before(async () => {
    const people = entries().map((entry) => {
      const own = { alice: prepared, bob: spellings.decomposed }[entry.attributes['uid']?.[0] ?? ''];
      return own ? { ...entry, attributes: { ...entry.attributes, userPassword: [own] } } : entry;
    });
    slapd = await startSlapd({ ldif: ldif(people) });
  });
  after(() => slapd.stop());

  for (const { preparation, login, password, is } of [
    { preparation: 'none', login: 'bob', password: spellings.decomposed, is: 'bob@corp.example' },
    { preparation: 'none', login: 'bob', password: spellings.composed, is: 'wrong-password' },
    { preparation: 'none', login: 'bob', password: 'a\u0007', is: 'wrong-password' },
    { preparation: 'none', login: 'alice', password: prepared, is: 'alice@corp.example' },
    { preparation: 'none', login: 'alice', password: spellings.composed, is: 'wrong-password' },
    { preparation: 'saslprep', login: 'alice', password: prepared, is: 'alice@corp.example' },
    { preparation: 'saslprep', login: 'alice', password: spellings.composed, is: 'alice@corp.example' },
    { preparation: 'saslprep', login: 'alice', password: spellings.decomposed, is: 'alice@corp.example' },
    { preparation: 'saslprep', login: 'alice', password: `${prepared}x`, is: 'wrong-password' },
    { preparation: 'saslprep', login: 'alice', password: '\u00ad', is: 'malformed-password' },
    { preparation: 'saslprep', login: 'alice', password: 'a\u0007', is: 'malformed-password' },
    { preparation: 'saslprep', login: 'bob', password: spellings.decomposed, is: 'wrong-password' },
    { preparation: 'saslprep', login: 'carol', password: 'pw-carol', is: 'carol@corp.example' },
    { preparation: 'saslprep', login: 'carol', password: 'pw-carol\0', is: 'malformed-login' },
  ] as const) {
    void it(`${preparation}: ${login} with ${JSON.stringify(password)}: ${is}`, async () => {
      const { directory } = client([slapd.url], { password_preparation: preparation });
      const secret = Secret.fromText(password);
      assert.equal(inBrief(await directory.verify(login, secret)), is);
      assert.equal(bytesOf(secret), password, 'it is not for the directory to wipe');
    });
  }

  void it('one that cannot be prepared is asked of nobody, and one that is wrong once', async () => {
    const server = await fake();
    const { verify } = client([server.url], { password_preparation: 'saslprep' });
    assert.equal(await verify('\u202e'), 'malformed-password');
    assert.deepEqual(server.kinds(), []);
    await verify('p\u00e4');
    const binds = server.kinds().filter((kind) => kind === 'bind');
    assert.ok(binds.length <= 2, 'the service account and one login');
  });
});
