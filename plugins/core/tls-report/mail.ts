import { gzipSync } from 'node:zlib';
import { dayMs } from '../events/tallies.ts';
import type { DomainReport } from './read.ts';
import { markOf, submitterOf, type Reporter } from './report.ts';

/** A report that goes by mail. */
export interface MailedReport extends DomainReport {
  readonly day: number;
  readonly by: Reporter;
  readonly from: string;
  readonly to: readonly string[];
}

/** RFC 2045 §6.8. */
const longestLine = 76;

/** The whole message (RFC 8460 §5.3); all of it is US-ASCII. */
export function reportMail(mailed: MailedReport): string {
  const { domain, report, day, by, from, to } = mailed;
  const submitter = submitterOf(by);
  const mark = markOf(domain, day, by);
  // Neither the text nor base64 has a line that begins so.
  const boundary = `=_${mark}`;
  const lines = [
    `From: ${from}`,
    `To: ${to.join(',\r\n ')}`,
    `Subject: Report Domain: ${domain}\r\n Submitter: ${submitter}\r\n Report-ID: <${report['report-id']}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${submitter}`,
    // RFC 8689 §5: it has to arrive where the policy that it tells of is broken (RFC 8460 §3).
    'TLS-Required: No',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=tlsrpt;\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    ...textOf(mailed),
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;\r\n filename="${fileName(mailed, mark)}"`,
    '',
    ...base64Lines(gzipSync(JSON.stringify(report))),
    `--${boundary}--`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 8460 §5.1. */
function fileName({ domain, day, by }: MailedReport, mark: string): string {
  const [begin, end] = [day / 1000, (day + dayMs) / 1000 - 1];
  return `${[submitterOf(by), domain, begin, end, mark].join('!')}.json.gz`;
}

function textOf({ domain, report, day, by }: MailedReport): string[] {
  const count = (name: 'total-successful-session-count' | 'total-failure-session-count') =>
    report.policies.reduce((sum, { summary }) => sum + summary[name], 0);
  return [
    `This is a report on TLS (RFC 8460) by ${submitterOf(by)}`,
    `on mail for ${domain}`,
    `of ${new Date(day).toISOString().slice(0, 10)} (UTC).`,
    '',
    `Sessions with TLS as the policy demands: ${count('total-successful-session-count')}`,
    `Sessions that failed: ${count('total-failure-session-count')}`,
  ];
}

function base64Lines(octets: Buffer): string[] {
  return octets.toString('base64').match(new RegExp(`.{1,${longestLine}}`, 'g')) ?? [];
}
