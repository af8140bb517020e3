import { resolve } from 'node:path';
import { harakaDirectory } from '../core/haraka/instance.ts';
import { applyTicketKeys } from '../core/haraka/patches/tls-context.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Part } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { ownTicketKeys, periodOf, readTicketKeys, ticketKeys, untilNextPeriod } from './ticket-keys.ts';

/** The clock may be set. */
const lookEveryMs = 5000;

/** A failing disk need not be asked for at each look. */
const retryAfterMs = 60_000;

/** Whose keys this process uses, and of when. */
interface InUse {
  readonly directory: string;
  readonly period: number;
  /** Absent: its own, which no other process knows, since then. */
  readonly ownSince?: number;
}

/**
 * Has all processes of the machine encrypt TLS session tickets with the same keys, so that whichever of them a client meets can
 * resume its session. What goes wrong costs full handshakes and nothing else.
 */
export class Tickets {
  readonly #plugin: Plugin;
  #inUse: InUse | undefined;
  #isServing = false;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Before clients are served, keys are read and not made: the process may be root still, or `gatekeeper check`. */
  get part(): Part {
    return {
      prepare: () => () => {
        this.#follow();
      },
    };
  }

  /** Has the first worker find keys: a client that meets it before the others are up can resume its session with them, too. */
  makeForWorkers(): void {
    try {
      ticketKeys(this.#directory, periodOf(Date.now()));
    } catch {
      // The workers try again, and say so.
    }
  }

  /** From now on, in this process. In a cluster its listener has begun with the keys of whichever worker listened first. */
  begin(): void {
    this.#isServing = true;
    this.#inUse = undefined;
    this.#look();
  }

  #look(): void {
    this.#follow();
    const wait = Math.min(lookEveryMs, untilNextPeriod(Date.now()));
    setTimeout(() => {
      this.#look();
    }, wait).unref();
  }

  get #directory(): string {
    return resolve(harakaDirectory(), currentSettings().policy.data_directory);
  }

  #follow(): void {
    const directory = this.#directory;
    const period = periodOf(Date.now());
    const isSame = this.#inUse?.directory === directory && this.#inUse.period === period;
    const { ownSince } = this.#inUse ?? {};
    if (isSame && (ownSince === undefined || performance.now() - ownSince < retryAfterMs)) return;
    const shared = this.#shared(directory, period);
    if (!shared && !this.#isServing) return;
    // Those that it made before in this period stay, so that its own sessions do.
    if (shared) this.#apply(shared);
    else if (!isSame) this.#apply(ownTicketKeys());
    this.#inUse = { directory, period, ...(!shared && { ownSince: performance.now() }) };
  }

  #shared(directory: string, period: number): Buffer | undefined {
    try {
      return this.#isServing ? ticketKeys(directory, period) : readTicketKeys(directory, period);
    } catch (error) {
      if (this.#isServing) {
        this.#plugin.logcrit(
          `TLS sessions of other processes are not resumed, this one has ticket keys of its own: ${messageOf(error)}`,
        );
      }
      return undefined;
    }
  }

  #apply(keys: Buffer): void {
    try {
      applyTicketKeys(this.#plugin, keys);
    } catch (error) {
      this.#plugin.logcrit(`TLS goes on with the ticket keys before: ${messageOf(error)}`);
    }
  }
}
