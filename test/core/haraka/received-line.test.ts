import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withHash, withoutClient } from '../../../plugins/core/haraka/patches/received-line.ts';

const [by, time] = [
  'by gw.corp.example (Haraka/3.3.4) with ESMTPSA id ID.1',
  'Tue, 24 Nov 2026 09:30:00 +0000',
];
const from = 'from [192.0.2.7] (by.example [203.0.113.5])';
const sender = 'envelope-from <alice@corp.example>';
const quoted = 'envelope-from <"a (authenticated); b> by"@corp.example>';
const tls = 'tls TLS_AES_256_GCM_SHA384 (authenticated);';

const cases: readonly { it: string; value: readonly string[]; hidden: readonly string[]; hashed: string }[] =
  [
    {
      it: 'over TLS',
      value: [from, by, sender, tls, time],
      hidden: [by, tls, time],
      hashed: 'authenticated',
    },
    {
      it: 'in clear',
      value: [from, by, `${sender} (authenticated);`, time],
      hidden: [by, '(authenticated);', time],
      hashed: 'authenticated',
    },
    {
      it: 'with a sender that looks like more',
      value: [from, by, `${quoted} (authenticated);`, time],
      hidden: [by, '(authenticated);', time],
      hashed: 'authenticated',
    },
    {
      it: 'by address, over TLS',
      value: [from, by, sender, 'tls TLS_AES_256_GCM_SHA384;', time],
      hidden: [by, 'tls TLS_AES_256_GCM_SHA384;', time],
      hashed: 'registered',
    },
    {
      it: 'by address, in clear',
      value: [from, by, `${sender};`, time],
      hidden: [`${by};`, time],
      hashed: 'registered',
    },
    {
      it: 'that was hidden before',
      value: [by, tls, time],
      hidden: [by, tls, time],
      hashed: 'authenticated',
    },
  ];

void describe('a Received field', () => {
  for (const { it: title, value, hidden, hashed } of cases) {
    void it(`${title}: hides the client, keeps the time at its end, and takes a hash`, () => {
      const left = withoutClient(value.join('\r\n\t'));
      assert.equal(left, hidden.join('\r\n\t'));
      const marked = withHash(left, 'HASH');
      assert.match(marked, new RegExp(`\\(${hashed} HASH\\);\\r\\n\\t${time.replace('+', '\\+')}$`));
      assert.equal(marked.replace(/(?:\r\n\t)?\(registered HASH\)| HASH/, ''), left);
    });
  }
});
