import { hostname } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { dayMs, dayOf } from '../core/events/tallies.ts';
import { jsonLine, printable } from '../core/json-line.ts';
import { parseDomain } from '../core/mailbox.ts';
import type { Policy } from '../core/settings/settings.ts';
import { readTlsReports } from '../core/tls-report/read.ts';
import type { Reporter } from '../core/tls-report/report.ts';
import { withEvents } from './event-store.ts';
import { installationOf } from './installation.ts';
import { exitCode, Failure, writeOut, type Globals } from './output.ts';

/** What `gatekeeper report --tlsrpt` takes. */
export interface TlsReportOptions {
  /** Its beginning, in milliseconds since 1970. */
  readonly day?: number;
  readonly domain?: string;
}

/** Reads YYYY-MM-DD. */
export function parseDay(text: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // Some days of each month are read as others of the next.
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return time;
  throw new InvalidArgumentError('Expected a day such as 2026-11-24.');
}

/** Prints the reports that the gateway would send, or has sent: a line for each domain, and one alone for people. */
export async function printTlsReports(
  { day = yesterday(), domain }: TlsReportOptions,
  command: Command,
): Promise<void> {
  const asked = domain === undefined ? undefined : parseDomain(domain);
  if (domain !== undefined && asked === undefined)
    throw new Failure(`${domain} is no domain name`, exitCode.usage);
  const installation = installationOf(command);
  const by = reporterIn(installation.settings.policy);
  const reports = await withEvents(installation, (store) =>
    readTlsReports((query) => store.tallies(query), { day, domain: asked, by }),
  );
  if (reports.length === 0) {
    const whose = asked === undefined ? '' : ` with ${asked}`;
    const date = new Date(day).toISOString().slice(0, 10);
    throw new Failure(`no TLS sessions${whose} are counted of ${date}`, exitCode.no);
  }
  const isForPeople = asked !== undefined && command.optsWithGlobals<Globals>().json !== true;
  const text = isForPeople ? indented : jsonLine;
  for (const { report } of reports) await writeOut(`${text(report)}\n`);
}

function yesterday(): number {
  return dayOf(Date.now()) - dayMs;
}

/** The host stands for who has not said yet who reports. */
function reporterIn({ outbound }: Policy): Reporter {
  const node = hostname();
  const { organization = node, contact = `postmaster@${node}` } = outbound.tls_reports ?? {};
  return { organization, contact, node };
}

function indented(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n');
  return lines.map(printable).join('\n');
}
