import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { startDns, type DnsServer } from '../../scripts/demo/dns.ts';
import {
  GatewayFailed,
  startGateway,
  type Gateway,
  type GatewayOptions,
  type Ports,
} from '../../scripts/demo/gateway.ts';
import { readStore, type StoredMessage } from '../../scripts/demo/mailstore.ts';
import { entries } from '../../scripts/demo/people.ts';
import { startSink } from '../../scripts/demo/sink.ts';
import type { Zone } from '../../scripts/demo/dns-zone.ts';
import { zone } from '../../scripts/demo/zone.ts';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { configurationFault, refusalPrefix } from '../../plugins/core/self-check.ts';
import { eventsIn } from './events.ts';
import { freePorts } from './ports.ts';

export interface TestGatewayOptions extends Partial<Omit<GatewayOptions, 'ports' | 'sinkPort' | 'dnsPort'>> {
  /** What its DNS server knows; that of the demo where absent. */
  readonly zone?: Zone;
}

/** A real gateway with its directory and sink, on free ports and in a folder of its own. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly ports: Ports;
  readonly dir: string;
  readonly dns: DnsServer;
  /** Events so far, each checked against the schema. */
  events(): GatekeeperEvent[];
  log(): string;
  /** Messages that the world has received. */
  delivered(): StoredMessage[];
  stop(): Promise<void>;
}

/** All clients of most tests are one, which fails often. */
const unlimited = { account_failures: 10_000, network_failures: 10_000 };

/** Starts all of it; `directoryUrl` names another directory than the embedded one. GATEKEEPER_PACKAGE names another build. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const base = options.dir ?? mkdtempSync(join(tmpdir(), 'gatekeeper-test-'));
  const sinkDir = join(base, 'sink');
  const [mx, submission, implicit, http] = await freePorts(4);
  const ports = { mx, submission, implicit, http };
  const sink = await startSink({ port: 0, dir: sinkDir });
  const directory = await startDirectory({ port: 0, entries: entries() });
  const dns = await startDns({ port: 0, zone: options.zone ?? zone });
  const stopWorld = async () => {
    await Promise.all([sink.stop(), directory.stop(), dns.stop()]);
    rmSync(base, { recursive: true, force: true });
  };
  try {
    const gateway = await startGateway({
      directoryUrl: `ldap://127.0.0.1:${directory.port}`,
      packageDir: process.env['GATEKEEPER_PACKAGE'],
      ...options,
      settings: { auth: { failure_delay_seconds: 0.05 }, guessing: unlimited, ...options.settings },
      ...{ dir: join(base, 'gateway'), ports, sinkPort: sink.port, dnsPort: dns.port },
    });
    return {
      ...{ gateway, ports, dir: gateway.dir, dns },
      events: eventsIn(gateway.dir),
      log: () => gateway.log(),
      delivered: () => readStore(sinkDir),
      stop: async () => {
        await gateway.stop();
        await stopWorld();
      },
    };
  } catch (error) {
    await stopWorld();
    throw error;
  }
}

/** What a gateway says that refuses to start, without what is said first. */
export async function refusalsOf(options: TestGatewayOptions): Promise<readonly string[]> {
  const failed = await startTestGateway(options).then(
    async (test) => {
      await test.stop();
      return assert.fail('it has started');
    },
    (error: unknown) => error,
  );
  assert.ok(failed instanceof GatewayFailed, String(failed));
  assert.equal(failed.exitCode, configurationFault, failed.log);
  const lines = failed.log.split('\n').filter((line) => line.startsWith(refusalPrefix));
  return lines.map((line) => line.slice(refusalPrefix.length));
}

/** Waits until `probe` gives something; rejects with what was waited for. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false,
  ms = 20_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  // A look takes time from the gateway that is waited for, and most open its events: they grow rarer.
  for (let pause = 20; ; pause = Math.min(pause * 1.25, 100)) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await delay(pause);
  }
}

/** The events that have these fields, as soon as there are so many: events are written a moment after they fell. */
export function eventsWith(
  test: TestGateway,
  wanted: Partial<GatekeeperEvent>,
  count: number,
): Promise<GatekeeperEvent[]> {
  const entries = Object.entries(wanted);
  return eventually(`${count} events with ${JSON.stringify(wanted)}`, () => {
    const found = test
      .events()
      .filter((event) => entries.every(([key, value]) => Reflect.get(event, key) === value));
    return found.length >= count && found;
  });
}

/** The last event that has these fields. */
export async function eventWith(
  test: TestGateway,
  wanted: Partial<GatekeeperEvent>,
): Promise<GatekeeperEvent> {
  const last = (await eventsWith(test, wanted, 1)).at(-1);
  assert.ok(last);
  return last;
}
