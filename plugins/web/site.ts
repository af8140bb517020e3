import type { Directory } from '../core/directory/directory.ts';
import type { EventStore } from '../core/events/store.ts';
import type { Report } from '../core/readings/report.ts';
import type { RequestDesk } from '../core/requests/desk.ts';
import type { Policy } from '../core/settings/settings.ts';
import type { HeldMessage } from '../core/trail/held-messages.ts';
import type { Look, Waiting } from '../core/trail/waiting.ts';
import type { Suspension } from '../core/suspension/registry.ts';

/** Which time a report is about: from then until now. */
export interface Span {
  readonly since: Date;
  readonly until: Date;
}

/** A setting as it is in force; `value` is `(secret)` for a secret. */
export interface SettingRow {
  readonly key: string;
  readonly value: string;
  /** `FILE:LINE`, or `default`. */
  readonly source: string;
}

/** What the page knows of the gateway beside which it runs. Everything may reject: then the page says so, and shows nothing. */
export interface Site {
  /** With `web` in it. */
  readonly policy: Policy;
  readonly revision: string;
  readonly directory: Pick<Directory, 'verify' | 'find'>;
  readonly store: Pick<EventStore, 'append' | 'events'>;
  report(span: Span): Promise<Report>;
  waiting(isWanted: (waiting: Waiting) => boolean): Promise<Look>;
  held(): Promise<readonly HeldMessage[]>;
  suspended(): Promise<readonly Suspension[]>;
  isSuspended(id: string): boolean;
  /** Read anew: they may be other ones than those that this process runs under. */
  settings(): { readonly revision: string; readonly rows: readonly SettingRow[] };
  /** Where is written down what the gateway is to do. */
  readonly requests: RequestDesk;
  /** Hears what whoever runs this process should know; no password is in it. */
  log(line: string): void;
  /** In milliseconds since 1970. */
  now(): number;
  /** Ends after so many milliseconds. */
  sleep(milliseconds: number): Promise<void>;
}
