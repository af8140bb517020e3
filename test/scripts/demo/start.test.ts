import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Exit } from '../../../scripts/demo/gateway.ts';
import { readOptions, UsageError } from '../../../scripts/demo/options.ts';
import { varDir } from '../../../scripts/demo/instance.ts';
import { obstacle } from '../../../scripts/demo/ports.ts';
import { freeBase } from '../../support/ports.ts';

const script = resolve(import.meta.dirname, '../../../scripts/start');
const offsets = [25, 26, 65, 80, 81, 87, 389];
const made: string[] = [];

const started: ChildProcess[] = [];

after(() => {
  for (const child of started) child.kill('SIGKILL');
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<Exit>;
  out(): string;
  err(): string;
}

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = tmpdir()): Run {
  const child = spawn(script, args, {
    env: { ...process.env, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const ended = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  return { process: child, ended, out: () => out, err: () => err };
}

/** Starts the demo on free ports and resolves when it says that it is ready. */
async function start(...args: string[]): Promise<Run & { base: number; dir: string }> {
  const base = await freeBase(offsets);
  const dir = join(varDir, `gateway-${base}`);
  made.push(dir);
  const demo = run(['--base-port', `${base}`, ...args]);
  const isReady = (): boolean => demo.out().includes('gatekeeper ready\n');
  for (let isOver = false; !isOver && !isReady(); isOver = await hasEnded(demo, 20));
  assert.ok(isReady(), `scripts/start did not come up:\n${demo.err()}`);
  return { ...demo, base, dir };
}

async function hasEnded({ ended }: Run, withinMs: number): Promise<boolean> {
  return Promise.race([ended.then(() => true), pause(withinMs, false)]);
}

/** What a run complains of; not that it builds first, when the plugins have just been changed. */
function complaint(run: Run): string[] {
  const lines = run.err().trimEnd().split('\n');
  return lines.filter((line) => !/^scripts\/start: (building|installing)/.test(line));
}

/** A process and all below it. */
function family(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child = 0]) => [child, ...below(child)]);
  return [pid, ...below(pid)];
}

/** A zombie has ended: only its parent, or who inherits it, has not looked yet. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}

async function allGone(pids: readonly number[], withinMs: number): Promise<number[]> {
  const deadline = Date.now() + withinMs;
  while (pids.some(isAlive) && Date.now() < deadline) await pause(20);
  return pids.filter(isAlive);
}

function pidOf({ process: { pid } }: Run): number {
  assert.ok(pid !== undefined);
  return pid;
}

const misuses = [
  { it: 'an unknown option', args: ['--nonsense'], says: /Unknown option '--nonsense'/ },
  { it: 'a word that is no option', args: ['now'], says: /Unexpected argument 'now'/ },
  {
    it: 'a port that is no number',
    args: ['--base-port', '25x'],
    says: /--base-port 25x: expected a whole number/,
  },
  { it: 'a port too high for the directory', args: ['--base-port', '65147'], says: /from 1 to 65146/ },
  { it: 'a negative number of workers', args: ['--nodes=-1'], says: /--nodes -1: expected/ },
  { it: 'an option without its value', args: ['--with'], says: /'--with <value>' argument missing/ },
  { it: 'a plugin that is not there', args: ['--with', 'none.js'], says: /--with none.js: no such file/ },
  { it: 'a plugin that is no .js file', args: ['--with-first', '/etc/hosts'], says: /is a \.js file/ },
] as const;

for (const { it, args, says } of misuses) {
  test(`${it} cannot be meant, which one line says`, () => {
    assert.throws(
      () => readOptions(args, {}),
      (error) => error instanceof UsageError && says.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('what cannot be meant is one clear line and exit 64', async () => {
  const misuse = run(['--nonsense']);
  assert.equal((await misuse.ended).code, 64);
  assert.equal(complaint(misuse).length, 1);
  assert.match(misuse.err(), /Unknown option '--nonsense'/);
  assert.equal(misuse.out(), '');
});

test('a directory URL that cannot be meant is no option, one that does not answer exit 1', async () => {
  assert.throws(() => readOptions([], { GATEKEEPER_LDAP_URL: 'http://x' }), UsageError);
  const base = await freeBase(offsets);
  const silent = run(['--base-port', `${base}`], { GATEKEEPER_LDAP_URL: `ldap://127.0.0.1:${base + 389}` });
  assert.equal((await silent.ended).code, 1);
  assert.match(silent.err(), /no directory answers at ldap:\/\/127\.0\.0\.1/);
});

test('--help and --print-ldif print and end', async () => {
  const help = run(['--help']);
  assert.equal((await help.ended).code, 0);
  assert.match(help.out(), /^Usage: scripts\/start/);
  const printed = run(['--print-ldif']);
  assert.equal((await printed.ended).code, 0);
  assert.match(printed.out(), /^# [^\0]*\ndn: dc=corp,dc=example\n/);
});

test('a port in use is an error before anything starts', async (t) => {
  const base = await freeBase(offsets);
  const squatter = createServer().listen(base + 87, '127.0.0.1');
  t.after(() => squatter.close());
  await once(squatter, 'listening');
  const demo = run(['--base-port', `${base}`]);
  assert.equal((await demo.ended).code, 1);
  assert.match(demo.err(), new RegExp(`port ${base + 87}, for submission, is in use`));
  assert.ok(!existsSync(join(varDir, `gateway-${base}`)));
});

test('is ready on all its ports, says so once, and SIGTERM leaves nothing', async () => {
  const demo = await start();
  assert.equal(demo.out().match(/^gatekeeper ready$/gm)?.length, 1);
  assert.match(demo.out(), /swaks --server 127\.0\.0\.1:\d+/);
  const page = `http://127.0.0.1:${demo.base + 81}/`;
  assert.match(demo.out(), new RegExp(`^All of it in a browser: ${page}$`, 'm'));
  assert.match(await (await fetch(page)).text(), /<title>Log in/);
  const busy = await Promise.all(offsets.map((offset) => obstacle(demo.base + offset)));
  assert.deepEqual(
    busy,
    offsets.map(() => 'EADDRINUSE'),
  );
  const pids = family(pidOf(demo));
  assert.ok(pids.length >= 2);
  demo.process.kill('SIGTERM');
  assert.deepEqual(await demo.ended, { code: 0, signal: null });
  assert.deepEqual(await allGone(pids, 1000), []);
});

test('SIGKILL leaves nothing within three seconds, the workers of a cluster included', async () => {
  const demo = await start('--nodes', '2');
  const pids = family(pidOf(demo));
  assert.ok(pids.length >= 4, 'supervisor, primary and two workers');
  demo.process.kill('SIGKILL');
  assert.deepEqual(await allGone(pids, 3000), []);
});

test('a gateway that dies by itself ends the demo with exit 1 and the end of its log', async () => {
  const demo = await start();
  const haraka = execFileSync('pgrep', ['-P', `${pidOf(demo)}`, '-f', 'bin/haraka'], { encoding: 'utf8' });
  const pids = family(pidOf(demo));
  process.kill(Number(haraka), 'SIGKILL');
  assert.deepEqual(await demo.ended, { code: 1, signal: null });
  assert.match(demo.err(), /the gateway ended by itself \(SIGKILL\); the end of its log:\n.*\[/);
  assert.deepEqual(await allGone(pids, 1000), []);
});

test('a gateway that cannot start is exit 1 with the end of its log', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plugin-'));
  made.push(dir);
  writeFileSync(join(dir, 'broken.js'), "throw new Error('this plugin is broken');\n");
  const base = await freeBase(offsets);
  made.push(join(varDir, `gateway-${base}`));
  const demo = run(['--base-port', `${base}`, '--with', 'broken.js'], {}, dir);
  assert.equal((await demo.ended).code, 1);
  assert.match(demo.err(), /the gateway ended \(exit \d+\); the end of its log:[^]*this plugin is broken/);
  assert.doesNotMatch(demo.out(), /gatekeeper ready/);
});

test('--with and --with-first list plugins after and before ours', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plugin-'));
  made.push(dir);
  for (const name of ['after', 'before'])
    writeFileSync(join(dir, `${name}.js`), 'exports.register = function () {};\n');
  const demo = await start('--with', join(dir, 'after.js'), '--with-first', join(dir, 'before.js'));
  const lines = readFileSync(join(demo.dir, 'config/plugins'), 'utf8').trim().split('\n');
  assert.deepEqual([lines.at(0), lines.at(-1)], ['before', 'after']);
  assert.match(readFileSync(join(demo.dir, 'haraka.log'), 'utf8'), /loading after/);
  demo.process.kill('SIGINT');
  assert.equal((await demo.ended).code, 0);
});
