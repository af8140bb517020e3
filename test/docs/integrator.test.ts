import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { openPlace } from '../../plugins/core/events/places.ts';
import { storePlace } from '../../plugins/core/events/open.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { startDns } from '../../scripts/demo/dns.ts';
import { eventWith, noon } from '../core/events/sample-events.ts';
import { block, root } from '../support/pages.ts';

/** Where an integrator has installed the package that was built. */
const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-integrator-'));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(join(root, 'dist'), join(folder, 'node_modules/haraka-plugin-gatekeeper'));

/** Runs an example as it is shown, but for what is elsewhere here. */
async function printed(holding: string, replaced: Readonly<Record<string, string>> = {}): Promise<string> {
  let code = block('docs/integrator.md', 'js', holding);
  for (const [shown, here] of Object.entries(replaced)) {
    assert.ok(code.includes(shown), shown);
    code = code.replace(shown, here);
  }
  const file = join(folder, 'example.mjs');
  writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
  return stdout;
}

void describe('the examples of docs/integrator.md', () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  void it('ask for SPF', async () => {
    const server = await startDns({
      port: 0,
      zone: { 'example.com': [{ TXT: 'v=spf1 ip4:192.0.2.0/24 -all' }] },
    });
    const lines = await printed('haraka-plugin-gatekeeper/spf', {
      '127.0.0.1:5353': `127.0.0.1:${server.port}`,
      'timeout: 2000': 'timeout: 60_000',
    });
    await server.stop();
    assert.match(lines, /^pass\nundefined\n[^]*\nReceived-SPF: pass .*mechanism="ip4:192\.0\.2\.0\/24";/);
  });

  void it('read who wrote a message', async () => {
    assert.equal(await printed('readAuthors'), 'anne@corp.example\nÄnne\n');
  });

  void it('read events', async () => {
    const config = join(folder, 'haraka/config');
    mkdirSync(config, { recursive: true });
    const directory = 'directory: {urls: ["ldaps://x"], bind_dn: x, base: x}';
    const settings = `${directory}\nprotected_domains: [corp.example]\ndata_directory: data\n`;
    writeFileSync(join(config, 'gatekeeper.yaml'), settings);
    const { policy } = readSettings(config).settings;
    const gateway = openPlace(storePlace({ policy, harakaDirectory: join(config, '..') }));
    const refused = {
      verdict: 'refuse',
      reason: 'sender-not-owned',
      identity: 'alice@corp.example',
    } as const;
    await gateway.append([eventWith({}), eventWith(refused)]);
    await gateway.close();
    const lines = await printed('haraka-plugin-gatekeeper/events', { '/etc/haraka/config': config });
    assert.equal(lines, `${new Date(noon).toISOString()} sender-not-owned alice@corp.example\n`);
  });
});
