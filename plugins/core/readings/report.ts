/** What a column holds, by which it is written and aligned. Times are milliseconds since 1970. */
export type CellKind = 'text' | 'count' | 'bytes' | 'time';

export interface Column {
  readonly name: string;
  readonly title: string;
  readonly kind: CellKind;
}

export type Row = Readonly<Record<string, string | number>>;

/** A table of a report. */
export interface Table {
  readonly name: string;
  readonly title: string;
  /** What is counted here, in one sentence. */
  readonly about: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** How many more rows there are than are shown. */
  readonly omitted: number;
  /** What will stand here, and when, where there is nothing yet. */
  readonly empty: string;
}

/** What a reading takes a pattern for. A hint, never a verdict: nothing follows from it by itself. */
export interface Finding {
  readonly reading: string;
  /** The account, network, client or domain that it is about. */
  readonly subject: string;
  /** In one sentence. */
  readonly says: string;
  /** The figures that speak for it, one a line. */
  readonly evidence: readonly string[];
  /** What to do, in one or two sentences; to be sent to the owner of a device where it is about one. */
  readonly remedy: string;
  /** Networks that it comes from, the busiest first, where these are not the subject; so that they can be banned. */
  readonly networks?: readonly string[];
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Numbers over time, one for each step; a step is an hour or a day. */
export interface Series {
  readonly name: string;
  readonly title: string;
  /** Beginnings of the steps, in milliseconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** One subject of a report: what was counted, and what is read from it. */
export interface Section {
  readonly name: SectionName;
  readonly title: string;
  readonly about: string;
  readonly series: readonly Series[];
  readonly findings: readonly Finding[];
  /** What stands in the place of findings where there are none; empty where a section only counts. */
  readonly noFindings: string;
  readonly tables: readonly Table[];
}

export const sectionNames = [
  'flow',
  'logins',
  'takeover',
  'misconfigured',
  'impersonation',
  'withheld',
] as const;

export type SectionName = (typeof sectionNames)[number];

/** The same numbers everywhere: for `gatekeeper report`, the page, and the digest by mail. */
export interface Report {
  readonly since: number;
  readonly until: number;
  readonly sections: readonly Section[];
}
