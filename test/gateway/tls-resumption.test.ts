import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { periodOf } from '../../plugins/tls/ticket-keys.ts';
import { Mint } from '../support/certificates.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { handshake, tlsListeners, type TlsListener } from '../support/tls-session.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;
const names = {
  'with the name of the gateway': 'gw.corp.example',
  'with a name that has a certificate of its own': 'other.example',
  'without a name': '',
} as const;

/** With several processes each client of a series meets another one. */
const clients = { 0: 1, 4: 6 } as const;

/** Loads what has the clock of the gateway go half a day ahead once a file exists. */
const clockAhead = ['--require', resolve(import.meta.dirname, '../support/clock-ahead.cjs')];

for (const nodes of [0, 4] as const) {
  void describe(`a TLS session, with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    let authority: Authority;
    let clock: string;
    before(async () => {
      authority = await createAuthority();
      const other = await authority.issue('DNS:other.example');
      clock = mkdtempSync(join(tmpdir(), 'gatekeeper-clock-'));
      gateway = await startTestGateway({
        nodes,
        config: { 'tls/other.example.pem': other.cert + other.key },
        execArgv: clockAhead,
        env: { CLOCK_AHEAD: join(clock, 'ahead') },
      });
    });
    after(async () => {
      await gateway.stop();
      await authority.remove();
      rmSync(clock, { recursive: true });
    });

    /** Whether a session is resumed, by each of a series of clients. */
    async function resumed(listener: TlsListener, offer: object, session: Buffer): Promise<boolean[]> {
      const found: boolean[] = [];
      for (let client = 0; client < clients[nodes]; client += 1) {
        found.push((await handshake(gateway.ports, listener, { ...offer, session })).isResumed);
      }
      return found;
    }

    async function isResumedByAll(listener: TlsListener, offer: object): Promise<void> {
      const first = await handshake(gateway.ports, listener, offer);
      assert.equal(first.isResumed, false);
      const found = await resumed(listener, offer, first.session);
      assert.deepEqual(
        found,
        found.map(() => true),
      );
    }

    const offers = versions.flatMap((version) =>
      Object.entries(names).map(([how, servername]) => ({ version, how, servername })),
    );
    for (const listener of tlsListeners) {
      for (const { version, how, servername } of offers) {
        void it(`of ${version} is resumed on ${listener} ${how}`, () =>
          isResumedByAll(listener, { servername, minVersion: version, maxVersion: version }));
      }
    }

    void it('is resumed where the client has shown a certificate', async () => {
      const mint = new Mint();
      const shown = mint.make({ name: 'client.example' });
      mint.remove();
      for (const listener of tlsListeners) await isResumedByAll(listener, { servername: '', ...shown });
    });

    void it('leaves its keys in one file', () => {
      const period = periodOf(Date.now());
      assert.deepEqual(ticketFiles(gateway), [`tls-tickets.${period}`]);
    });

    void it('of before new keys begins with a full handshake, and those after it are resumed', async () => {
      const offers = tlsListeners.flatMap((listener) =>
        versions.map((version) => ({
          listener,
          offer: { servername: '', minVersion: version, maxVersion: version },
        })),
      );
      const old: Buffer[] = [];
      for (const { listener, offer } of offers) {
        old.push((await handshake(gateway.ports, listener, offer)).session);
      }
      writeFileSync(join(clock, 'ahead'), '');
      for (const [index, { listener, offer }] of offers.entries()) {
        await untilAllForget(() => resumed(listener, offer, old[index] ?? Buffer.alloc(0)));
      }
      for (const { listener, offer } of offers) await isResumedByAll(listener, offer);
      assert.equal(ticketFiles(gateway).length, 1, 'the old keys are gone');
      assert.doesNotMatch(gateway.log(), /ticket keys/);
    });
  });
}

void describe('TLS session tickets whose keys cannot be shared', () => {
  void it("are each process's own, which it says", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-tickets-'));
    writeFileSync(join(folder, 'data'), 'a file where a directory should be');
    const gateway = await startTestGateway({ settings: { data_directory: join(folder, 'data') } });
    try {
      for (const listener of tlsListeners) {
        const { session } = await handshake(gateway.ports, listener, { servername: '' });
        const again = await handshake(gateway.ports, listener, { servername: '', session });
        assert.equal(again.isResumed, true);
      }
      assert.match(
        gateway.log(),
        /\[CRIT\] \[-\] \[gatekeeper\/tls\] TLS sessions of other processes .* keys of its own: E/,
      );
    } finally {
      await gateway.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

function ticketFiles(gateway: TestGateway): string[] {
  const directory = join(gateway.dir, 'var/gatekeeper');
  assert.ok(existsSync(directory));
  return readdirSync(directory).filter((name) => name.startsWith('tls-tickets'));
}

/** Each process looks at the clock every five seconds. */
async function untilAllForget(probe: () => Promise<boolean[]>): Promise<void> {
  for (const deadline = Date.now() + 15_000; ;) {
    if (!(await probe()).includes(true)) return;
    assert.ok(Date.now() < deadline, 'a session of before is resumed still');
  }
}
