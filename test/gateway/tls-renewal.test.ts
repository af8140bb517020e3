import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { createAuthority, type Authority } from '../support/ldap-certificates.ts';
import { handshake, tlsListeners, type TlsListener } from '../support/tls-session.ts';

/** Without SNI, with a name that has no certificate of its own, and with one that has. */
const names = ['', 'gw.corp.example', 'other.example'] as const;
/** Each process serves some of so many clients. */
const clients = { 0: 1, 2: 4 } as const;
/** New sessions see a new certificate within so many milliseconds. */
const withinMs = 5000;

interface Pair {
  readonly key: string;
  readonly cert: string;
}

/** How operators and their programs replace files; each leaves `config` as the next one finds it. */
const ways: readonly { it: string; replace: (config: string, pair: Pair) => void }[] = [
  {
    it: 'written over the old one',
    replace: (config, { key, cert }) => {
      writeFileSync(join(config, 'tls_key.pem'), key);
      writeFileSync(join(config, 'tls_cert.pem'), cert);
    },
  },
  {
    it: 'renamed to its name',
    replace: (config, { key, cert }) => {
      for (const [name, text] of Object.entries({ 'tls_key.pem': key, 'tls_cert.pem': cert })) {
        writeFileSync(join(config, `${name}.new`), text, { mode: 0o600 });
        renameSync(join(config, `${name}.new`), join(config, name));
      }
    },
  },
  ...['first', 'second'].map((generation) => ({
    it: `reached by symbolic links as those of certbot: ${generation} time`,
    replace: (config: string, { key, cert }: Pair) => {
      const [archive, live] = [join(config, '../archive', generation), join(config, '../live')];
      mkdirSync(archive, { recursive: true });
      mkdirSync(live, { recursive: true });
      for (const [name, text] of Object.entries({ 'tls_key.pem': key, 'tls_cert.pem': cert })) {
        writeFileSync(join(archive, name), text);
        // Beyond the link in config nothing changes there.
        rmSync(join(live, name), { force: true });
        symlinkSync(join(archive, name), join(live, name));
        if (generation === 'second') continue;
        rmSync(join(config, name));
        symlinkSync(join(live, name), join(config, name));
      }
    },
  })),
];

for (const nodes of [0, 2] as const) {
  void describe(`a certificate that is renewed while the gateway runs, with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    let authority: Authority;
    let config: string;
    before(async () => {
      authority = await createAuthority();
      const other = await authority.issue('DNS:other.example');
      gateway = await startTestGateway({
        nodes,
        certificate: await authority.issue('DNS:gw.corp.example'),
        config: { 'tls/other.example.pem': other.cert + other.key },
      });
      config = join(gateway.dir, 'config');
    });
    after(async () => {
      await gateway.stop();
      await authority.remove();
    });

    /** The fingerprints that clients are shown. */
    async function shown(listener: TlsListener, servername: string): Promise<string[]> {
      const found = new Set<string>();
      for (let client = 0; client < clients[nodes]; client += 1) {
        found.add((await handshake(gateway.ports, listener, { servername })).fingerprint ?? 'none');
      }
      return [...found];
    }

    async function everywhere(): Promise<Record<string, string[]>> {
      const found: Record<string, string[]> = {};
      for (const name of names) {
        const ofListeners = [];
        for (const listener of tlsListeners) ofListeners.push(...(await shown(listener, name)));
        found[name] = [...new Set(ofListeners)];
      }
      return found;
    }

    /** Clients come all the time, to all listeners, and none of them fails. */
    async function seenWithin(ms: number, servername: string, old: string | undefined): Promise<void> {
      for (const begun = Date.now(); ;) {
        const all = await Promise.all(tlsListeners.map((listener) => shown(listener, servername)));
        const seen = new Set(all.flat());
        if (seen.size === 1 && !seen.has(old ?? '')) return;
        assert.ok(Date.now() - begun < ms, `the old one is still shown after ${ms} ms`);
      }
    }

    for (const { it: how, replace } of ways) {
      void it(`is what every client is shown within ${withinMs / 1000} s: ${how}`, async () => {
        const before = await everywhere();
        assert.deepEqual(before[''], before['gw.corp.example']);
        assert.notDeepEqual(before[''], before['other.example']);
        const { session } = await handshake(gateway.ports, 'submission', { servername: '' });
        replace(config, await authority.issue('DNS:gw.corp.example'));
        await seenWithin(withinMs, '', before['']?.[0]);
        const after = await everywhere();
        assert.equal(after['']?.length, 1, 'on all listeners the same');
        assert.deepEqual(after[''], after['gw.corp.example']);
        assert.deepEqual(after['other.example'], before['other.example']);
        for (const listener of tlsListeners) {
          const again = await handshake(gateway.ports, listener, { servername: '', session });
          assert.equal(again.isResumed, true, 'a session of before');
        }
      });
    }

    void it('is so in config/tls too', async () => {
      const before = await everywhere();
      const renewed = await authority.issue('DNS:other.example');
      const file = join(config, 'tls/other.example.pem');
      writeFileSync(`${file}.new`, renewed.cert + renewed.key);
      renameSync(`${file}.new`, file);
      await seenWithin(withinMs, 'other.example', before['other.example']?.[0]);
      const after = await everywhere();
      assert.equal(after['other.example']?.length, 1, 'on all listeners the same');
      assert.deepEqual(after[''], before['']);
    });

    void it('stays with the last good tls.ini where the new one would undo the policy, in a new worker, too', async () => {
      const good = readFileSync(join(config, 'tls.ini'), 'utf8');
      const before = await everywhere();
      writeFileSync(
        join(config, 'tls.ini'),
        `${good}minVersion=TLSv1.3\nmaxVersion=TLSv1.3\n[no_tls_hosts]\n127.0.0.1\n`,
      );
      await eventually(
        'the refusal',
        () =>
          gateway.log().split('the last good key and policy: config/tls.ini: [main] maxVersion').length >
          Math.max(nodes, 1),
        9000,
      );
      const tls12 = { servername: '', maxVersion: 'TLSv1.2' };
      for (const listener of tlsListeners) await handshake(gateway.ports, listener, tls12);
      for (const pid of workersOf(gateway)) process.kill(pid, 'SIGKILL');
      const listening = () => gateway.log().match(/worker \d+ listening/g)?.length ?? 0;
      await eventually('new workers', () => listening() === 2 * nodes * tlsListeners.length, 15_000);
      assert.deepEqual(await everywhere(), before);
      writeFileSync(join(config, 'tls.ini'), good);
    });

    void it('leaves the last good one where its key is of another, in both places, and a touch of tls.ini changes nothing', async () => {
      const before = await everywhere();
      const [one, two] = [
        await authority.issue('DNS:gw.corp.example'),
        await authority.issue('DNS:other.example'),
      ];
      writeFileSync(join(config, 'tls_cert.pem'), one.cert);
      writeFileSync(join(config, 'tls/other.example.pem'), two.cert + one.key);
      await eventually('both complaints', () => {
        const said = gateway.log().split('TLS goes on with the last good').slice(1);
        const whose = [
          /^ certificate: TLS key pair 1 of tls.ini: the key does not belong/,
          /^ certificate: config\/tls\/other.example.pem: the key does not belong/,
        ];
        return whose.every((each) => said.filter((text) => each.test(text)).length === Math.max(nodes, 1));
      });
      writeFileSync(join(config, 'tls.ini'), readFileSync(join(config, 'tls.ini')));
      // As long as Haraka takes to read it.
      await delay(6000);
      assert.deepEqual(await everywhere(), before);
    });
  });
}

function workersOf({ gateway }: TestGateway): number[] {
  const { pid } = gateway.process;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}
