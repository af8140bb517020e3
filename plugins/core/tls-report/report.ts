import { hash } from 'node:crypto';
import { dayMs } from '../events/tallies.ts';
import { parsePolicy } from '../mta-sts/policy.ts';
import type { Counted } from '../readings/ask.ts';
import { groupsBy, sum } from '../readings/words.ts';

/** Who reports. */
export interface Reporter {
  readonly organization: string;
  /** A mailbox; by its domain receivers know who reports (RFC 8460 §5.3). */
  readonly contact: string;
  /** Host whose events they are. */
  readonly node: string;
}

/** RFC 8460 §4.4, in the order and by the names of its text. */
export interface TlsReport {
  readonly 'organization-name': string;
  readonly 'date-range': { readonly 'start-datetime': string; readonly 'end-datetime': string };
  readonly 'contact-info': string;
  readonly 'report-id': string;
  readonly policies: readonly PolicyReport[];
}

interface PolicyReport {
  readonly policy: {
    readonly 'policy-type': string;
    readonly 'policy-string'?: readonly string[];
    readonly 'policy-domain': string;
    readonly 'mx-host'?: readonly string[];
  };
  readonly summary: {
    readonly 'total-successful-session-count': number;
    readonly 'total-failure-session-count': number;
  };
  readonly 'failure-details'?: readonly FailureDetails[];
}

interface FailureDetails {
  readonly 'result-type': string;
  readonly 'receiving-mx-hostname'?: string;
  readonly 'receiving-ip'?: string;
  readonly 'failed-session-count': number;
}

type Row = Counted<'tls'>;

/** Who changes its policy all day, or has a thousand servers, is not told of each: sessions of the policies that are left out are not counted. */
const mostPolicies = 20;
const mostDetails = 100;

/** What was counted of the sessions with one domain on a day (UTC) that began at a time, as a report. */
export function tlsReport(domain: string, rows: readonly Row[], day: number, by: Reporter): TlsReport {
  const byPolicy = groupsBy(rows, ({ policy, version }) => `${policy} ${version}`);
  const groups = [...byPolicy.values()].sort((one, other) => sessionsIn(other) - sessionsIn(one));
  return {
    'organization-name': by.organization,
    'date-range': {
      'start-datetime': timeOf(day),
      'end-datetime': timeOf(day + dayMs - 1000),
    },
    'contact-info': by.contact,
    'report-id': `${timeOf(day).slice(0, 10)}.${markOf(domain, day, by)}@${submitterOf(by)}`,
    policies: groups.slice(0, mostPolicies).map((group) => policyReport(domain, group)),
  };
}

/** The domain that stands behind a report, and in its DKIM signature. */
export function submitterOf({ contact }: Pick<Reporter, 'contact'>): string {
  return contact.slice(contact.lastIndexOf('@') + 1);
}

/** The same for the same report, however often it is made: receivers count what comes twice once (RFC 8460 §5.3). */
export function markOf(domain: string, day: number, { node }: Pick<Reporter, 'node'>): string {
  return hash('sha256', `${node} ${domain} ${day}`).slice(0, 16);
}

function policyReport(domain: string, rows: readonly Row[]): PolicyReport {
  const [type = ''] = rows.map(({ policy }) => policy);
  const failed = rows.filter(({ result }) => result !== 'successful');
  const lines = linesIn(rows.map(({ sample }) => sample).find((sample) => sample !== ''));
  const hosts = type === 'sts' && lines ? hostsIn(lines) : undefined;
  return {
    policy: {
      'policy-type': type,
      ...(lines && { 'policy-string': lines }),
      'policy-domain': domain,
      ...(hosts && { 'mx-host': hosts }),
    },
    summary: {
      'total-successful-session-count': sessionsIn(rows) - sessionsIn(failed),
      'total-failure-session-count': sessionsIn(failed),
    },
    ...(failed.length > 0 && { 'failure-details': detailsOf(failed) }),
  };
}

function detailsOf(failed: readonly Row[]): readonly FailureDetails[] {
  const sorted = [...failed].sort((one, other) => other.count - one.count);
  return sorted.slice(0, mostDetails).map(({ result, mx, address, count }) => ({
    'result-type': result,
    ...(mx !== '' && { 'receiving-mx-hostname': mx }),
    ...(address !== '' && { 'receiving-ip': address }),
    'failed-session-count': count,
  }));
}

/** `undefined` where the policy was too long to be kept, or there was none. */
function linesIn(sample: string | undefined): readonly string[] | undefined {
  return sample === undefined ? undefined : (JSON.parse(sample) as readonly string[]);
}

/** The hosts that the policy allows; none of one that is none (sts-policy-invalid). */
function hostsIn(lines: readonly string[]): readonly string[] | undefined {
  try {
    return parsePolicy(lines.join('\n')).mx;
  } catch {
    return undefined;
  }
}

function sessionsIn(rows: readonly Row[]): number {
  return sum(rows, ({ count }) => count);
}

/** RFC 3339 §5.6, to the second. */
function timeOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
