import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { decideTls } from '../../plugins/tls/decide.ts';

const gcm = 'ECDHE-RSA-AES256-GCM-SHA384';

const cases = [
  { it: 'refuses submission in clear', role: 'submission', is: 'tls-missing' },
  { it: 'leaves a public MX alone (RFC 3207 §4)', role: 'mx', is: 'skip' },
  { it: 'refuses MX in clear where TLS is required', role: 'mx', mx: 'required', is: 'tls-missing' },
  { it: 'accepts TLS 1.2', role: 'submission', tls: ['TLSv1.2', gcm], is: 'pass' },
  { it: 'accepts TLS 1.3', role: 'submission', tls: ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'], is: 'pass' },
  { it: 'refuses TLS 1.1', role: 'submission', tls: ['TLSv1.1', gcm], is: 'tls-below-criteria' },
  {
    it: 'refuses a protocol that it does not know',
    role: 'submission',
    tls: ['SSLv3', gcm],
    is: 'tls-below-criteria',
  },
  {
    it: 'refuses TLS 1.2 where 1.3 is the oldest',
    role: 'submission',
    oldest: 'TLSv1.3',
    tls: ['TLSv1.2', gcm],
    is: 'tls-below-criteria',
  },
  {
    it: 'refuses a key exchange without forward secrecy',
    role: 'submission',
    tls: ['TLSv1.2', 'AES256-GCM-SHA384'],
    is: 'tls-below-criteria',
  },
] as const;

void describe('TLS criteria', () => {
  for (const each of cases) {
    void it(each.it, () => {
      const mx = 'mx' in each ? each.mx : 'opportunistic';
      const oldest = 'oldest' in each ? each.oldest : 'TLSv1.2';
      const { policy } = parseSettings(
        `directory: {urls: ["ldaps://x"], bind_dn: x, base: x}\ntls: {mx: ${mx}, min_version: ${oldest}}`,
        'test',
      );
      const tls = 'tls' in each ? { version: each.tls[0], cipher: each.tls[1] } : undefined;
      const session = {
        client: { address: '192.0.2.1' },
        listener: { port: 587, role: each.role },
        helo: '',
      };
      const verdict = decideTls({ ...session, ...(tls && { tls }) }, policy);
      assert.equal(verdict.kind === 'refuse' ? verdict.reason : verdict.kind, each.is);
    });
  }
});
