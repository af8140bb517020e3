import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { allowsMx, parsePolicy, policyIdIn } from '../../../plugins/core/mta-sts/policy.ts';

const lines = ['version: STSv1', 'mode: enforce', 'mx: mail.corp.example', 'max_age: 86400'];
const text = (...changed: readonly string[]) => changed.join('\n');
/** The policy with one line replaced, or without it. */
const withLine = (at: number, ...line: readonly string[]) => text(...lines.toSpliced(at, 1, ...line));

void describe('a policy (RFC 8461 §3.2)', () => {
  void it('says what it says', () => {
    assert.deepEqual(parsePolicy(text(...lines)), {
      mode: 'enforce',
      mx: ['mail.corp.example'],
      maxAgeSeconds: 86_400,
      text: lines,
    });
  });

  const good = [
    { it: 'ends its lines with CRLF', text: `${lines.join('\r\n')}\r\n` },
    { it: 'ends its lines with LF, the last one too', text: `${lines.join('\n')}\n` },
    { it: 'mixes both', text: `${lines.join('\r\n')}\n` },
    { it: 'has its fields in any order', text: text(...lines.toReversed()) },
    { it: 'has white space behind values', text: text(...lines.map((line) => `${line} \t`)) },
    { it: 'has none, or more, before them', text: text(...lines.map((line) => line.replace(' ', ''))) },
    { it: 'has tabs before them', text: text(...lines.map((line) => line.replace(' ', '\t \t'))) },
    { it: 'has fields that nobody knows', text: text(...lines, 'x-note.1_a: něco, for = you; ok') },
    { it: 'has a field in capitals, which nobody knows', text: text(...lines, 'Mode: none') },
    { it: 'repeats its mode: the first counts', text: text(...lines, 'mode: none') },
    { it: 'repeats its version', text: text(...lines, 'version: STSv2') },
    { it: 'repeats its max_age, with nonsense', text: text(...lines, 'max_age: 1', 'max_age: ever') },
  ];
  for (const { it: what, text: policy } of good) {
    void it(`is good when it ${what}`, () => {
      const { mode, mx, maxAgeSeconds } = parsePolicy(policy);
      assert.deepEqual([mode, mx, maxAgeSeconds], ['enforce', ['mail.corp.example'], 86_400]);
    });
  }

  const bad = [
    { it: 'is empty', text: '', says: /version/ },
    { it: 'has no version', text: withLine(0), says: /version is not STSv1/ },
    { it: 'has another version', text: withLine(0, 'version: STSv2'), says: /version is not STSv1/ },
    { it: 'has its version in other letters', text: withLine(0, 'version: stsv1'), says: /version/ },
    { it: 'has no mode', text: withLine(1), says: /mode is none of enforce, testing, none/ },
    { it: 'has a mode that there is not', text: withLine(1, 'mode: report'), says: /mode is none of/ },
    { it: 'has a mode in capitals', text: withLine(1, 'mode: Enforce'), says: /mode is none of/ },
    { it: 'has first no mode', text: withLine(1, 'mode: x', 'mode: none'), says: /mode is none of/ },
    { it: 'has no max_age', text: withLine(3), says: /max_age is no number/ },
    { it: 'has a negative max_age', text: withLine(3, 'max_age: -1'), says: /max_age is no number/ },
    { it: 'has a max_age of 11 digits', text: withLine(3, 'max_age: 10000000000'), says: /max_age/ },
    { it: 'names no mx', text: withLine(2), says: /names no mx/ },
    { it: 'has an empty value', text: withLine(2, 'mx:'), says: /line 3 is no field/ },
    { it: 'has a blank line', text: withLine(2, '', 'mx: a.example'), says: /line 3 is no field/ },
    { it: 'has a blank line at its end', text: text(...lines, '', ''), says: /line 5 is no field/ },
    { it: 'has a line without a colon', text: text(...lines, 'hello'), says: /line 5 is no field/ },
    { it: 'has white space before a field', text: text(...lines, ' mx: a'), says: /line 5 is no field/ },
    { it: 'has white space before a colon', text: text(...lines, 'mx : a'), says: /line 5 is no field/ },
    { it: 'has a name of 33 letters', text: text(...lines, `${'x'.repeat(33)}: a`), says: /line 5/ },
    { it: 'has a tab in a value', text: text(...lines, 'note: a\tb'), says: /line 5 is no field/ },
    { it: 'has a NUL', text: text(...lines, 'note: a\0b'), says: /line 5 is no field/ },
    { it: 'ends a line with CR alone', text: lines.join('\r'), says: /line 1 is no field/ },
    { it: 'begins with a byte order mark', text: `\ufeff${text(...lines)}`, says: /line 1 is no field/ },
    { it: 'is a page', text: '<html>It works!</html>', says: /line 1 is no field/ },
    { it: 'has half a character', text: text(...lines, 'note: \ud800'), says: /line 5 is no field/ },
    ...[
      'a..b',
      '.a',
      'a.',
      '*.',
      '*',
      '*a.b',
      'a.*.b',
      '*.*.b',
      'a_b.c',
      '-a.b',
      'bücher.example',
      '[::1]',
    ].map((mx) => ({ it: `has the mx ${mx}`, text: text(...lines, `mx: ${mx}`), says: /mx of its line 5/ })),
    {
      it: 'has an mx of two names',
      text: text(...lines, 'mx: a.example b.example'),
      says: /mx of its line 5/,
    },
    {
      it: 'has a name of 254 letters',
      text: withLine(2, `mx: ${'abc.'.repeat(63)}de`),
      says: /mx of its line 3/,
    },
    {
      it: 'has a label of 64 letters',
      text: withLine(2, `mx: ${'a'.repeat(64)}.b`),
      says: /mx of its line 3/,
    },
  ];
  for (const { it: what, text: policy, says } of bad) {
    void it(`is none when it ${what}`, () => {
      assert.throws(() => parsePolicy(policy), { name: 'Error', message: says });
    });
  }

  void it('needs no mx when its mode is none', () => {
    const { mode, mx } = parsePolicy(text('version: STSv1', 'mode: none', 'max_age: 0'));
    assert.deepEqual([mode, mx], ['none', []]);
  });

  void it('is in force for a year at most', () => {
    assert.equal(parsePolicy(withLine(3, 'max_age: 9999999999')).maxAgeSeconds, 31_557_600);
    assert.equal(parsePolicy(withLine(3, 'max_age: 31557599')).maxAgeSeconds, 31_557_599);
  });

  void it('is read in no time, whatever it is', () => {
    const began = performance.now();
    for (const part of [' ', '\t', '\r', 'a', ':', '\n', 'a:', 'a b'])
      assert.throws(() => parsePolicy(`mx: a${part.repeat(65_536 / part.length)}\0`));
    assert.ok(performance.now() - began < 1000);
  });

  void it('is a policy, or an Error that says why not', () => {
    const part = fc.constantFrom(
      ...lines,
      'mode: none',
      'mx: *.a',
      'max_age:',
      ':',
      '\n',
      '\r\n',
      ' ',
      'é',
      '\0',
    );
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 14 }).map((parts) => parts.join('')),
      fc
        .shuffledSubarray([...lines, 'x: y', 'mx: *.a', 'mode: none', 'é'], { minLength: 4 })
        .map((parts) => text(...parts)),
    );
    let good = 0;
    fc.assert(
      fc.property(anything, (octets) => {
        try {
          const { mode, mx, maxAgeSeconds } = parsePolicy(octets);
          assert.ok(mode === 'none' || mx.length > 0);
          assert.ok(maxAgeSeconds >= 0 && maxAgeSeconds <= 31_557_600);
          good += 1;
        } catch (error) {
          assert.equal(Object.getPrototypeOf(error), Error.prototype);
          assert.match((error as Error).message, /^(?:it|its|the) [a-z]/);
        }
      }),
      { numRuns: 6000 },
    );
    assert.ok(good > 10);
  });
});

void describe('the record that names a policy (RFC 8461 §3.1)', () => {
  const cases = [
    { it: 'has an id', texts: ['v=STSv1; id=20160831085700Z;'], id: '20160831085700Z' },
    { it: 'has no delimiter at its end', texts: ['v=STSv1;id=a'], id: 'a' },
    { it: 'has white space around delimiters', texts: ['v=STSv1; \tid=a \t; x=y ; '], id: 'a' },
    { it: 'has other fields', texts: ['v=STSv1; x-1.a_b=!"#<>~; id=a'], id: 'a' },
    { it: 'repeats its id: the first counts', texts: ['v=STSv1; id=a; id=b'], id: 'a' },
    { it: 'has an id of 32 letters', texts: [`v=STSv1; id=${'a'.repeat(32)}`], id: 'a'.repeat(32) },
    { it: 'is among records of something else', texts: ['v=spf1 -all', 'v=STSv1; id=a'], id: 'a' },
    { it: 'is among later versions', texts: ['v=STSv2; id=b', 'v=STSv10;id=c', 'v=STSv1; id=a'], id: 'a' },
    { it: 'is one of two', texts: ['v=STSv1; id=a;', 'v=STSv1; id=b;'] },
    { it: 'is there twice', texts: ['v=STSv1; id=a;', 'v=STSv1; id=a;'] },
    { it: 'is one of two, the other being broken', texts: ['v=STSv1; id=a;', 'v=STSv1; nothing'] },
    { it: 'is not there', texts: [] },
    { it: 'does not begin with its version', texts: ['id=a; v=STSv1;'] },
    { it: 'begins with white space', texts: [' v=STSv1; id=a'] },
    { it: 'has its version in other letters', texts: ['v=stsv1; id=a'] },
    { it: 'has no id', texts: ['v=STSv1; x=y;'] },
    { it: 'has nothing', texts: ['v=STSv1;'] },
    { it: 'has an empty id', texts: ['v=STSv1; id=;'] },
    { it: 'has an id of other signs', texts: ['v=STSv1; id=2016-08-31'] },
    { it: 'has first such an id', texts: ['v=STSv1; id=a-b; id=c'] },
    { it: 'has an id of 33 letters', texts: [`v=STSv1; id=${'a'.repeat(33)}`] },
    { it: 'has its id in capitals', texts: ['v=STSv1; ID=a'] },
    { it: 'has two delimiters together', texts: ['v=STSv1; id=a;;'] },
    { it: 'has white space within', texts: ['v=STSv1; id = a'] },
    { it: 'has white space at its end', texts: ['v=STSv1; id=a '] },
    { it: 'has = in a value', texts: ['v=STSv1; x=y=z; id=a'] },
    { it: 'has octets beyond US-ASCII', texts: ['v=STSv1; x=\xe9; id=a'] },
  ];
  for (const { it: what, texts, id } of cases) {
    void it(`${id === undefined ? 'names none' : 'names one'} when it ${what}`, () => {
      assert.equal(policyIdIn(texts), id);
    });
  }

  void it('is read in no time, whatever it is', () => {
    const began = performance.now();
    for (const part of [' ', ';', ' ;', '; a=b', '; id=', '='])
      assert.equal(policyIdIn([`v=STSv1; id=a${part.repeat(65_000 / part.length)}\0`]), undefined);
    assert.ok(performance.now() - began < 1000);
  });
});

void describe('an MX host (RFC 8461 §4.1)', () => {
  const policy = parsePolicy(
    text(
      'version: STSv1',
      'mode: enforce',
      'max_age: 1',
      'mx: Mail.corp.example',
      'mx: *.mx.example',
      'mx: *.xn--bcher-kva.example',
    ),
  );
  const cases = [
    { host: 'mail.corp.example', is: true },
    { host: 'MAIL.corp.EXAMPLE', is: true },
    { host: 'mail.corp.example.', is: true },
    { host: 'mail.corp.example..', is: false },
    { host: 'corp.example', is: false },
    { host: 'a.mail.corp.example', is: false },
    { host: 'xmail.corp.example', is: false },
    { host: 'a.mx.example', is: true },
    { host: 'A.MX.example.', is: true },
    { host: 'mx.example', is: false },
    { host: '.mx.example', is: false },
    { host: 'a.b.mx.example', is: false },
    { host: 'a.xmx.example', is: false },
    { host: '*.mx.example', is: false },
    { host: 'a.mx.example.evil.example', is: false },
    { host: 'a.xn--bcher-kva.example', is: true },
    { host: 'a.bücher.example', is: true },
    { host: 'A.BÜCHER.example', is: true },
    { host: '192.0.2.1', is: false },
    { host: '[192.0.2.1]', is: false },
    { host: 'example', is: false },
    { host: '', is: false },
    { host: '.', is: false },
  ];
  for (const { host, is } of cases) {
    void it(`${is ? 'is' : 'is not'} named as ${JSON.stringify(host)}`, () => {
      assert.equal(allowsMx(policy, host), is);
    });
  }

  void it('has exactly one label where the policy has *', () => {
    const label = fc.constantFrom('a', 'b', 'mx', '*', '', 'xn--a', 'é', 'A');
    const wild = { ...policy, mx: ['*.a.b'] };
    let allowed = 0;
    fc.assert(
      fc.property(
        fc.array(label, { maxLength: 5 }),
        fc.constantFrom('a.b', 'A.B', 'a.b.'),
        (labels, below) => {
          const host = [...labels, below].join('.');
          if (!allowsMx(wild, host)) return;
          allowed += 1;
          assert.equal(host.replace(/\.$/, '').split('.').length, 3);
        },
      ),
      { numRuns: 5000 },
    );
    assert.ok(allowed > 10);
  });

  void it('is none of a policy that names none', () => {
    assert.equal(allowsMx({ ...policy, mx: [] }, 'mail.corp.example'), false);
  });
});
