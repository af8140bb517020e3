import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCertificateWanted } from '../../plugins/tls/wanted.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';

void describe('clients are asked for a certificate', () => {
  const tenants = [{}] as unknown as Policy['tenants'];
  for (const [external, implicit, hasTenants, mx, submission] of [
    ['off', 'none', false, false, false],
    ['off', 'none', true, true, false],
    ['on', 'none', false, false, true],
    ['on', 'none', true, true, true],
    ['off', 'mail_servers', false, true, true],
    ['off', 'all', false, true, true],
  ] as const) {
    void it(`external ${external}, implicit ${implicit}, ${hasTenants ? 'with' : 'without'} tenants`, () => {
      const policy = {
        certificates: { external, implicit },
        tenants: hasTenants ? tenants : [],
      } as unknown as Policy;
      const asked = (['mx', 'submission'] as const).map((role) => isCertificateWanted({ role }, policy));
      assert.deepEqual(asked, [mx, submission]);
    });
  }
});
