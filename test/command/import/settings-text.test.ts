import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { known, type Spf } from '../../../plugins/command/import/proposal.ts';
import { settingsText } from '../../../plugins/command/import/settings-text.ts';

const spf: Spf = {
  ...{ fail: known('reject', 'a'), softfail: known('record', 'b') },
  ...{ permerror: known('reject', 'c'), temperror: known('defer', 'd') },
};

/** What an ini file can hold: one line, no spaces around. */
const value = fc
  .string({ unit: 'binary' })
  .map((text) => text.replaceAll(/[\r\n\u2028\u2029\u0085]/g, ' ').trim());

describe('the proposed settings', () => {
  it('load to what was meant, whatever characters it has', () => {
    fc.assert(
      fc.property(value, value, value, (url, base, filter) => {
        const from = 'x.ini: # key: [a]';
        const directory = {
          ...{ urls: known([url, base], from), bind_dn: known(filter, from) },
          ...{ base: known(base, from), filter: known(filter, from), ca_file: 'why' },
        };
        const text = settingsText({ directory, spf }, ['x.ini']);
        const expected = {
          urls: [url, base],
          bind_dn: filter,
          bind_password_file: 'ldap.password',
          base,
          filter,
        };
        assert.deepEqual(parse(text), {
          directory: expected,
          spf: { fail: 'reject', softfail: 'record', permerror: 'reject', temperror: 'defer' },
        });
      }),
    );
  });
});
