import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerWriter, FilterParser } from 'ldapts';
import { parseFilter, parseForAnyLogin } from '../../../plugins/core/directory/filter.ts';

function encoded(text: string, login = 'alice'): string {
  return Buffer.concat(parseFilter(text)(Buffer.from(login))).toString('hex');
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('filter: what is sent (RFC 4511 §4.5.1)', () => {
  const login = `0405${hex('alice')}`;
  const uid = `0403${hex('uid')}`;
  const equality = `a30c${uid}${login}`;
  for (const [text, is] of [
    ['(uid={login})', equality],
    ['  (uid={login})\n', equality],
    ['(&(uid={login}))', `a00e${equality}`],
    ['(|(uid={login})\n  (uid={login}))', `a11c${equality}${equality}`],
    ['(!(uid={login}))', `a20e${equality}`],
    ['(& (uid={login}) (o=*) )', `a011${equality}8701${hex('o')}`],
    ['(uid>={login})', `a50c${uid}${login}`],
    ['(uid<={login})', `a60c${uid}${login}`],
    ['(uid~={login})', `a80c${uid}${login}`],
    ['(uid={login}*)', `a40e${uid}30078005${hex('alice')}`],
    ['(uid=*{login})', `a40e${uid}30078205${hex('alice')}`],
    ['(uid=*{login}*)', `a40e${uid}30078105${hex('alice')}`],
    ['(uid=a*b*{login}*c)', `a417${uid}30108001618101628105${hex('alice')}820163`],
    ['(uid=x{login}y{login})', `a313${uid}040c${hex('xaliceyalice')}`],
    ['(|(uid={login})(o=))', `a115${equality}a3050401${hex('o')}0400`],
    ['(|(uid={login})(o=\\28\\2A\\5c\\00\\7b))', `a11a${equality}a30a0401${hex('o')}0405282a5c007b`],
    ['(|(uid={login})(o=ž))', `a117${equality}a3070401${hex('o')}0402c5be`],
    ['(2.5.4.3;lang-cs={login})', `a318040f${hex('2.5.4.3;lang-cs')}${login}`],
    ['(uid:={login})', `a90c8203${hex('uid')}8305${hex('alice')}`],
    ['(uid:dn:={login})', `a90f8203${hex('uid')}8305${hex('alice')}8401ff`],
    ['(uid:1.2.3:={login})', `a9138105${hex('1.2.3')}8203${hex('uid')}8305${hex('alice')}`],
    ['(:dn:1.2.3:={login})', `a9118105${hex('1.2.3')}8305${hex('alice')}8401ff`],
  ] as const) {
    it(text, () => {
      assert.equal(encoded(text), is);
    });
  }
});

describe('filter: what is no filter', () => {
  for (const [text, problem] of [
    ['', /column 1: expected "\("/],
    ['uid={login}', /column 1: expected "\("/],
    ['(uid={login}', /column 13: expected "\)"/],
    ['(uid={login}))', /column 14: text after the end/],
    ['(uid={login})(o=x)', /column 14: text after the end/],
    ['()', /column 2: expected an attribute/],
    ['(&)', /column 3: expected "\("/],
    ['(!(uid={login})(o=x))', /column 16: expected "\)"/],
    ['(&(uid={login})o=x)', /column 16: expected "\)"/],
    ['(uid)', /column 2: expected an attribute/],
    ['(={login})', /column 2: no attribute description/],
    ['(1uid={login})', /column 2: no attribute description/],
    ['({login}=uid)', /column 2: expected an attribute/],
    ['(uid=(x))', /column 6: expected "\)"/],
    ['(uid=a**b)', /column 10: two asterisks/],
    ['(uid>=a*)', /column 8: expected "\)"/],
    ['(uid=\\zz)', /column 6: a backslash needs two/],
    ['(uid={login}\\2)', /column 13: a backslash needs two/],
    ['(uid={Login})', /column 6: the only placeholder is \{login\}/],
    ['(uid=x\0{login})', /column 7: a NUL/],
    ['(:={login})', /column 2: neither attribute nor matching rule/],
    ['(uid:a:b:={login})', /column 2: more than one matching rule/],
    ['(uid:-a:={login})', /column 2: no matching rule/],
    ['(uid:1.2=x)', /a matching rule needs :=/],
    ['(uid=alice)', /has no \{login\}/],
    ['(uid=*)', /has no \{login\}/],
  ] as const) {
    it(JSON.stringify(text), () => {
      assert.throws(() => parseFilter(text), problem);
    });
  }
});

describe('filter: of any login', () => {
  const anybody = (text: string) => Buffer.concat([parseForAnyLogin(text)].flat(9)).toString('hex');
  const present = (name: string) => `87${Buffer.from([name.length]).toString('hex')}${hex(name)}`;
  for (const [text, is] of [
    ['(uid={login})', present('uid')],
    ['(uid=x{login}*)', present('uid')],
    ['(uid>={login})', present('uid')],
    ['(o:dn:1.2.3:={login})', present('o')],
    ['(:1.2.3:={login})', present('objectClass')],
    ['(!(uid={login}))', `a205${present('uid')}`],
    ['(&(o=*)(uid={login}))', `a008${present('o')}${present('uid')}`],
  ] as const) {
    it(text, () => {
      assert.equal(anybody(text), is);
    });
  }

  it('leaves what is no login as it is', () => {
    const text = '(&(objectClass=inetOrgPerson)(!(accountStatus=disabled)))';
    for (const part of ['inetOrgPerson', 'disabled']) assert.ok(anybody(text).includes(hex(part)), part);
  });
});

describe('filter: a login is data', () => {
  const template = '(&(objectClass=inetOrgPerson)(|(mail={login})(cn=a*{login}*z)(o:dn:1.2.3:={login})))';

  it('so that its octets stand in the encoding and nothing else changes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), (login) => {
        const same = 'x'.repeat(Buffer.byteLength(login));
        assert.equal(encoded(template, login), encoded(template, same).replaceAll(hex(same), hex(login)));
      }),
    );
  });

  it('and it is what ldapts sends when the login is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 }), (login) => {
        const escaped = login.replace(
          /./gsu,
          (letter) => `\\${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
        );
        const writer = new BerWriter();
        FilterParser.parseString(
          template.replaceAll('{login}', escaped).replace('(o:dn:1.2.3:', '(o:1.2.3:'),
        ).write(writer);
        assert.equal(encoded(template.replace('(o:dn:', '(o:'), login), writer.buffer.toString('hex'));
      }),
    );
  });
});
