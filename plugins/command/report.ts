import { Option, type Command } from 'commander';
import { jsonLine, printable } from '../core/json-line.ts';
import { readReport } from '../core/readings/read-report.ts';
import { sectionNames, type Report, type SectionName } from '../core/readings/report.ts';
import { reportLines } from '../core/readings/text.ts';
import { heldNow } from '../core/trail/held-now.ts';
import { reportHtml } from '../web/report-html.ts';
import { parseSince } from './event-filter.ts';
import { wholeNumber } from './event-options.ts';
import { withEvents } from './event-store.ts';
import { installationOf } from './installation.ts';
import { exitCode, Failure, type Globals } from './output.ts';
import { reportCsv } from './report-csv.ts';
import { parseDay, printTlsReports, type TlsReportOptions } from './tls-report.ts';

const examples = `
What happened, to whom, and what to do about it: findings with their evidence
first, then the figures. docs/reports.md tells what each reading means. Whole
hours are counted for mail flow, whole days (UTC) for the rest.

With --tlsrpt: how TLS with the servers of other domains went on one day (UTC), as
RFC 8460 has it, for each domain a line of JSON; nothing is sent by that.

Exit codes: 0 the report is made, 1 there are no events yet, or with --tlsrpt no
sessions, 64 options do not go together, 69 events cannot be read, 78 the settings
are wrong.

Examples:
  gatekeeper report
  gatekeeper report --since 7d --section logins
  gatekeeper report --since 30d --format csv > report.csv
  gatekeeper report --format json | jq '.sections[].findings[].subject'
  gatekeeper report --tlsrpt --domain partner.example`;

/** By what each form is made; times of JSON are milliseconds since 1970. */
const formats: Readonly<Record<string, (report: Report, most: number) => string>> = {
  table: (report, most) =>
    reportLines(report, most)
      .map((line) => `${printable(line)}\n`)
      .join(''),
  json: (report) => `${jsonLine(report)}\n`,
  csv: reportCsv,
  html: reportHtml,
};

interface ReportOptions extends TlsReportOptions {
  readonly tlsrpt?: true;
  readonly since: Date;
  readonly format: string;
  readonly section?: SectionName;
  readonly lines: number;
}

/** Adds `gatekeeper report`. */
export function addReport(program: Command): void {
  program
    .command('report')
    .description('show what happened, to whom, and what to do about it')
    .addOption(
      new Option('--since <time>', 'not before an ISO time, or a span: 10m, 2h, 3d')
        .argParser((text) => parseSince(text))
        .default(parseSince('24h'), '24h'),
    )
    .addOption(
      new Option('--format <format>', 'in which form').choices(Object.keys(formats)).default('table'),
    )
    .addOption(new Option('--section <section>', 'only this section').choices(sectionNames))
    .option('-n, --lines <number>', 'rows of each table, for people', wholeNumber, 10)
    .addOption(
      new Option('--tlsrpt', 'reports on TLS to other domains (RFC 8460), as JSON').conflicts([
        'since',
        'section',
        'lines',
      ]),
    )
    .addOption(
      new Option('--day <day>', 'with --tlsrpt, of this day (UTC); default: yesterday').argParser(parseDay),
    )
    .option('--domain <domain>', 'with --tlsrpt, on mail for this domain alone')
    .addHelpText('after', examples)
    .action(report);
}

async function report(options: ReportOptions, command: Command): Promise<void> {
  refuseMixture(options, command);
  return options.tlsrpt ? printTlsReports(options, command) : printReport(options, command);
}

/** Each of both has options of its own. */
function refuseMixture({ tlsrpt, day, domain, format }: ReportOptions, command: Command): void {
  const isOther = command.getOptionValueSource('format') !== 'default' && format !== 'json';
  if (tlsrpt && isOther) throw new Failure('--tlsrpt is JSON, and has no other form', exitCode.usage);
  if (!tlsrpt && (day !== undefined || domain !== undefined))
    throw new Failure('--day and --domain go with --tlsrpt', exitCode.usage);
}

async function printReport(
  { since, format, section, lines }: ReportOptions,
  command: Command,
): Promise<void> {
  const installation = installationOf(command);
  const { policy: settings } = installation.settings;
  const now = new Date();
  const held = await heldNow({ policy: settings, harakaDirectory: installation.dir });
  const made = await withEvents(installation, (store) =>
    readReport((query) => store.tallies(query), { since, until: now, now, settings, held }),
  );
  const asked = {
    ...made,
    sections: made.sections.filter(({ name }) => section === undefined || name === section),
  };
  const isJson = command.optsWithGlobals<Globals>().json === true;
  process.stdout.write((formats[isJson ? 'json' : format] ?? reportCsv)(asked, lines));
}
