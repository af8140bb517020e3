import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Answer, Dns, RecordType } from '../../plugins/core/dns/dns.ts';
import type { CommandFacts } from '../../plugins/core/haraka/facts/envelope.ts';
import type { Tenancy } from '../../plugins/core/haraka/tenancy.ts';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import type { ClientChain } from '../../plugins/core/certificate/chain.ts';
import { Tenants } from '../../plugins/sender/tenants.ts';
import { authority, Mint, serverOf } from '../support/certificates.ts';
import { eventually } from '../support/gateway.ts';
import { messageFacts } from './facts.ts';

const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const between = mint.make({ name: 'between', extensions: authority, by: root });
const leaf = mint.make({ name: 'leaf', extensions: serverOf('mail.protection.outlook.com'), by: between });

const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-tenants-'));

const text = `
roles: [mx]
data_directory: ${folder}
tenants:
  - name: corp
    owner: x
    expires: 2999-12-31
    ids: [11111111-2222-3333-4444-555555555555]
    domains: [corp.example]
    ca_file: ca.pem
`;

const { policy } = parseSettings(text, 'test');

const fresh: ClientChain = {
  leaf: new X509Certificate(leaf.cert),
  intermediates: [new X509Certificate(between.cert)],
  isResumed: false,
};
const resumed = { ...fresh, intermediates: [], isResumed: true };

let record = '';
const dns: Dns = {
  resolve: <T extends RecordType>() =>
    Promise.resolve(
      (record === 'timeout' || record === 'nxdomain'
        ? { kind: record }
        : { kind: 'records', records: [record] }) as unknown as Answer<T>,
    ),
};

let tenants: Tenants;

async function tenancyOf(chain: ClientChain | undefined, said: Partial<CommandFacts> = {}, how = policy) {
  let tenancy: Tenancy | undefined;
  const facts: CommandFacts = {
    ...messageFacts({ address: '192.0.2.1' }),
    ...{ onceInSession: (_name, make) => make(), certificate: () => chain },
    ...{ isExtended: true, requireTls: 'absent', keepToTls: () => undefined },
    presume: (found) => (tenancy = found),
    ...said,
  };
  const { kind } = await tenants.provider(facts, how);
  assert.equal(kind, tenancy?.kind === 'provisional' ? 'pass' : 'skip');
  return tenancy;
}

void describe('a server of a provider', () => {
  before(() => {
    writeFileSync(join(folder, 'ca.pem'), root.cert);
    tenants = new Tenants(() => dns);
    tenants.prepare(policy, folder)();
  });
  after(() => {
    mint.remove();
    rmSync(folder, { recursive: true });
  });

  void it('is a stranger in a resumed session, until a handshake has shown who has signed its certificate', async () => {
    record = 'v=spf1 ip4:192.0.2.0/28 -all';
    const before = await tenancyOf(resumed);
    assert.ok(before?.kind === 'stranger');
    assert.match(before.because, /signed by nobody who is trusted: the TLS session is an earlier one$/);
    assert.equal((await tenancyOf(fresh))?.kind, 'provisional');
    assert.equal((await tenancyOf(resumed))?.kind, 'provisional');
  });

  void it('is one in a session that another process has begun', async () => {
    record = 'v=spf1 ip4:192.0.2.0/28 -all';
    assert.equal((await tenancyOf(fresh))?.kind, 'provisional');
    const { policy: ofAnother } = parseSettings(text, 'test');
    await eventually('a file of the chain', () =>
      readdirSync(join(folder, 'chains')).some((file) => file.endsWith('.pem')),
    );
    assert.equal((await tenancyOf(resumed, {}, ofAnother))?.kind, 'provisional');
  });

  const cases = [
    { record: 'v=spf1 ip4:192.0.2.0/28 -all', is: 'provisional' },
    { record: 'v=spf1 ip4:192.0.2.128/28 -all', is: 'stranger' },
    { record: 'v=spf1 ~ip4:192.0.2.0/28 -all', is: 'stranger' },
    { record: 'v=spf1 ip4:192.0.2.128/28', is: 'stranger' },
    { record: 'v=spf1 ip4:nonsense', is: 'unknown' },
    { record: 'nxdomain', is: 'unknown' },
    { record: 'timeout', is: 'unknown' },
  ] as const;
  for (const each of cases) {
    void it(`with an SPF record ${each.record}: ${each.is}`, async () => {
      record = each.record;
      assert.equal((await tenancyOf(fresh))?.kind, each.is);
    });
  }

  void it('is asked for no address before its certificate is good', async () => {
    record = 'timeout';
    assert.equal((await tenancyOf({ ...fresh, intermediates: [], isResumed: false }))?.kind, 'stranger');
    assert.equal((await tenancyOf(undefined))?.kind, 'stranger');
  });

  void it('is nobody on a port for submission, nor as a host of ours', async () => {
    record = 'v=spf1 ip4:192.0.2.0/28 -all';
    const listener = { port: 587, role: 'submission' } as const;
    const client = { address: '192.0.2.1', peer: { kind: 'node', name: 'gateway-2' } } as const;
    assert.equal(await tenancyOf(fresh, { listener }), undefined);
    assert.equal(await tenancyOf(fresh, { client }), undefined);
  });
});
