import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, Dns, RecordType } from '../../plugins/core/dns/dns.ts';
import { partnerOf, type Partner } from '../../plugins/core/partners.ts';

const records: Readonly<Record<string, string>> = {
  'pass.example': 'v=spf1 ip4:192.0.2.0/28 -all',
  'soft.example': 'v=spf1 ~ip4:192.0.2.0/28 -all',
  'broken.example': 'v=spf1 ip4:nonsense',
};

/** Of which `dark.example` cannot be asked. */
const dns: Dns = {
  resolve: <T extends RecordType>(name: string) => {
    if (name === 'dark.example') return Promise.resolve<Answer<T>>({ kind: 'timeout' });
    const record = records[name];
    if (record === undefined) return Promise.resolve<Answer<T>>({ kind: 'nxdomain' });
    return Promise.resolve({ kind: 'records', records: [record] } as unknown as Answer<T>);
  },
};

function partner(name: string, where: { addresses?: string[]; include?: string }): Partner {
  return { name, owner: 'x', domains: [], addresses: [], forwarder: true, expires: '2999-12-31', ...where };
}

const listed = partner('listed', { addresses: ['192.0.2.0/30', '2001:db8::/32'] });
const pass = partner('pass', { include: 'pass.example' });
const soft = partner('soft', { include: 'soft.example' });
const broken = partner('broken', { include: 'broken.example' });
const missing = partner('missing', { include: 'missing.example' });
const dark = partner('dark', { include: 'dark.example' });

void describe('the partner of a client', () => {
  const cases: readonly { it: string; ip: string; of: readonly Partner[]; is: string }[] = [
    { it: 'by address', ip: '192.0.2.1', of: [listed], is: 'listed' },
    { it: 'by IPv6 network', ip: '2001:db8:1::1', of: [listed], is: 'listed' },
    { it: 'by address, without asking for others', ip: '192.0.2.1', of: [dark, listed], is: 'listed' },
    { it: 'by a pass of its include', ip: '192.0.2.9', of: [listed, pass], is: 'pass' },
    { it: 'although another cannot be asked', ip: '192.0.2.9', of: [dark, pass], is: 'pass' },
    { it: 'not by a softfail', ip: '192.0.2.9', of: [soft], is: 'nobody' },
    { it: 'not by a broken record, nor by none', ip: '192.0.2.9', of: [broken, missing], is: 'nobody' },
    { it: 'not beside its network', ip: '192.0.2.77', of: [listed, pass], is: 'nobody' },
    { it: 'unknown where one cannot be asked', ip: '192.0.2.77', of: [pass, dark], is: 'unknown' },
    { it: 'nobody among none', ip: '192.0.2.1', of: [], is: 'nobody' },
  ];
  for (const { it: title, ip, of, is } of cases) {
    void it(`${title}: ${is}`, async () => {
      const { partner: found, unknown } = await partnerOf(ip, of, dns, 1000);
      assert.equal(found?.name ?? (unknown === undefined ? 'nobody' : 'unknown'), is);
    });
  }
});
