import { dayMs } from '../events/tallies.ts';
import { isPseudonym } from '../events/terms.ts';
import { ask, type AskTallies } from '../readings/ask.ts';
import { groupsBy } from '../readings/words.ts';
import { tlsReport, type Reporter, type TlsReport } from './report.ts';

/** So many domains get a report on one day, those with the most sessions: each may be one more mail. */
export const mostDomains = 5000;

/** Domains that are asked for at once: policies may be long, and files are read once for each question. */
const domainsAtOnce = 500;

/** Of which day (UTC), by its beginning in milliseconds since 1970, and of which domain, as A-labels; all of them where absent. */
export interface TlsReportQuestion {
  readonly day: number;
  readonly domain?: string | undefined;
  readonly by: Reporter;
}

/** A report with the domain that it is about. */
export interface DomainReport {
  readonly domain: string;
  readonly report: TlsReport;
}

/** A report for each domain with sessions on a day, in the order of domains; rejects as the store does. */
export async function readTlsReports(
  tallies: AskTallies,
  { day, domain, by }: TlsReportQuestion,
): Promise<readonly DomainReport[]> {
  const period = { since: day, until: day + dayMs };
  const domains = domain === undefined ? await domainsOf(tallies, period) : [domain];
  const reports: DomainReport[] = [];
  for (let at = 0; at < domains.length; at += domainsAtOnce) {
    const rows = await ask(tallies, 'tls', period, {
      where: { domain: domains.slice(at, at + domainsAtOnce) },
    });
    for (const [name, theirs] of groupsBy(rows, (row) => row.domain)) {
      reports.push({ domain: name, report: tlsReport(name, theirs, day, by) });
    }
  }
  return reports.sort((one, other) => (one.domain < other.domain ? -1 : 1));
}

/** Those that are still named. */
async function domainsOf(
  tallies: AskTallies,
  period: { readonly since: number; readonly until: number },
): Promise<readonly string[]> {
  const rows = await ask(tallies, 'tls', period, { by: ['domain'], most: mostDomains });
  return rows.map(({ domain }) => domain).filter((domain) => !isPseudonym(domain));
}
