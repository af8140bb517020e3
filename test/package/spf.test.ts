import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DnsServer, startDns } from '../../scripts/demo/dns.ts';
import { pack, projectDir, quiet, removeAtExit } from './operator.ts';
import { run } from './shell.ts';

const zone = {
  'corp.example': [{ TXT: 'v=spf1 include:_spf.corp.example -all' }],
  '_spf.corp.example': [{ TXT: 'v=spf1 ip4:192.0.2.0/24 -all' }],
} as const;

/** What an integrator writes, around an import of `checkHost`. */
const body = (port: number): string => `
const options = { servers: ['127.0.0.1:${port}'], timeout: 2000 };
for (const ip of ['192.0.2.1', '198.51.100.1']) {
  checkHost({ ip, sender: 'alice@corp.example', helo: 'mail.example' }, options).then(({ result, mechanism }) => {
    console.log(ip, result, mechanism);
  });
}
`;
const expected = '192.0.2.1 pass include:_spf.corp.example\n198.51.100.1 fail -all\n';

const consumer = `
import { checkHost, formatTrace, type Dns, type SpfOutcome, type SpfResult } from 'haraka-plugin-gatekeeper/spf';

const dns: Dns = { resolve: () => Promise.resolve({ kind: 'nxdomain' }) };
const outcome: SpfOutcome = await checkHost({ ip: '192.0.2.1', sender: '', helo: 'a.example' }, { dns, terms: 5 });
const result: SpfResult = outcome.result;
console.log(result, formatTrace(outcome).length, outcome.lookups.queries);
// @ts-expect-error: a question needs an address
await checkHost({ sender: '', helo: 'a.example' });
`;

describe('haraka-plugin-gatekeeper/spf, installed into an empty folder', () => {
  let folder: string;
  let server: DnsServer;
  const node = (...args: string[]): Promise<string> => run(process.execPath, args, folder);
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

  before(async () => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'gatekeeper-spf-'));
    removeAtExit(folder);
    const tarball = await pack(folder);
    write('package.json', '{ "private": true }');
    await run('npm', ['install', '--ignore-scripts', ...quiet, tarball], folder);
    server = await startDns({ port: 0, zone });
  });
  after(() => server.stop());

  it('is imported by ES modules', async () => {
    write('a.mjs', `import { checkHost } from 'haraka-plugin-gatekeeper/spf';${body(server.port)}`);
    assert.equal(await node('a.mjs'), expected);
  });

  it('is required by CommonJS', async () => {
    write('b.cjs', `const { checkHost } = require('haraka-plugin-gatekeeper/spf');${body(server.port)}`);
    assert.equal(await node('--no-warnings', 'b.cjs'), expected);
  });

  it('is typed, for the strict', async () => {
    write('c.mts', consumer);
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'es2023', strict: true, exactOptionalPropertyTypes: true },
      ...{ types: ['node'], typeRoots: [join(projectDir, 'node_modules/@types')] },
    };
    write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['c.mts'] }));
    await node(join(projectDir, 'node_modules/typescript/bin/tsc'));
    assert.equal(await node('c.mjs'), 'none 4 1\n');
  });

  it('is what is exported, with the manifests and, for now, core; no plugin is', async () => {
    const command = [
      "const has = (name) => { try { return require.resolve('haraka-plugin-gatekeeper' + name) !== '' } catch { return false } };",
      "console.log(['', '/spf', '/package.json', '/auth/package.json', '/core/haraka/check.js', '/sender/index.js'].map(has).join(' '));",
    ];
    assert.equal(await node('--eval', command.join('\n')), 'false true true true true false\n');
  });

  it('does not keep a process alive, and needs no option', async () => {
    const code =
      "import('haraka-plugin-gatekeeper/spf').then(({ checkHost }) => checkHost({ ip: '192.0.2.1', sender: 'x@[192.0.2.1]', helo: 'x' })).then(({ result }) => console.log(result));";
    assert.equal(await node('--eval', code), 'none\n');
  });
});
