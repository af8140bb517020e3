import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import {
  type Gateway,
  GatewayFailed,
  type GatewayOptions,
  startGateway,
  writeInstance,
} from '../../../scripts/demo/gateway.ts';
import type { Listening } from '../../../scripts/demo/listening.ts';
import { readStore } from '../../../scripts/demo/mailstore.ts';
import { obstacle } from '../../../scripts/demo/ports.ts';
import { startSink } from '../../../scripts/demo/sink.ts';
import { freePorts } from '../../support/ports.ts';

const root = mkdtempSync(join(tmpdir(), 'gateway-'));
const sinkDir = join(root, 'sink');
const started: Gateway[] = [];
let sink: Listening;
let options: GatewayOptions;

before(async () => void (sink = await startSink({ port: 0, dir: sinkDir })));

/** Haraka with no plugin of ours: these tests are about the instance and the process. */
beforeEach(async () => {
  const [mx, submission, implicit] = await freePorts(3);
  const ports = { mx, submission, implicit };
  const plugins = ['tls', 'rcpt_to.in_host_list', 'demo-route', 'queue/smtp_forward'];
  const dir = join(root, `instance-${ports.mx}`);
  options = { dir, ports, directoryUrl: 'ldap://127.0.0.1:389', sinkPort: sink.port, plugins };
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((gateway) => gateway.stop()));
});

after(async () => {
  await sink.stop();
  rmSync(root, { recursive: true });
});

function config(name: string): string {
  return readFileSync(join(options.dir, 'config', name), 'utf8');
}

function pluginFile(name: string, code = ''): string {
  const file = join(root, name);
  writeFileSync(file, code);
  return file;
}

/** Starts a gateway that ends with the test, also when it fails. */
async function start(more: Partial<GatewayOptions>): Promise<Gateway> {
  const gateway = await startGateway({ ...options, ...more });
  started.push(gateway);
  return gateway;
}

/** One session, waiting for each answer; resolves to the last one. */
async function session(port: number, ...lines: string[]): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  const answers = socket.setEncoding('utf8')[Symbol.asyncIterator]();
  let answer = '';
  for (const line of ['', ...lines]) {
    if (line !== '') socket.write(`${line}\r\n`);
    answer = (await answers.next()).value as string;
  }
  socket.destroy();
  return answer;
}

const message = ['DATA', 'Subject: hello\r\n\r\nhello\r\n.'];

test('settings are merged over the defaults: sections deeply, lists whole', () => {
  writeInstance({
    ...options,
    settings: { protected_domains: ['x.example'], directory: { base: 'dc=x' }, extra: 1 },
  });
  const settings = parse(config('gatekeeper.yaml')) as Record<string, unknown> & {
    directory: Record<string, unknown>;
  };
  assert.deepEqual(settings['protected_domains'], ['x.example']);
  assert.equal(settings.directory['base'], 'dc=x');
  assert.deepEqual(settings.directory['urls'], ['ldap://127.0.0.1:389']);
  assert.equal(settings['extra'], 1);
  assert.equal(settings['http'], undefined);
});

test('config files of the caller win, and are written as they are', () => {
  writeInstance({ ...options, config: { me: 'other.example\n', 'gatekeeper.yaml': 'nonsense: [' } });
  assert.equal(config('me'), 'other.example\n');
  assert.equal(config('gatekeeper.yaml'), 'nonsense: [');
});

test('plugin files are copied and listed first and last', () => {
  const [first, last] = [pluginFile('one.js'), pluginFile('two.js')];
  writeInstance({ ...options, first: [first], last: [last] });
  const lines = ['one', ...(options.plugins ?? []), 'two'];
  assert.deepEqual(config('plugins').trim().split('\n'), lines);
  assert.deepEqual(readdirSync(join(options.dir, 'plugins')), ['demo-route.js', 'one.js', 'two.js']);
});

test('plugin files that would replace each other are refused', () => {
  mkdirSync(join(root, 'elsewhere'));
  const files = [pluginFile('one.js'), pluginFile('elsewhere/one.js')];
  assert.throws(() => writeInstance({ ...options, first: files }), /two plugin files have the name one\.js/);
  const route = pluginFile('demo-route.js'); // and half an instance is no obstacle
  assert.throws(() => writeInstance({ ...options, last: [route] }), /have the name demo-route\.js/);
});

test('what others must not read, they cannot', () => {
  writeInstance(options);
  for (const name of ['ldap.password', 'tls_key.pem', 'internalcmd_key']) {
    assert.equal(statSync(join(options.dir, 'config', name)).mode & 0o077, 0, name);
  }
});

test('an instance is made anew, but a directory that is something else is left alone', () => {
  writeInstance(options);
  writeFileSync(join(options.dir, 'queue/old'), '');
  writeInstance(options);
  assert.deepEqual(readdirSync(join(options.dir, 'queue')), []);
  const precious = join(root, 'precious');
  mkdirSync(precious);
  writeFileSync(join(precious, 'thesis'), '');
  assert.throws(() => writeInstance({ ...options, dir: precious }), /something else/);
  assert.ok(existsSync(join(precious, 'thesis')));
});

for (const nodes of [0, 2]) {
  test(`with ${nodes} workers, local mail reaches the sink, and stop frees every port`, async () => {
    const gateway = await start({ nodes });
    const from = `from-${nodes}@other.example`;
    const envelope = [`MAIL FROM:<${from}>`, 'RCPT TO:<alice@corp.example>'];
    assert.match(await session(options.ports.mx, 'EHLO me', ...envelope, ...message), /^250 /);
    assert.ok(readStore(sinkDir).some((it) => it.envelope.from === from && it.bytes.includes('hello')));
    assert.match(gateway.log(), /Listening on/);
    await gateway.stop();
    const { mx, submission, implicit } = options.ports;
    assert.deepEqual(await Promise.all([mx, submission, implicit].map(obstacle)), [
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(await gateway.exited, { code: 0, signal: null });
  });
}

test('outbound mail goes to the sink, wherever it is addressed', async () => {
  const relay = `exports.hook_connect = (next, connection) => { connection.relaying = true; next(); };
    exports.hook_rcpt = (next) => next(OK);`;
  await start({ first: [pluginFile('relay-all.js', relay)] });
  const envelope = ['MAIL FROM:<alice@corp.example>', 'RCPT TO:<friend@world.example>'];
  assert.match(await session(options.ports.mx, 'EHLO me', ...envelope, ...message), /^250 /);
  const arrived = (): boolean =>
    readStore(sinkDir).some((it) => it.envelope.to.includes('friend@world.example'));
  for (let tries = 0; !arrived() && tries < 200; tries += 1) await pause(20);
  assert.ok(arrived());
});

test('a gateway that does not come up rejects with its exit code and log', async () => {
  const failing = startGateway({ ...options, plugins: ['no-such-plugin'] });
  await assert.rejects(failing, (error: unknown) => {
    assert.ok(error instanceof GatewayFailed);
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /ended \(exit 1\); the end of its log:[^]*no-such-plugin failed/);
    return true;
  });
});

test('without waiting, the caller learns the exit by itself', async () => {
  const gateway = await start({ plugins: ['no-such-plugin'], ready: false });
  assert.deepEqual(await gateway.exited, { code: 1, signal: null });
  await gateway.stop();
});

test('an instance can be started again as it is', async () => {
  const first = await start({});
  await first.stop();
  writeFileSync(join(options.dir, 'config/me'), 'second.example\n');
  const second = await start({ reuse: true });
  assert.match(await session(options.ports.mx), /^220 second\.example /);
  await second.stop();
});
