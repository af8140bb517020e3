import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { tlsListeners } from '../support/tls-session.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** Protocols, categories of ciphers, forward secrecy, what the server prefers, and the known attacks: all but the certificate. */
const what = ['--protocols', '--std', '--fs', '--server-preference', '--vulnerable'];
const grave: readonly string[] = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

void describe('testssl.sh', () => {
  let gateway: TestGateway;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-testssl-'));
    gateway = await startTestGateway();
  });
  after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });

  for (const listener of tlsListeners) {
    void it(`finds nothing below the policy on ${listener}`, { timeout: 900_000 }, async () => {
      const file = join(folder, `${listener}.json`);
      const starttls = listener === 'implicit' ? [] : ['--starttls', 'smtp'];
      const target = `127.0.0.1:${gateway.ports[listener]}`;
      const args = ['--quiet', '--color', '0', '--nodns', 'none', '--ip', '127.0.0.1', '--warnings', 'batch'];
      await testssl([...args, '--jsonfile', file, ...what, ...starttls, target]);
      const findings = JSON.parse(readFileSync(file, 'utf8')) as readonly Finding[];
      assert.ok(findings.length > 20, JSON.stringify(findings));
      assert.deepEqual(
        findings.filter(({ severity }) => grave.includes(severity)),
        [],
      );
    });
  }
});

/** Ends with the number of its findings, or so; what it found is in its file. */
function testssl(args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile('testssl', args, { maxBuffer: 1 << 26 }, () => {
      resolve();
    });
  });
}
