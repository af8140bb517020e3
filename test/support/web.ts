import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Report } from '../../plugins/core/readings/report.ts';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { completed } from '../../plugins/core/events/event.ts';
import { storePlace } from '../../plugins/core/events/open.ts';
import { openPlace } from '../../plugins/core/events/places.ts';
import { readInstallation } from '../../plugins/command/installation.ts';
import { openSite, type OpenSite } from '../../plugins/command/web-site.ts';
import { createPageServer, type PageKeys } from '../../plugins/web/server.ts';
import { suffix } from '../../scripts/demo/people.ts';
import { groups, roles } from '../../scripts/demo/roles.ts';
import { startSite } from './instance.ts';
import { sampleReport } from './report.ts';

/** A page that listens, and what is behind it. */
export interface TestWeb {
  readonly origin: string;
  readonly port: number;
  readonly dir: string;
  readonly site: OpenSite;
  /** What its log has. */
  readonly lines: readonly string[];
  /** Moves its clock on. */
  pass(milliseconds: number): void;
  /** What every page shows from now on. */
  showReport(report: (until: number) => Report): void;
  stopDirectory(): Promise<void>;
  stop(): Promise<void>;
}

interface WebOptions {
  readonly web?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly keys?: PageKeys;
  /** Instead of the sample report. */
  readonly realReport?: true;
}

/** Starts the page of an instance with the directory of the demo. Alice is an admin, Bob a viewer, Carol nobody. */
export async function startWeb({ web, settings, keys, realReport }: WebOptions = {}): Promise<TestWeb> {
  const instance = await startSite(
    {
      settings: {
        ...settings,
        web: { ...roles, ...web },
        directory: {
          group_base: suffix,
          connections: 2,
          login_timeout_seconds: 2,
          operation_timeout_seconds: 1,
        },
      },
    },
    groups,
  );
  const lines: string[] = [];
  const installation = readInstallation(instance.dir);
  const { policy } = installation.settings;
  // As the gateway makes it.
  await openPlace(storePlace({ policy, harakaDirectory: instance.dir })).close();
  const opened = openSite(installation, (line) => lines.push(line));
  let ahead = 0;
  let report = (until: number) => sampleReport(until);
  const site: OpenSite = {
    ...opened,
    now: () => Date.now() + ahead,
    sleep: () => Promise.resolve(),
    ...(!realReport && { report: ({ until }) => Promise.resolve(report(until.getTime())) }),
  };
  const server = createPageServer(site, keys);
  const port = await listen(server);
  let isDirectoryUp = true;
  const stopInstance = async () => {
    if (isDirectoryUp) await instance.stop();
    isDirectoryUp = false;
  };
  return {
    ...{ site, lines, port, dir: instance.dir },
    origin: `${keys ? 'https' : 'http'}://127.0.0.1:${port}`,
    pass: (milliseconds) => void (ahead += milliseconds),
    showReport: (shown) => void (report = shown),
    stopDirectory: stopInstance,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await opened.close();
      await stopInstance();
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** An event with what every event has. */
export function event(fields: Partial<GatekeeperEvent> & { readonly check: string }): GatekeeperEvent {
  return completed({
    ...{ v: 1, time: new Date().toISOString(), node: 'gw.corp.example', reference: `x ${fields.check}` },
    ...{ verdict: 'pass', mode: 'enforce', revision: 'r1', latency_ms: 1 },
    ...fields,
  });
}
