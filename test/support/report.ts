import type { Finding, Report, Section, SectionName, Table } from '../../plugins/core/readings/report.ts';

const hour = 3_600_000;

/** What an attacker would have as the name of an account, a subject or a HELO. */
export const hostileText = '"><img src=x onerror=alert(1)><script>alert(2)</script>\u202e';

/** A report of one day in which something of every kind happened. `hostile` stands where names of others do. */
export function sampleReport(until: number, hostile = 'intern@corp.example'): Report {
  const since = until - 24 * hour;
  const finding = (reading: string, subject: string, more: Partial<Finding>): Finding => ({
    ...{ reading, subject, says: '', evidence: [], remedy: '', count: 1 },
    ...{ first: since + 2 * hour, last: until - hour },
    ...more,
  });
  const section = (name: SectionName, title: string, about: string, more: Partial<Section>): Section => ({
    ...{ name, title, about, series: [], findings: [], noFindings: '', tables: [] },
    ...more,
  });
  return {
    since,
    until,
    sections: [
      section('flow', 'Mail flow', 'Messages that this gateway has answered for or refused.', {
        series: [flowSeries(since)],
        tables: [identities(hostile), networks, empty],
      }),
      section('logins', 'Failed logins', 'Wrong passwords, by whom and from where.', {
        findings: [
          finding('guessing', hostile, {
            says: '412 wrong passwords for one account, most of them different.',
            evidence: ['412 tries from 3 networks', '398 distinct passwords', 'no login succeeded'],
            remedy: 'Nothing needs to be done at once. Ask its owner whether the password is used elsewhere.',
            count: 412,
          }),
          finding('spraying', '198.51.100.0/24 and 499 more networks', {
            says: '500 networks tried 180 accounts with few passwords.',
            evidence: ['500 networks', '180 accounts, at most 4 tries each', '12 distinct passwords'],
            remedy: 'Accounts with weak passwords are next: demand a second look at them.',
            count: 612,
          }),
          finding('stale device', 'scanner@corp.example', {
            says: 'One device tries one old password every 15 minutes.',
            evidence: ['96 tries from 192.0.2.14', 'one distinct password'],
            remedy: 'Give the device at 192.0.2.14 the new password.',
            count: 96,
          }),
        ],
      }),
      section('takeover', 'Taken over?', 'Accounts that behave unlike themselves: hints, no verdicts.', {
        findings: [
          finding('unusual volume', 'bob@corp.example', {
            says: 'Nine times as many recipients as on its busiest day before, from a new network.',
            evidence: ['1,840 recipients, 204 on its busiest day', 'from 203.0.113.0/24, never seen before'],
            remedy: 'Ask Bob. If it was not him, suspend the account and change its password.',
            count: 312,
          }),
        ],
      }),
      section('misconfigured', 'Misconfigured', 'Clients that do it wrong.', {
        findings: [
          finding('login in clear', '192.0.2.31', {
            says: 'Tries to log in before STARTTLS, 48 times.',
            evidence: ['HELO copier-2', 'port 587'],
            remedy: 'Turn on STARTTLS in the device at 192.0.2.31, or let it use port 465 with TLS.',
            count: 48,
          }),
        ],
      }),
      section('impersonation', 'Impersonation', 'Who claimed to be us.', {
        findings: [],
        noFindings: 'Nobody claimed to be us.',
        tables: [{ ...empty, name: 'claims', title: 'Claims' }],
      }),
      section('withheld', 'What would have been refused', 'By rules that only observe.', {
        noFindings: 'No rule only observes.',
      }),
    ],
  };
}

function flowSeries(since: number) {
  const times = Array.from({ length: 24 }, (_, index) => since + index * hour);
  const wave = (height: number, shift: number) =>
    times.map((_, at) =>
      Math.max(0, Math.round(height * (1 + Math.sin((at - 7 + shift) / 3.8)) + ((at * 37) % 11))),
    );
  return {
    name: 'messages',
    title: 'Messages per hour',
    times,
    lines: [
      { name: 'accepted', values: wave(210, 0) },
      { name: 'refused', values: wave(34, 3) },
      { name: 'deferred', values: wave(6, 5) },
      { name: 'withheld', values: wave(2, 1) },
    ],
  };
}

function identities(hostile: string): Table {
  return {
    ...{ name: 'identities', title: 'By identity', about: 'Who sent most.', omitted: 37 },
    empty: 'Nobody has sent anything yet.',
    columns: [
      { name: 'identity', title: 'Identity', kind: 'text' },
      { name: 'messages', title: 'Messages', kind: 'count' },
      { name: 'bytes', title: 'Size', kind: 'bytes' },
      { name: 'last', title: 'Last', kind: 'time' },
    ],
    rows: [
      { identity: 'exchange@corp.example', messages: 4120, bytes: 812_400_000, last: 1_790_000_000_000 },
      { identity: 'alice@corp.example', messages: 96, bytes: 14_250_000, last: 1_790_000_360_000 },
      { identity: hostile, messages: 2, bytes: 900, last: 1_790_000_000_000 },
    ],
  };
}

const networks: Table = {
  ...{ name: 'networks', title: 'By network', about: 'From where it came.', omitted: 0 },
  empty: 'Nothing has come yet.',
  columns: [
    { name: 'network', title: 'Network', kind: 'text' },
    { name: 'messages', title: 'Messages', kind: 'count' },
  ],
  rows: [
    { network: '192.0.2.0/24', messages: 4020 },
    { network: '2001:db8:1::/56', messages: 180 },
  ],
};

const empty: Table = {
  ...{
    name: 'reasons',
    title: 'By reason',
    about: 'Why messages were refused.',
    omitted: 0,
    columns: [],
    rows: [],
  },
  empty: 'Refused messages will stand here with the reason, from the first one on.',
};
