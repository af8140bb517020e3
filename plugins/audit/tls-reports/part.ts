import { resolve } from 'node:path';
import { configuredDns } from '../../core/dns/configured.ts';
import type { Dns } from '../../core/dns/dns.ts';
import { storePlace } from '../../core/events/open.ts';
import { hourMs } from '../../core/events/tallies.ts';
import { harakaDirectory } from '../../core/haraka/instance.ts';
import { node } from '../../core/haraka/outcome.ts';
import { queueOwn } from '../../core/haraka/own-mail.ts';
import type { Plugin } from '../../core/haraka/types.ts';
import { messageOf } from '../../core/message-of.ts';
import { reportProof } from '../../core/provenance/record.ts';
import type { Settings } from '../../core/settings/settings.ts';
import type { TlsReportSettings } from '../../core/settings/tls-reports.ts';
import { reportMail } from '../../core/tls-report/mail.ts';
import { readTlsReportsAside } from '../../core/tls-report/read-aside.ts';
import { mostDomains, type DomainReport } from '../../core/tls-report/read.ts';
import { sendDaily } from '../daily.ts';
import { reportedDay } from './due.ts';
import { addressesOf } from './recipients.ts';
import { noteProgress, progressOf, type Progress } from './state.ts';

/** What could not be sent is tried again after so long, on the same day. */
const againMs = hourMs;

/** Domains whose record is asked for at once. */
const lanes = 20;

/** Tells other domains once a day how TLS with their servers went, where the settings in force want that. */
export function sendTlsReports(plugin: Plugin): (settings: Settings) => () => void {
  return sendDaily(plugin, {
    ...{ name: 'gatekeeper_tls_reports', what: 'report on TLS of each domain' },
    isWanted: ({ outbound }) => outbound.tls_reports !== undefined,
    sendIfDue: (settings) => sendIfDue(plugin, settings),
  });
}

async function sendIfDue(plugin: Plugin, settings: Settings): Promise<void> {
  const { policy } = settings;
  const by = policy.outbound.tls_reports;
  const day = reportedDay(node, Date.now());
  if (!by || day === undefined) return;
  const data = resolve(harakaDirectory(), policy.data_directory);
  const progress = progressOf(data, day);
  if (progress.isOver && (progress.left.length === 0 || Date.now() < progress.again)) return;
  const place = storePlace({ policy, harakaDirectory: harakaDirectory() });
  const reports = await readTlsReportsAside({ place, day, by: { ...by, node } });
  const dns = configuredDns(policy.dns);
  try {
    await new Round({ plugin, settings, by, data, dns }, progress).send(reports);
  } finally {
    dns.close();
  }
}

interface Sending {
  readonly plugin: Plugin;
  readonly settings: Settings;
  readonly by: TlsReportSettings;
  readonly data: string;
  readonly dns: Dns;
}

/** Goes through the domains of a day, or again through those that are left. */
class Round {
  readonly #sending: Sending;
  readonly #day: number;
  readonly #isOver: boolean;
  readonly #left: Set<string>;
  #upTo: string;
  #sent = 0;

  constructor(sending: Sending, { day, upTo, isOver, left }: Progress) {
    this.#sending = sending;
    this.#day = day;
    this.#upTo = upTo;
    this.#isOver = isOver;
    this.#left = new Set(left);
  }

  async send(reports: readonly DomainReport[]): Promise<void> {
    const before = this.#upTo;
    const known = new Set(reports.map(({ domain }) => domain));
    for (const domain of this.#left) if (!known.has(domain)) this.#left.delete(domain);
    const isDue = ({ domain }: DomainReport) => this.#left.has(domain) || (!this.#isOver && domain > before);
    const due = reports.filter(isDue);
    for (let at = 0; at < due.length; at += lanes) await this.#sendSome(due.slice(at, at + lanes));
    await this.#note({ isOver: true, again: Date.now() + againMs });
    this.#tell(reports.length);
  }

  async #sendSome(reports: readonly DomainReport[]): Promise<void> {
    const { dns } = this.#sending;
    const asked = reports.map(async (each) => ({ each, to: await addressesOf(dns, each.domain) }));
    for (const { each, to } of await Promise.all(asked)) {
      this.#left.delete(each.domain);
      if (each.domain > this.#upTo) this.#upTo = each.domain;
      if (to === 'unknown') this.#left.add(each.domain);
      else if (to.length > 0) await this.#sendOne(each, to);
    }
  }

  /** Noted before it is sent: after a crash in between one is missing, and none comes twice. */
  async #sendOne(report: DomainReport, to: readonly string[]): Promise<void> {
    const { plugin, settings, by } = this.#sending;
    await this.#note({ isOver: this.#isOver, again: 0 });
    try {
      await queueOwn(plugin, {
        ...{ origin: { kind: reportProof }, sender: by.from, recipients: to, tls_option: 'no' },
        revision: settings.revision,
        message: reportMail({ ...report, day: this.#day, by: { ...by, node }, from: by.from, to }),
      });
      this.#sent += 1;
    } catch (error) {
      this.#left.add(report.domain);
      plugin.logerror(`the report on TLS of ${report.domain} was not queued: ${messageOf(error)}`);
    }
  }

  #note(state: Pick<Progress, 'isOver' | 'again'>): Promise<void> {
    const progress = { day: this.#day, upTo: this.#upTo, left: [...this.#left], ...state };
    return noteProgress(this.#sending.data, progress);
  }

  #tell(count: number): void {
    const day = new Date(this.#day).toISOString().slice(0, 10);
    const left = this.#left.size === 0 ? '' : `; ${this.#left.size} are tried again in an hour`;
    const more = count < mostDomains ? '' : '; those beyond them, with fewer sessions, get none';
    this.#sending.plugin.lognotice(
      `reports on TLS of ${day}: ${count} domains, ${this.#sent} reports sent${left}${more}`,
    );
  }
}
