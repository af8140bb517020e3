import { join } from 'node:path';
import { appEntry, appSettings } from './app.ts';
import { startDirectory } from './directory.ts';
import { startDns } from './dns.ts';
import { type Exit, type Gateway, GatewayFailed, lastLines, type Settings, startGateway } from './gateway.ts';
import { hints } from './hints.ts';
import { InstanceError, varDir } from './instance.ts';
import { ldif } from './ldif.ts';
import { type Options, readOptions, usage, UsageError } from './options.ts';
import { entries, type Entry } from './people.ts';
import { PageFailed, startPage } from './page.ts';
import { allReady, obstacle } from './ports.ts';
import { groups, pageSettings } from './roles.ts';
import { startSink } from './sink.ts';
import { zone } from './zone.ts';

/** A start that cannot be; the message says all. */
class StartError extends Error {
  override readonly name = 'StartError';
}

const sinkDir = join(varDir, 'sink');
const directoryMs = 5000;

const running: { stop(): Promise<void> }[] = [];
let isEnding = false;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) return void process.stdout.write(usage);
  if (options.printLdif) return void process.stdout.write(ldif(sample()));
  await checkPorts(options);
  const gateway = await startAll(options);
  const page = await startPage({ dir: gateway.dir, port: portsFrom(options.basePort).page });
  running.push(page);
  if (isEnding) return;
  gateway.exited.then(reportDeath(gateway), fail);
  page.ended.then(reportEndOfPage, fail);
  const log = join(gateway.dir, 'haraka.log');
  const places = { varDir, sinkDir, log, dir: gateway.dir, page: page.url };
  console.log(`gatekeeper ready\n\n${hints(gateway.ports, places)}`);
}

async function startAll(options: Options): Promise<Gateway> {
  const { basePort, nodes, first, last } = options;
  const ports = portsFrom(basePort);
  const directoryUrl = options.directoryUrl ?? `ldap://127.0.0.1:${ports.directory}`;
  if (options.directoryUrl === undefined) {
    running.push(await startDirectory({ port: ports.directory, entries: sample() }));
  } else {
    await waitForDirectory(new URL(directoryUrl));
  }
  running.push(await startSink({ port: ports.sink, dir: sinkDir }));
  running.push(await startDns({ port: ports.dns, zone }));
  const dir = join(varDir, `gateway-${basePort}`);
  const settings = settingsFor(new URL(directoryUrl), ports.page);
  const { sink: sinkPort, dns: dnsPort, directory: _, page: __, ...ofGateway } = ports;
  const gateway = await startGateway({
    dir,
    ports: ofGateway,
    directoryUrl,
    sinkPort,
    dnsPort,
    settings,
    nodes,
    first,
    last,
  });
  running.push(gateway);
  return gateway;
}

/** Everybody who may log in. */
function sample(): Entry[] {
  return [...entries(), ...groups, appEntry(varDir)];
}

function portsFrom(base: number) {
  return {
    mx: base + 25,
    sink: base + 26,
    dns: base + 53,
    implicit: base + 65,
    http: base + 80,
    page: base + 81,
    submission: base + 87,
    directory: base + 389,
  };
}

const purposes = {
  mx: 'the MX port',
  sink: 'the sink',
  dns: 'the DNS server',
  implicit: 'SMTP over TLS',
  http: 'HTTP',
  page: 'the page',
  submission: 'submission',
  directory: 'the LDAP directory',
} as const;

/** Before anything starts: Haraka itself would notice late, and the sink of another demo would get our mail. */
async function checkPorts({ basePort, directoryUrl }: Options): Promise<void> {
  const ports = portsFrom(basePort);
  const needed = (Object.keys(purposes) as (keyof typeof purposes)[]).filter(
    (name) => name !== 'directory' || directoryUrl === undefined,
  );
  for (const name of needed) {
    const code = await obstacle(ports[name]);
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${code})`;
    if (code !== undefined) {
      throw new StartError(
        `port ${ports[name]}, for ${purposes[name]}, ${why}; --base-port N chooses others`,
      );
    }
  }
}

async function waitForDirectory(url: URL): Promise<void> {
  const port = Number(url.port || (url.protocol === 'ldaps:' ? 636 : 389));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isUp = await allReady([{ port, host, manner: 'accepts' }], AbortSignal.timeout(directoryMs));
  if (!isUp) throw new StartError(`no directory answers at ${url.href} (GATEKEEPER_LDAP_URL)`);
}

/** No password crosses a network in clear, not even in a demo. */
function settingsFor(url: URL, pagePort: number): Settings {
  const isLoopback = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);
  const start_tls = url.protocol === 'ldap:' && !isLoopback;
  const { directory, web } = pageSettings(pagePort);
  return { ...appSettings, web, directory: { ...appSettings.directory, ...directory, start_tls } };
}

function reportDeath(gateway: Gateway): (exit: Exit) => void {
  return ({ code, signal }) => {
    if (isEnding) return;
    const how = signal ?? `exit ${code}`;
    fail(
      new StartError(
        `the gateway ended by itself (${how}); the end of its log:\n${lastLines(gateway.log())}`,
      ),
    );
  };
}

function reportEndOfPage(log: string): void {
  if (!isEnding) fail(new StartError(`the page ended by itself; the end of its log:\n${log}`));
}

/** What is said with its message alone; anything else is a bug, or the system, and shows where it happened. */
const expected = [UsageError, StartError, GatewayFailed, PageFailed, InstanceError];

/** Exits with 64 (EX_USAGE) for a command line that cannot be meant, else with 1. */
function fail(error: unknown): void {
  const isExpected = expected.some((known) => error instanceof known);
  console.error(isExpected ? `scripts/start: ${(error as Error).message}` : error);
  void end(error instanceof UsageError ? 64 : 1);
}

/** Ends what was started, the last first. A gateway that is still starting ends when our exit closes its channel. */
async function end(code: number): Promise<void> {
  if (isEnding) process.exit(code);
  isEnding = true;
  for (const one of running.reverse()) await one.stop();
  process.exit(code);
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void end(0));
main().catch(fail);
